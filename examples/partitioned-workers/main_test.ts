import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { Coordinator } from "@baton/baton";
import type { Driver } from "@baton/baton/drivers/driver";
import { memory } from "@baton/baton/drivers/memory";
import { upstash } from "@baton/baton/drivers/upstash";
import { withUpstash } from "../../tests/servers/with_upstash.ts";
import { workOn } from "./main.ts";

const OBJECTS = Array.from({ length: 60 }, (_, i) => `object ${i}`);
const NAMES = ["a", "b", "c"];

Deno.test("each object has one worker, and when one leaves, only its own objects move", async () => {
  await divides(memory());
});

Deno.test("so it is where they meet in a Redis", async () => {
  await withUpstash(({ server: { url, token } }) => divides(upstash({ url, token })));
});

async function divides(backend: Driver): Promise<void> {
  /** Who visited what since it was last emptied. */
  const seen = new Map<string, Set<string>>();
  const stops = new Map(NAMES.map((name) => [name, new AbortController()]));
  const runs = NAMES.map((memberId) =>
    workOn(OBJECTS, new Coordinator(backend, { memberId }), (object) => {
      seen.set(object, (seen.get(object) ?? new Set()).add(memberId));
    }, { every: 20, stop: stops.get(memberId)!.signal })
  );
  /** Who visits what, each object at least once from now on. */
  const round = async (): Promise<Map<string, string>> => {
    seen.clear();
    for (let looks = 0; seen.size < OBJECTS.length; looks++) {
      assert(looks < 2_000, `${OBJECTS.length - seen.size} objects are nobody's`);
      await setTimeout(5);
    }
    return new Map(OBJECTS.map((object) => [object, [...seen.get(object) ?? []].join(" and ")]));
  };
  /** Who has what, once these have looked at each other, and nothing moves any more. */
  const settled = async (names: readonly string[]): Promise<Map<string, string>> => {
    let owners: string[] = [];
    for (let rounds = 0; rounds < 200; rounds++) {
      const [one, two] = [await round(), await round()];
      owners = [...new Set(two.values())].sort();
      const stays = OBJECTS.every((object) => one.get(object) === two.get(object));
      if (stays && owners.join() === names.join()) return two;
    }
    assert.fail(`the owners are ${owners}, and not ${names}`);
  };

  const before = await settled(NAMES);

  stops.get("b")!.abort();
  await runs[1];
  const after = await settled(["a", "c"]);
  for (const [object, owner] of before) {
    if (owner !== "b") assert.equal(after.get(object), owner, object);
  }

  for (const stop of stops.values()) stop.abort();
  await Promise.all(runs);
  assert.equal((await new Coordinator(backend).getMembers("workers")).size, 0);
}
