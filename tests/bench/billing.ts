/**
 * What each operation costs on the bill, counted by the server. Upstash charges for the script and
 * for every command inside it, so a command more is money, not time.
 */
import { Coordinator } from "../../mod.ts";
import { upstash } from "../../drivers/redis/upstash.ts";
import type { Backend } from "./backend.ts";
import { billed, type Counter } from "./counter.ts";
import type { Row } from "./row.ts";

/** One counted operation. */
export interface Bill {
  readonly name: string;
  readonly requests: number;
  readonly commands: number;
  /** The most commands it may take. */
  readonly budget: number;
  /** Which they were. */
  readonly detail: string;
}

/** Runs every operation once, each on names of its own, and counts what it took. */
export async function bills(
  { url, token, count }: Pick<Backend, "url" | "token" | "count">,
): Promise<Bill[]> {
  const driver = upstash({ url, token });
  await using one = new Coordinator(driver, { memberId: "one", ttl: 600_000 });
  await using two = new Coordinator(driver, { memberId: "two", ttl: 600_000 });
  const slot = Date.now();
  const found: Bill[] = [];
  const bill = async <T>(name: string, budget: number, once: () => Promise<T>): Promise<T> => {
    await count();
    const answer = await once();
    found.push(billOf(name, budget, await count()));
    return answer;
  };
  // The first script ever also carries its text.
  await one.getLeader("nobody");

  const lock = one.getLock("invoices");
  const lease = await bill("acquire", 4, () => lock.acquire({ timeout: 0 }));
  await bill("acquire, refused", 3, () => two.getLock("invoices").acquire({ timeout: 0 }));
  await bill("renew", 3, async () => await lease?.renew());
  await bill("who has the lock", 3, () => lock.holders());
  await bill("release", 3, async () => await lease?.release());
  await bill("acquire shared", 4, () => one.getLock("report").acquire({ shared: true }));
  await bill("acquire shared, second", 4, () => two.getLock("report").acquire({ shared: true }));
  await bill(
    "acquire, refused by two readers",
    3,
    () => one.getLock("report").acquire({ timeout: 0 }),
  );
  await bill("campaign, won", 4, () => one.election("group").campaign());
  await bill("campaign, lost", 3, () => two.election("group").campaign());
  await bill("leader", 3, () => two.getLeader("group"));
  await bill("stand down", 3, () => one.standDownGroupLeader("group"));
  await bill("cron claim", 4, () => one.cron("nightly").run({ slot }, () => {}));
  await bill("cron lose", 3, () => two.cron("nightly").run({ slot }, () => {}));

  await using many = new Coordinator(driver, { memberId: "many", ttl: 600_000 });
  for (let i = 0; i < 10; i++) await many.getLock(`shard-${i}`).acquire({ timeout: 0 });
  await bill("heartbeat of 10 leases", 12, () => many.heartbeat());
  await many.start();
  await bill("stop with 10 leases", 12, () => many.stop());

  await bill("create a group", 4, () => one.createGroup("workers"));
  await bill("join a group", 4, () => one.joinGroup("workers"));
  await bill("join and create a group", 6, () => one.joinGroupCreate("others"));
  await two.joinGroup("workers");
  await bill("list two members", 3, () => two.getMembers("workers"));
  await bill("what a member can do", 3, () => two.getMemberCapabilities("workers", "one"));
  await bill("update capabilities", 3, () => one.updateCapabilities("workers", 1));
  await one.watchJoinGroup("workers", () => {});
  one.watchElectedAsLeader("workers", () => {});
  await bill("tick: 2 memberships, 1 group, 1 campaign", 9, () => one.tick());
  await bill("tick: 3 leases, 1 group", 8, () => one.tick());
  await bill("leave a group", 5, () => one.leaveGroup("others"));
  return found;
}

function billOf(name: string, budget: number, counts: Awaited<ReturnType<Counter>>): Bill {
  const detail = Object.entries(counts.commands)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([command, calls]) => calls === 1 ? command : `${calls} ${command}`)
    .join(" ");
  return { name, requests: counts.requests, commands: billed(counts), budget, detail };
}

/** Both counts of every operation as rows. */
export async function billingRows(backend: Backend): Promise<Row[]> {
  const found = await bills(backend);
  return [
    ...found.map(({ name, commands, budget, detail }): Row => ({
      table: "Upstash: billed commands per operation",
      name,
      value: commands,
      limit: budget,
      note: detail,
      timed: false,
    })),
    {
      table: "Upstash: HTTP requests per operation",
      name: `each of the ${found.length} above`,
      value: Math.max(...found.map(({ requests }) => requests)),
      low: Math.min(...found.map(({ requests }) => requests)),
      high: Math.max(...found.map(({ requests }) => requests)),
      limit: 1,
      timed: false,
    },
  ];
}
