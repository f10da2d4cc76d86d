import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { ConnectionError, Coordinator } from "@baton/baton";
import type { Driver } from "@baton/baton/drivers/driver";
import { memory } from "@baton/baton/drivers/memory";
import { upstash } from "@baton/baton/drivers/upstash";
import { withUpstash } from "../../tests/servers/with_upstash.ts";
import { drain } from "./main.ts";
import { Queue } from "./queue.ts";

function filled(count: number): Queue {
  const queue = new Queue(":memory:");
  const put = queue.db.prepare("insert into items (text) values (?)");
  for (let i = 1; i <= count; i++) put.run(`item ${i}`);
  return queue;
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await setTimeout(5);
}

/** All that this example promises, over one backend. */
async function drained(backend: Driver): Promise<void> {
  await goesOn(backend);
  await keepsTheOther(backend);
}

Deno.test("one drains at a time, and the queue takes no result from who was cut off", async () => {
  await drained(memory());
});

Deno.test("so it is where they meet in a Redis", async () => {
  await withUpstash(({ server: { url, token } }) => drained(upstash({ url, token })));
});

/** One of two drains, and when it is stopped the other goes on where it was. */
async function goesOn(backend: Driver): Promise<void> {
  using queue = filled(40);
  const done: string[] = [];
  const stops: Record<string, AbortController> = {};
  const runs = ["a", "b"].map((memberId) => {
    const stop = stops[memberId] = new AbortController();
    const baton = new Coordinator(backend, { memberId });
    return drain(baton, queue, async ({ id }) => {
      await setTimeout(5);
      done.push(`${memberId} ${id}`);
      return memberId;
    }, stop.signal);
  });
  await until(() => done.length >= 10);
  const first = done[0]![0]!;
  stops[first]!.abort();
  await runs["ab".indexOf(first)];
  const count = done.length;
  assert(done.every((each) => each[0] === first));
  await until(() => !queue.next());
  for (const stop of Object.values(stops)) stop.abort();
  await Promise.all(runs);

  const second = first === "a" ? "b" : "a";
  const expected = Array.from(
    { length: 40 },
    (_, i) => `${i < count ? first : second} ${i + 1}`,
  );
  assert.deepEqual(done, expected);
}

/** A leader that was cut off finishes late, and the queue keeps the other's result. */
async function keepsTheOther(backend: Driver): Promise<void> {
  const unreachable = new ConnectionError("cut off", { retryable: true });
  let cut = false;
  const cuttable: Driver = {
    ...backend,
    apply: (ops, options) => cut ? Promise.reject(unreachable) : backend.apply(ops, options),
  };
  using queue = filled(1);
  const stop = new AbortController();
  const late = Promise.withResolvers<string>();
  const started: string[] = [];
  const old = drain(new Coordinator(cuttable, { memberId: "old", leaderTtl: 1_500 }), queue, () => {
    started.push("old");
    return late.promise; // It does not heed its signal.
  }, stop.signal);
  await until(() => started.length === 1);
  cut = true;
  const young = drain(
    new Coordinator(backend, { memberId: "young", leaderTtl: 1_500 }),
    queue,
    () => {
      started.push("young");
      return "by young";
    },
    stop.signal,
  );
  await until(() => !queue.next());
  late.resolve("by old");
  await setTimeout(20);
  stop.abort();
  await Promise.all([old, young]);
  assert.deepEqual(started, ["old", "young"]);
  const items = queue.db.prepare("select result from items").all();
  assert.deepEqual(items.map(({ result }) => result), ["by young"]);
}
