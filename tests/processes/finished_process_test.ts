/**
 * A process that has finished its work ends by itself, however long its leases would live on; one that
 * awaits something does not end before it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Ended, runProgram, RUNTIMES } from "./programs.ts";

const BATON = `const options = { memberId: "a", ttl: 600_000, on: () => {} };
const baton = new Coordinator(memory(), options);
const HOLDER = { op: "acquire", resource: "lock:l", seat: "", id: "holder", ttl: 100, value: "" };`;

/** What a script did last, and left to its ttl of ten minutes. */
const LEFT_BEHIND = {
  "a lock, held and watched by on": `await baton.getLock("l").hold();`,
  "a lock whose signal is listened to": `
    const quiet = new Coordinator(memory(), { ttl: 600_000 });
    (await quiet.getLock("l").hold()).signal.addEventListener("abort", () => {});`,
  "a leadership": `await baton.election("g").campaign();`,
  "a permit that was renewed": `await (await baton.getSemaphore("s", 2).hold()).renew();`,
  "a membership": `await baton.joinGroupCreate("g"); await baton.tick();`,
  "a request's signal, joined with a lease's": `
    const { signal } = await baton.getLock("l").hold();
    AbortSignal.any([signal, new AbortController().signal]).addEventListener("abort", () => {});`,
  "a slot that ran": `await baton.cron("c").run({ slot: Date.now() }, (run) => void run.signal);`,
  "a coordinator that was stopped": `
    await baton.start({ heartbeat: true });
    await baton.getLock("l").hold();
    await baton.stop();`,
  "work that is done": `
    await baton.getLock("l").with(({ signal }) => void signal.aborted);
    await baton.lead("g", ({ signal }) => void signal.aborted, { signal: shutdownSignal() });`,
};

/** What somebody awaits, and nothing else keeps the process alive. */
const AWAITED = {
  "a turn that comes with the holder's end": `
    const driver = memory();
    await driver.apply([HOLDER]);
    await new Coordinator(driver).getLock("l").hold({ timeout: 60_000 });`,
  "a turn on a backend that does not push": `
    const driver = memory({ now: Date.now });
    await driver.apply([HOLDER]);
    await new Coordinator(driver).getLock("l").hold({ timeout: 60_000 });`,
  "an answer that never comes": `
    const backend = memory();
    const silent = { ...backend, apply: (ops) => ops[0].op === "release" ? backend.apply(ops) : new Promise(() => {}) };
    const lost = new Coordinator(silent, { ttl: 1_500 });
    await lost.getLock("l").hold({ timeout: 0 }).catch(({ code }) => console.log(code));`,
  "the end of a run that takes too long": `
    const slot = Date.now();
    await baton.cron("c").run({ slot, maxRuntime: 1_000 }, () => new Promise(() => {}))
      .catch(({ code }) => console.log(code));`,
  "a lease that a started coordinator keeps": `
    const kept = new Coordinator(memory(), { ttl: 60_000, heartbeatInterval: 100 });
    await kept.start({ heartbeat: true });
    const lease = await kept.getLock("l").hold();
    const first = lease.deadline;
    await new Promise((go) => {
      // Looks now and then, and keeps nothing alive itself.
      const timer = setInterval(() => lease.deadline > first && go(clearInterval(timer)), 5);
      if (typeof timer === "object") timer.unref(); else Deno.unrefTimer(timer);
    });
    await kept.stop();`,
};

const OUTPUT: Partial<Record<keyof typeof AWAITED, string[]>> = {
  "an answer that never comes": ["timed-out"],
  "the end of a run that takes too long": ["timed-out"],
};

function endsByItself({ lines, errors, code, signal }: Ended, expected: readonly string[]): void {
  assert.deepEqual([lines, errors, code, signal], [[...expected], "", 0, null]);
}

for (const runtime of Object.keys(RUNTIMES) as (keyof typeof RUNTIMES)[]) {
  for (const [what, program] of Object.entries(LEFT_BEHIND)) {
    Deno.test(`a script that leaves ${what} ends, ${runtime}`, async () => {
      endsByItself(
        await runProgram(runtime, `${BATON}${program}\nconsole.log("done");`),
        ["done"],
      );
    });
  }
  for (const [what, program] of Object.entries(AWAITED)) {
    Deno.test(`a script that awaits ${what} does not end before, ${runtime}`, async () => {
      const said = OUTPUT[what as keyof typeof AWAITED] ?? [];
      endsByItself(
        await runProgram(runtime, `${BATON}${program}\nconsole.log("done");`),
        [...said, "done"],
      );
    });
  }
}
