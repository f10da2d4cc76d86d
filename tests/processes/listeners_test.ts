/**
 * Listeners of long-lived processes: one for each signal to the process, and none left on a caller's
 * signal, however many calls were made.
 *
 * @module
 */

import assert from "node:assert/strict";
import { runProgram, RUNTIMES } from "./programs.ts";

const COUNTING = `
import process from "node:process";
import { getEventListeners } from "node:events";
process.on("warning", ({ name, message }) => console.log("warning", name, message));
const batons = Array.from({ length: 12 }, (_, i) => new Coordinator(memory(), { memberId: "m" + i }));
const turn = () => new Promise((go) => setTimeout(go, 0));
`;

/** Asks a thousand times, as a request handler does, and leads twelve groups until the end. */
const THOUSAND_CALLS = `${COUNTING}
let led = 0;
const leads = batons.map((baton, i) => baton.lead("g" + i, ({ signal }) => new Promise((stop) => {
  led++;
  signal.addEventListener("abort", stop);
}), { signal: shutdownSignal() }));
while (led < 12) await turn();
const signals = new Set();
for (let i = 0; i < 1_000; i++) signals.add(shutdownSignal());
console.log("listeners", process.listenerCount("SIGTERM"), process.listenerCount("SIGINT"));
console.log("aborted", [...signals].some(({ aborted }) => aborted));
const busy = setInterval(() => {}, 1_000);
console.log("ready");
await Promise.all(leads);
console.log("all aborted", [...signals].every(({ aborted }) => aborted), shutdownSignal().aborted);
console.log("listeners", process.listenerCount("SIGTERM"), process.listenerCount("SIGINT"));
console.log("stopped");
`;

/** What is done again and again under a signal as old as the process. */
const LONG_LIVED = `${COUNTING}
const { signal } = new AbortController();
const [a, b] = batons;
const onSignal = () => getEventListeners(signal, "abort").length;
for (let i = 0; i < 1_000; i++) {
  await a.getLock("l").with(() => {}, { signal });
  await a.cron("c").run({ slot: Date.now() - i * 60_000, signal }, (run) => void run.signal);
  await a.cron("r").run({ slot: Date.now() - i * 60_000, mode: "retry", signal }, (run) => void run.signal);
  await a.lead("g", (leadership) => void leadership.signal, { signal });
  await a.getSemaphore("s", 2).with(() => {}, { signal, timeout: 1_000 });
}
console.log("after calls", onSignal());
`;

/** Many at once, of which all but one wait. */
const AT_ONCE = `${COUNTING}
const controller = new AbortController();
const { signal } = controller;
const shared = memory();
const many = batons.map((_, i) => new Coordinator(shared, { memberId: "w" + i }));
await many[0].getLock("l").hold();
await many[0].election("g").campaign();
const waits = many.slice(1).flatMap((baton) => [
  baton.getLock("l").acquire({ signal }),
  baton.lead("g", () => {}, { signal }),
  shared.apply([{ op: "acquire", resource: "lock:l", seat: "", id: baton.memberId, ttl: 1_000, value: "", patience: 600_000 }], { signal }),
]);
const ends = Promise.allSettled(waits);
await turn();
console.log("while they wait", getEventListeners(signal, "abort").length);
controller.abort();
const ways = new Set((await ends).map(({ status, value, reason }) => reason?.name ?? status + " " + value));
console.log([...ways].sort().join());
console.log("afterwards", getEventListeners(signal, "abort").length);
process.exit(0);
`;

for (const runtime of Object.keys(RUNTIMES) as (keyof typeof RUNTIMES)[]) {
  Deno.test(`a process that calls shutdownSignal() a thousand times has one listener, ${runtime}`, async () => {
    const { lines, errors, signal } = await runProgram(runtime, THOUSAND_CALLS, (line, send) => {
      if (line === "ready" || line === "stopped") send("SIGTERM");
    });
    assert.deepEqual(lines, [
      ...["listeners 1 1", "aborted false", "ready"],
      ...["all aborted true true", "listeners 0 0", "stopped"],
    ]);
    assert.equal(errors, "");
    // The second signal has ended it, for something else kept it alive.
    assert.equal(signal, "SIGTERM");
  });
}

Deno.test("five thousand calls under a signal of the process leave no listener on it", async () => {
  const { lines, errors, code } = await runProgram("Node", LONG_LIVED);
  assert.deepEqual([lines, errors, code], [["after calls 0"], "", 0]);
});

Deno.test("thirty-three that wait at once under one signal have one listener, and Node does not warn", async () => {
  const { lines, errors, code } = await runProgram("Node", AT_ONCE);
  assert.deepEqual(lines, [
    "while they wait 1",
    "AbortError,UnknownOutcome,fulfilled undefined",
    "afterwards 0",
  ]);
  assert.deepEqual([errors, code], ["", 0]);
});
