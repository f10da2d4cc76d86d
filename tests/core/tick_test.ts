import assert from "node:assert/strict";
import type { GroupEvent } from "../../mod.ts";
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
