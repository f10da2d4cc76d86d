/** A backend whose requests are counted, whose time can be let pass, and into which one can look. */
import { DatabaseSync } from "node:sqlite";
import { wrapped } from "../../drivers/kit/wrapped.ts";
import type { Driver, Op } from "../../drivers/driver.ts";
import { etcd } from "../../drivers/etcd/etcd.ts";
import { memory } from "../../drivers/memory.ts";
import { sqlite } from "../../drivers/sqlite/sqlite.ts";
import { backendOf } from "../backends/mod.ts";
import type { Table } from "../backends/table.ts";
import { startEtcd } from "../servers/etcd.ts";
import type { Faults } from "../servers/faults.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import { bareSender } from "./clients.ts";

/** Where so many things are made, and looked after. */
export interface Place extends AsyncDisposable {
  /** What users have; it counts. */
  readonly driver: Driver;
  /** Requests since it was last asked. */
  requests(): number;
  /** How many requests have no answer yet. */
  readonly open: number;
  /** Sends operations on the shortest way, in batches, uncounted. Throws if one is refused. */
  fill(ops: readonly Op[]): Promise<void>;
  /** Sends what `work` sends through {@link Place.driver} on the shortest way, uncounted. */
  quickly(work: () => Promise<void>): Promise<void>;
  /** Whatever was not renewed has ended days ago. */
  pass(): Promise<void>;
  /** Lets clean-up do what it does beside other requests; `pair` makes one of them. */
  tidy(pairs: number, pair: (turn: number) => readonly Op[]): Promise<void>;
  /** How many rows, keys and entries of lists lie there, dead ones too. Absent: nobody can look. */
  kept?(): Promise<number>;
  /** The front end in this process forgets what it has recorded, so that heaps can be compared. */
  forget(): void;
  /** Names of subjects that cannot keep their shape here, and why. */
  readonly grows?: Readonly<Record<string, string>> | undefined;
}

/** What only this kind of backend can do. */
interface Inside {
  /** Takes many operations at once, and quickly. */
  readonly direct: Driver;
  pass(): void | Promise<void>;
  kept?(): number | Promise<number>;
  /** Absent: clean-up comes with other requests. */
  sweep?(): Promise<void>;
  readonly faults?: Faults;
  readonly grows?: Place["grows"];
  end(): void | Promise<void>;
}

/** So many operations go out at once while a place is filled. */
const TOGETHER = 500;
/** How far time is let pass, in hours: no slot is remembered so long. */
const HOURS = 72;
const AHEAD = HOURS * 3_600_000;

/** The places of these names, as `deno task bench scale` takes them. */
export const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  memory: () => {
    let ahead = 0;
    // No timer: the patience of those who wait never ends.
    const shared = memory({ now: () => Date.now() + ahead, after: () => () => {} });
    const end = () => {};
    return Promise.resolve(
      placeOf(shared, { direct: shared, pass: () => void (ahead += AHEAD), end }),
    );
  },
  sqlite: async () => {
    const folder = await temporaryFolder("baton-scale-");
    let ahead = 0;
    const driver = sqlite(`${folder}/leases.db`, { now: () => Date.now() + ahead });
    // The first request makes the file.
    await driver.apply([{ op: "inspect", resource: "lock:none", seat: "" }]);
    return placeOf(driver, {
      direct: driver,
      pass: () => void (ahead += AHEAD),
      kept: () => {
        using file = new DatabaseSync(`${folder}/leases.db`, { readOnly: true });
        return Number(file.prepare("select count(*) as rows from baton_leases").get()?.["rows"]);
      },
      end: () => {
        driver.close();
        return removeFolder(folder);
      },
    });
  },
  upstash: async () => {
    const running = await backendOf("upstash", "wire").start();
    const driver = await running.connect();
    const { host, password } = new URL(running.wire.url);
    const send = bareSender({ url: `http://${host}`, token: decodeURIComponent(password) });
    return placeOf(driver, {
      direct: driver,
      pass: async () => void await send(["EVAL", PASS, "0"]),
      kept: async () => Number(await send(["EVAL", KEPT, "0"])),
      faults: running.wire.faults,
      end: () => running.stop(),
    });
  },
  etcd: async () => {
    const server = await startEtcd();
    const driver = etcd({ url: server.url });
    const ask = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const response = await fetch(`${server.url}/v3${path}`, {
        method: "POST",
        body: JSON.stringify(body),
      });
      return await response.json();
    };
    const terms = async () => (await ask("/lease/leases", {}))["leases"] as { ID: string }[] ?? [];
    return placeOf(driver, {
      direct: driver,
      // Those of etcd's end, and with them what is attached to them.
      pass: async () => {
        for (const { ID } of await terms()) await ask("/lease/revoke", { ID });
      },
      kept: async () => {
        const all = { key: btoa("baton/"), range_end: btoa("baton0"), count_only: true };
        return Number((await ask("/kv/range", all))["count"] ?? 0) + (await terms()).length;
      },
      grows: {
        "who wait for one lock": "each of them hears of each that leaves the queue",
      },
      end: () => server.stop(),
    });
  },
  neon: () => sqlPlace("neon"),
  mysql: () => sqlPlace("mysql"),
};

