/** How long Baton takes over a SQL database, in bare statements through the same client. */
import type { Acquire, Driver, Op, Renew } from "../../drivers/driver.ts";
import { Coordinator, type Lock } from "../../mod.ts";
import { contest, type Effort, type Standing } from "./contest.ts";
import type { Row } from "./row.ts";
import { type Bare, bareOf } from "./sql_bare.ts";
import { limited, type Sent, type SqlBackend, type SqlKind, type Way } from "./sql_ways.ts";

/** What Baton may take of the time of the least that a caller could send. */
interface Limits {
  /** Acquire and release, in two bare upserts. */
  readonly pair?: number;
  /** Ten leases renewed, in one bare UPDATE of one row. */
  readonly heartbeat?: number;
}

const LIMITS: Readonly<Record<SqlKind, Limits>> = {
  neon: { pair: 1.3, heartbeat: 1.5 },
  mysql: { pair: 1.3 },
  mariadb: { pair: 1.3 },
};

/**
 * Through the vendor's client, as most will use it. There the front end's part of each request hides
 * Baton's; so the same over sockets, which only informs.
 */
export async function sqlTimeRows(backend: SqlBackend, effort: Effort): Promise<Row[]> {
  return [
    ...await wayRows(backend.vendor, LIMITS[backend.kind], effort),
    ...await wayRows(backend.sockets, {}, effort),
  ];
}

const NOISE = "the baseline again (the noise)";
const LEASES = 10;
const MEMBERS = 100;

async function wayRows(way: Way, limits: Limits, effort: Effort): Promise<Row[]> {
  const bare = bareOf(way);
  await bare.prepare(tenOf("beat"), members());
  return [
    ...await pairRows(way, bare, limits, effort),
    ...await heartbeatRows(way, bare, limits, effort),
    ...await singleRows(way, bare, effort),
    ...await memberRows(way, bare, effort),
  ];
}

const tenOf = (name: string): string[] => Array.from({ length: LEASES }, (_, i) => `${name}-${i}`);

function members(): Acquire[] {
  return Array.from({ length: MEMBERS }, (_, i): Acquire => ({
    op: "acquire",
    resource: "group:hundred",
    seat: `worker-${i}`,
    id: crypto.randomUUID(),
    ttl: 600_000,
    value: JSON.stringify({ capabilities: { weight: 1 }, joined: 0, updated: 0, version: 0 }),
  }));
}

async function pairRows(way: Way, bare: Bare, limits: Limits, effort: Effort): Promise<Row[]> {
  const driver = way.driver();
  await using baton = new Coordinator(driver);
  const lock = baton.getLock("ours");
  const own = await ownStatements(way);
  const standings = await contest(["two upserts", () => twice(() => bare.upsert("pair"))], [
    [BATON, () => pair(lock)],
    [APPLY, () => applied(driver)],
    ["its own two statements, sent bare", async () => {
      for (const sent of own) await limited((signal) => way.send(sent, signal));
    }],
    [NOISE, () => twice(() => bare.upsert("again"))],
  ], effort);
  const title = `${way.name}: acquire + release in units of two bare upserts with a time limit`;
  // The limit is the driver's. A lock's acquisition also looks whether readers have it, and is shown.
  return standings.map((each) => rowOf(title, each, limits.pair, each.name === APPLY));
}

const BATON = "Baton";
const APPLY = "the driver's apply, twice";

async function twice(once: () => Promise<unknown>): Promise<void> {
  await once();
  await once();
}

async function pair(lock: Lock): Promise<void> {
  const lease = await lock.acquire({ timeout: 0 });
  if (!await lease?.release()) throw new Error("the lock was not ours");
}

const PLACE = { resource: "lock:applied", seat: "" };

async function applied(driver: Driver): Promise<void> {
  const id = crypto.randomUUID();
  const ops: Op[] = [
    { op: "acquire", ...PLACE, id, ttl: 30_000, value: "somebody" },
    { op: "release", ...PLACE, id },
  ];
  for (const op of ops) {
    const [outcome] = await limited((signal) => driver.apply([op], { signal }));
    if (!outcome?.ok) throw new Error("the lease was not ours");
  }
}

