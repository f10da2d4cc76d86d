/** Many clients at once: what one event loop gets through when it never waits. */
import { upstash } from "../../drivers/redis/upstash.ts";
import { Coordinator } from "../../mod.ts";
import type { Backend } from "./backend.ts";
import { bareLock, bareSender } from "./clients.ts";
import { contest, type Effort } from "./contest.ts";
import type { Row } from "./row.ts";

const CLIENTS = 16;

/** Locks per second with all clients busy, as a part of the bare locks per second. */
export async function throughputRows(backend: Backend, effort: Effort): Promise<Row[]> {
  const senders = Array.from({ length: CLIENTS }, () => bareSender(backend));
  const batons = senders.map(() => new Coordinator(upstash(backend)));
  const locks = batons.map((baton, i) => baton.getLock(`busy-${i}`));
  const [ours] = await contest([
    "bare",
    () => all(senders, (send, i) => bareLock(send, `bare-${i}`)),
  ], [
    ["ours", () =>
      all(locks, async (lock) => {
        const lease = await lock.acquire({ timeout: 0 });
        await lease?.release();
      })],
  ], effort);
  if (!ours) throw new Error("there was no contest");
  return [{
    table: `Upstash: throughput of ${CLIENTS} concurrent clients`,
    name: "pairs per second, Baton : a bare lock",
    value: 1 / ours.median,
    low: 1 / ours.high,
    high: 1 / ours.low,
    timed: true,
  }];
}

/** Each goes on as soon as it can; nobody waits for the slowest before its last turn. */
async function all<T>(
  each: readonly T[],
  once: (item: T, i: number) => Promise<void>,
): Promise<void> {
  await Promise.all(each.map(async (item, i) => {
    for (let turn = 0; turn < 4; turn++) await once(item, i);
  }));
}
