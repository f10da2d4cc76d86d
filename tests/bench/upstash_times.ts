/** How long Baton takes over Upstash's protocol, in bare `eval` calls. */
import { redis, type SendCommand } from "../../drivers/redis/redis.ts";
import { upstash, upstashCommand } from "../../drivers/redis/upstash.ts";
import { Coordinator, type Lock } from "../../mod.ts";
import type { Backend } from "./backend.ts";
import {
  bareEval,
  bareLock,
  bareSender,
  defaultClient,
  senderOf,
  vendorsClient,
} from "./clients.ts";
import { contest, type Effort, type Standing } from "./contest.ts";
import { peerLock } from "./peer.ts";
import type { Row } from "./row.ts";

/** What Baton may add to its two requests, each sent bare by the same transport. */
const LOCK_LIMIT = 1.15;

/** Acquire and release, ours and others', against two bare calls. */
export async function pairRows(backend: Backend, effort: Effort): Promise<Row[]> {
  const send = bareSender(backend);
  const client = vendorsClient(backend);
  const [lean, dear] = [senderOf(client), senderOf(defaultClient(backend))];
  const peer = peerLock(client, "peer");
  await using baton = new Coordinator(upstash(backend));
  const lock = baton.getLock("ours");
  const bare = await ownEvals(backend);
  const own = await contest(["its own two evals, with a time limit", bare.limited], [
    [OURS, () => pair(lock)],
    ["the evals without a time limit", bare.unlimited],
    ["the same, by a fetch that trusts all", bare.trusting],
    ["the baseline again (the noise)", bare.limited],
  ], effort);
  const standings = await contest(["a bare lock", () => bareLock(send, "bare")], [
    [OURS, () => pair(lock)],
    [PEER, async () => {
      if (!await peer.acquire() || !await peer.release()) throw new Error("the peer had no lock");
    }],
    ["the same evals, vendor's client", () => bareLock(lean, "lean")],
    ["the same evals, and its own options", () => bareLock(dear, "dear")],
    ["two evals that only return 1", async () => {
      await bareEval(send);
      await bareEval(send);
    }],
    ["the baseline again (the noise)", () => bareLock(send, "again")],
  ], effort);
  return [
    ...own.map((standing) => ({
      ...timed(
        "Upstash, loopback: acquire + release in units of its two evals, sent bare with a time limit",
        standing,
      ),
      ...(standing.name === OURS && { limit: LOCK_LIMIT }),
    })),
    ...standings.map((standing) => ({
      ...timed("Upstash, loopback: in units of two bare evals of a lock without token", standing),
      ...(standing.name === PEER && { note: "SET NX and an eval; no fencing token, no deadline" }),
    })),
  ];
}

/**
 * The very commands of one acquire and release, sent with nothing of Baton's around.
 * With a time limit, as any caller must set one who does not want to hang: while a timer waits, the
 * event loop answers more slowly, and that is not Baton's doing. And without one, to show it.
 */
async function ownEvals(
  backend: Backend,
): Promise<Record<"limited" | "unlimited" | "trusting", () => Promise<void>>> {
  const send = upstashCommand(backend);
  const trusting = bareSender(backend);
  const commands: Parameters<SendCommand>[0][] = [];
  const recorded = redis((command) => {
    commands.push(command);
    return send(command);
  });
  await using baton = new Coordinator(recorded);
  const lock = baton.getLock("own");
  await pair(lock); // the server learns the script
  commands.length = 0;
  await pair(lock);
  return {
    limited: async () => {
      for (const command of commands) {
        const limit = new AbortController();
        const timer = setTimeout(() => limit.abort(), 5_000);
        await send(command, limit.signal);
        clearTimeout(timer);
      }
    },
    unlimited: async () => {
      for (const command of commands) await send(command);
    },
    trusting: async () => {
      for (const command of commands) await trusting(command);
    },
  };
}

const OURS = "Baton";
const PEER = "@upstash/lock 0.2.1";

/** The same over a network, where what a client computes hardly shows. */
export async function distantRows(backend: Backend, effort: Effort): Promise<Row[]> {
  const send = bareSender(backend);
  await using baton = new Coordinator(upstash(backend));
  const lock = baton.getLock("ours");
  await backend.delay(DISTANCE);
  const standings = await contest(["a bare lock", () => bareLock(send, "bare")], [
    [OURS, () => pair(lock)],
  ], effort);
  await backend.delay(0);
  const table = `Upstash, ${DISTANCE} ms away: the same`;
  return standings.map((each) => ({ ...timed(table, each), limit: LOCK_LIMIT }));
}

/** The delay of every answer, in ms: a region nearby. */
const DISTANCE = 5;

async function pair(lock: Lock): Promise<void> {
  const lease = await lock.acquire({ timeout: 0 });
  if (!await lease?.release()) throw new Error("the lock was not ours");
}

/** Every operation of one request, against one bare call. */
export async function singleRows(backend: Backend, effort: Effort): Promise<Row[]> {
  const send = bareSender(backend);
  await using baton = new Coordinator(upstash(backend), { ttl: 600_000 });
  await using other = new Coordinator(upstash(backend), { ttl: 600_000 });
  const lease = await baton.getLock("renewed").hold({ timeout: 0 });
  await using _held = await other.getLock("taken").hold({ timeout: 0 });
  const taken = baton.getLock("taken");
  const slot = Date.now();
  await other.cron("taken").run({ slot }, () => {});
  const later = await busyJob(other, slot);
  let job = 0;
  const standings = await contest(["a bare eval", () => bareEval(send)], [
    ["renew", () => lease.renew()],
    ["acquire, refused", () => taken.acquire({ timeout: 0 })],
    ["leader of a group without one", () => baton.getLeader("nobody")],
    ["cron claim", () => baton.cron(`job-${++job}`).run({ slot }, () => {})],
    ["cron lose", () => baton.cron("taken").run({ slot }, () => {})],
    [`cron claim after ${MINUTES} slots`, () => later.claim()],
    [`cron lose after ${MINUTES} slots`, () => later.lose()],
  ], effort);
  return standings.map((each) =>
    timed("Upstash, loopback: in units of a bare eval that only returns 1", each)
  );
}

/** A day of a job that runs each minute, all of it remembered. */
const MINUTES = 1_440;

async function busyJob(baton: Coordinator, slot: number) {
  const cron = baton.cron("minutely");
  let claimed = 0;
  const claim = () => cron.run({ slot: slot - ++claimed }, () => {});
  for (let i = 0; i < MINUTES; i++) await claim();
  return { claim, lose: () => cron.run({ slot: slot - 1 }, () => {}) };
}

function timed(table: string, { name, median, low, high }: Standing): Row {
  return { table, name, value: median, low, high, timed: true };
}