/** What one acquire and release send; they can be sent again, for a released lease's id is free. */
async function ownStatements(way: Way): Promise<Sent[]> {
  const sent: Sent[] = [];
  const driver = way.recorded((each) => sent.push(each));
  // The sweep after one grant in 64 is none of them.
  do {
    sent.length = 0;
    await applied(driver);
  } while (sent.length !== 2);
  return sent;
}

async function heartbeatRows(
  way: Way,
  bare: Bare,
  limits: Limits,
  effort: Effort,
): Promise<Row[]> {
  const driver = way.driver();
  await using baton = new Coordinator(driver, { ttl: 600_000 });
  for (const name of tenOf("beat")) await baton.getLock(name).hold({ timeout: 0 });
  const renews = tenOf("applied").map((seat): Renew => (
    { op: "renew", resource: `lock:${way.name}`, seat, id: crypto.randomUUID(), ttl: 600_000 }
  ));
  await driver.apply(renews.map((op): Acquire => ({ ...op, op: "acquire", value: "somebody" })));
  const [one = ""] = tenOf("beat");
  const beat = "heartbeat of 10 leases";
  const apply = "one apply of 10 renewals";
  const standings = await contest(["an UPDATE of one row", () => bare.update([one])], [
    [beat, () => baton.heartbeat()],
    [apply, async () => {
      const outcomes = await limited((signal) => driver.apply(renews, { signal }));
      if (!outcomes.every(({ ok }) => ok)) throw new Error("a lease was lost");
    }],
    [
      "one apply of one renewal",
      () => limited((signal) => driver.apply(renews.slice(0, 1), { signal })),
    ],
    ["a bare UPDATE of ten rows", () => bare.update(tenOf("beat"))],
    [NOISE, () => bare.update([one])],
  ], effort);
  const title = `${way.name}: in units of one bare UPDATE of one row with a time limit`;
  return standings.map((each) =>
    rowOf(title, each, limits.heartbeat, each.name === beat || each.name === apply)
  );
}

async function singleRows(way: Way, bare: Bare, effort: Effort): Promise<Row[]> {
  await using baton = new Coordinator(way.driver(), { ttl: 600_000 });
  await using other = new Coordinator(way.driver(), { ttl: 600_000 });
  await using _held = await other.getLock("taken").hold({ timeout: 0 });
  const taken = baton.getLock("taken");
  const slot = Date.now();
  await other.cron("taken").run({ slot }, () => {});
  let job = 0;
  const standings = await contest(["an upsert", () => bare.upsert("single")], [
    ["acquire, refused", () => taken.acquire({ timeout: 0 })],
    ["cron claim", () => baton.cron(`${way.name}-${++job}`).run({ slot }, () => {})],
    ["cron lose", () => baton.cron("taken").run({ slot }, () => {})],
    ["leader of a group without one", () => baton.getLeader("nobody")],
    [NOISE, () => bare.upsert("single")],
  ], effort);
  const title = `${way.name}: in units of one bare upsert with a time limit`;
  return standings.map((each) => rowOf(title, each));
}

async function memberRows(way: Way, bare: Bare, effort: Effort): Promise<Row[]> {
  const driver = way.driver();
  await using baton = new Coordinator(driver);
  await baton.createGroup("hundred").catch(() => {}); // The other way has made it.
  await driver.apply(members());
  const standings = await contest(["a SELECT", () => bare.list()], [
    [`getMembers of ${MEMBERS}`, async () => {
      const { size } = await baton.getMembers("hundred");
      if (size !== MEMBERS) throw new Error(`${size} members`);
    }],
  ], effort);
  const title = `${way.name}: in units of a bare SELECT of as many rows with ids and values`;
  return standings.map((each) => rowOf(title, each));
}

function rowOf(table: string, standing: Standing, limit?: number, limits = true): Row {
  const { name, median, low, high } = standing;
  const asserted = limits && limit !== undefined;
  return { table, name, value: median, low, high, timed: true, ...(asserted && { limit }) };
}
