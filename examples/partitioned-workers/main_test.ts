import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { Coordinator } from "@baton/baton";
import { memory } from "@baton/baton/drivers/memory";
import { workOn } from "./main.ts";

const OBJECTS = Array.from({ length: 60 }, (_, i) => `object ${i}`);
const NAMES = ["a", "b", "c"];

Deno.test("each object has one worker, and when one leaves, only its own objects move", async () => {
  const backend = memory();
  /** Who visited what since it was last emptied. */
  const seen = new Map<string, Set<string>>();
  const stops = new Map(NAMES.map((name) => [name, new AbortController()]));
  const runs = NAMES.map((memberId) =>
    workOn(OBJECTS, new Coordinator(backend, { memberId }), (object) => {
      seen.set(object, (seen.get(object) ?? new Set()).add(memberId));
    }, { every: 20, stop: stops.get(memberId)!.signal })
  );
  /** Who has what, once the round is the same for all. */
  const settled = async (): Promise<Map<string, string>> => {
    await setTimeout(150);
    seen.clear();
    await setTimeout(150);
    return new Map(OBJECTS.map((object) => {
      const [owner = "nobody", ...others] = seen.get(object) ?? [];
      assert.deepEqual(others, [], `${object} is ${owner}'s, and others'`);
      return [object, owner];
    }));
  };

  const before = await settled();
  assert.deepEqual([...new Set(before.values())].sort(), NAMES);

  stops.get("b")!.abort();
  await runs[1];
  const after = await settled();
  assert.deepEqual([...new Set(after.values())].sort(), ["a", "c"]);
  for (const [object, owner] of before) {
    if (owner !== "b") assert.equal(after.get(object), owner, object);
  }

  for (const stop of stops.values()) stop.abort();
  await Promise.all(runs);
  assert.equal((await new Coordinator(backend).getMembers("workers")).size, 0);
});