/** What has a ttl in Redis is gone, as if it had run out. */
const PASS = `for _, key in ipairs(redis.call('keys', '*')) do
if redis.call('pttl', key) > 0 then redis.call('del', key) end
end`;
/** Keys, and the names in the lists of the index. */
const KEPT = `local kept = 0
for _, key in ipairs(redis.call('keys', '*')) do
kept = kept + 1
if key:find('^[^/]*/%d+$') then
for _ in redis.call('get', key):gmatch('%S+') do kept = kept + 1 end
end
end
return kept`;

async function sqlPlace(key: "neon" | "mysql"): Promise<Place> {
  const running = await backendOf(key, "table", "wire").start();
  const { table } = running;
  return placeOf(await running.connect(), {
    direct: await table.direct(),
    pass: async () => void await table.sql(aged(key, table)),
    sweep: async () => {
      const sweep = await table.sweeping();
      while (await sweep() > 0);
    },
    kept: async () =>
      Number((await table.sql(`select count(*) as kept from ${table.name}`))[0]?.["kept"]),
    end: () => running.stop(),
  });
}

function aged(key: "neon" | "mysql", { name }: Table): string {
  const hours = key === "neon" ? `interval '${HOURS} hours'` : `interval ${HOURS} hour`;
  return `update ${name} set expires = expires - ${hours}, token = token - ${AHEAD}
where expires < '9000-01-01'`;
}

function placeOf(outer: Driver, inside: Inside): Place {
  const { direct, pass, kept, sweep, faults, grows, end } = inside;
  let quick = false;
  let requests = 0;
  let open = 0;
  const fill = async (ops: readonly Op[]): Promise<void> => {
    for (let at = 0; at < ops.length; at += TOGETHER) {
      const outcomes = await direct.apply(ops.slice(at, at + TOGETHER));
      if (!outcomes.every(({ ok }) => ok)) throw new Error("an operation was refused");
    }
  };
  return {
    driver: {
      ...wrapped(outer),
      async apply(ops, options = {}) {
        if (quick) return await direct.apply(ops, options);
        const beforeRequest = (): void => {
          requests++;
          options.beforeRequest?.();
        };
        open++;
        try {
          return await outer.apply(ops, { ...options, beforeRequest });
        } finally {
          open--;
        }
      },
    },
    requests: () => {
      const since = requests;
      requests = 0;
      return since;
    },
    get open() {
      return open;
    },
    fill,
    async quickly(work) {
      quick = true;
      try {
        await work();
      } finally {
        quick = false;
      }
    },
    pass: async () => await pass(),
    async tidy(pairs, pair) {
      if (sweep) return await sweep();
      await fill(Array.from({ length: pairs }, (_, turn) => pair(turn)).flat());
    },
    forget: () => void faults?.seen.splice(0),
    grows,
    ...(kept && { kept: async () => await kept() }),
    [Symbol.asyncDispose]: async () => await end(),
  };
}
