import assert from "node:assert/strict";
import type { GroupEvent } from "../../mod.ts";
import { resources } from "../../coordination/names.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

/** Who and what, without the numbers. */
function brief(events: readonly GroupEvent[]): string[] {
  return events.map((event) => {
    const who = "memberId" in event ? ` ${event.memberId}` : "";
    return `${event.type}${who}${event.type === "left" ? ` ${event.reason}` : ""}`;
  });
}

Deno.test("events come one by one until the signal aborts, over an outage too", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await a.createGroup("g");
  const stop = new AbortController();
  const seen: string[] = [];
  const following = (async () => {
    for await (const event of a.events({ watch: ["g"], interval: 1_000, signal: stop.signal })) {
      seen.push(...brief([event]));
    }
  })();
  await settled();
  await b.joinGroup("g");
  scene.fates.push(...Array<"lose-request">(4).fill("lose-request"));
  await scene.runtime.advance(6_000);
  await b.leaveGroup("g");
  await scene.runtime.advance(1_000);
  assert.deepEqual(seen, ["resync", "joined b", "left b left"]);
  assert(scene.happened.includes("tick-failed"));
  stop.abort();
  await following;
  assert.equal(scene.runtime.timers, 0);
});

Deno.test("events look every five seconds if nobody says how often", async () => {
  const scene = new Scene();
  // A shorter ttl would make it look more often.
  const a = scene.member("a", { ttl: 60_000 });
  await a.createGroup("g");
  const stop = new AbortController();
  const following = (async () => {
    for await (const _ of a.events({ watch: ["g"], signal: stop.signal }));
  })();
  await settled();
  for (const [passes, looks] of [[0, 1], [4_999, 1], [1, 2], [5_000, 3]] as const) {
    await scene.runtime.advance(passes);
    assert.equal(scene.sent.length - 1, looks);
  }
  stop.abort();
  await following;
});

Deno.test("a tick renews as many leases in a call as a beat does, and looks in the last of its calls", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.createGroup("g");
  await Promise.all(Array.from({ length: 2_500 }, (_, n) => a.getLock(`${n}`).acquire()));
  scene.sent.length = 0;
  const { events } = await a.tick({ watch: ["g"] });
  assert.deepEqual(brief(events), ["resync"]);
  assert.deepEqual(scene.sent.map((ops) => ops.length), [1_000, 1_000, 504]);
  assert.deepEqual(scene.sent.at(-1)!.slice(500).map(({ op }) => op), Array(4).fill("inspect"));
});

Deno.test("a look at more members than a call takes arguments finds each of them", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  await a.createGroup("g");
  await a.watchJoinGroup("g", () => {});
  const members = 150_000;
  const resource = resources.group("g");
  await scene.backend.apply(Array.from({ length: members }, (_, n) => {
    return { op: "acquire", resource, seat: `${n}`, id: `${n}`, ttl: 60_000, value: "{}" } as const;
  }));
  const { events } = await a.tick();
  assert.equal(events.length, members);
});
