/**
 * Many clients at once over sockets, beside Tooz's way: a lock of the session. Such a lock is not
 * what we offer. Nothing of it is written, so it does not wait for a disk; it has no token, so
 * nothing fences off who lost it; it dies with its connection, so each holder keeps one open.
 */
import { Coordinator } from "../../mod.ts";
import { contest, type Effort } from "./contest.ts";
import type { Row } from "./row.ts";
import { bareOf } from "./sql_bare.ts";
import type { Session, SqlBackend } from "./sql_ways.ts";

const CLIENTS = 16;
/** Grants of a contended lock in each round, to whomever. */
const GRANTS = 32;
const NOTE = "neither durable nor fenced; dies with its connection";

/** A way to take a lock once and give it back; whether it was granted. */
type Try = (client: number, lock: string) => Promise<boolean>;

/** One way to lock. */
interface Locks {
  readonly name: string;
  readonly note?: string;
  readonly once: Try;
  /** The same, waiting for it. */
  readonly wait?: (client: number, lock: string) => Promise<void>;
}

/** Pairs per second, as a part of the others' pairs per second. */
export async function sqlThroughputRows(backend: SqlBackend, effort: Effort): Promise<Row[]> {
  const { sockets } = backend;
  const batons = Array.from({ length: CLIENTS }, () => new Coordinator(sockets.driver()));
  const sessions = await Promise.all(batons.map(() => backend.session()));
  const ours: Locks = {
    name: "Baton",
    async once(client, name) {
      const lease = await batons[client]!.getLock(name).acquire({ timeout: 0 });
      return await lease?.release() ?? false;
    },
    async wait(client, name) {
      const lease = await batons[client]!.getLock(name).hold({ timeout: 60_000 });
      await lease.release();
    },
  };
  const others = [sessionLocks(backend, sessions), await bareUpserts(backend)];
  const rows: Row[] = [];
  for (const other of others) {
    rows.push(
      await rowOf(backend, ours, other, `${CLIENTS} locks, one each`, effort, separate),
      await rowOf(backend, ours, other, "one lock, tried again at once", effort, contended),
    );
    if (!other.wait) continue;
    const rounds = Math.ceil(effort.rounds / 10);
    rows.push(
      await rowOf(backend, ours, other, "one lock, waited for", { ...effort, rounds }, waiting),
    );
  }
  return rows;
}

async function rowOf(
  { sockets }: SqlBackend,
  ours: Locks,
  other: Locks,
  what: string,
  effort: Effort,
  work: (locks: Locks) => Promise<void>,
): Promise<Row> {
  const [standing] = await contest([other.name, () => work(other)], [
    [ours.name, () => work(ours)],
  ], effort);
  if (!standing) throw new Error("there was no contest");
  return {
    table: `${sockets.name}: ${CLIENTS} clients, pairs per second, Baton : ${other.name}`,
    name: what,
    value: 1 / standing.median,
    low: 1 / standing.high,
    high: 1 / standing.low,
    timed: true,
    note: other.note ?? "",
  };
}

/** Each its own lock; each goes on as soon as it can. */
async function separate({ once, name }: Locks): Promise<void> {
  await Promise.all(
    range(CLIENTS).map(async (client) => {
      for (let turn = 0; turn < 4; turn++) {
        if (!await once(client, `own-${client}`)) throw new Error(`${name}: the lock was not free`);
      }
    }),
  );
}

/** All of them want the same one, and never pause; so many grants in all. */
async function contended({ once }: Locks): Promise<void> {
  let grants = 0;
  await Promise.all(
    range(CLIENTS).map(async (client) => {
      while (grants < GRANTS) if (await once(client, "shared")) grants++;
    }),
  );
}

/** All of them want the same one once, and wait for it as the lock itself would have them wait. */
async function waiting({ wait }: Locks): Promise<void> {
  await Promise.all(range(CLIENTS).map((client) => wait?.(client, "shared")));
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** As in Tooz's drivers for PostgreSQL and MySQL. */
function sessionLocks({ kind }: SqlBackend, sessions: readonly Session[]): Locks {
  const [take, wait, give] = kind === "neon"
    ? [
      "pg_try_advisory_lock(hashtext($))",
      "pg_advisory_lock(hashtext($))",
      "pg_advisory_unlock(hashtext($))",
    ]
    : ["get_lock($, 0)", "get_lock($, 60)", "release_lock($)"];
  const ask = (client: number, call: string | undefined, lock: string) =>
    sessions[client]!.ask(`select ${call}`.replace("$", `'${lock}'`));
  const giveBack = async (client: number, lock: string) => {
    const given = await ask(client, give, lock);
    if (given !== true && given !== 1) throw new Error("the session had no such lock");
  };
  return {
    name: kind === "neon" ? "pg_advisory_lock" : "GET_LOCK",
    note: NOTE,
    async once(client, lock) {
      const taken = await ask(client, take, lock);
      if (taken !== true && taken !== 1) return false;
      await giveBack(client, lock);
      return true;
    },
    async wait(client, lock) {
      await ask(client, wait, lock);
      await giveBack(client, lock);
    },
  };
}

/** What a durable lock needs at the very least, and no lock: two upserts of one row. */
async function bareUpserts({ sockets }: SqlBackend): Promise<Locks> {
  const bare = bareOf(sockets);
  await bare.prepare([], []);
  return {
    name: "two bare upserts",
    note: "two durable writes, and no lock at all",
    async once(_, lock) {
      await bare.upsert(lock);
      await bare.upsert(lock);
      return true;
    },
  };
}
