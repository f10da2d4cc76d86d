/**
 * What an abort may do, and what it may not make up.
 *
 * @module
 */

import assert from "node:assert/strict";
import { codeOf, ConnectionError } from "../../errors.ts";
import type { Case } from "./backend.ts";
import { isGranted, lists, rejected, step } from "./expect.ts";
import { acquire, inspect } from "./operations.ts";
import { law } from "./scene.ts";

/** The last two look like proofs that nothing was written. */
const REASONS: readonly Error[] = [
  new Error("enough"),
  Object.assign(new Error("another server's"), { code: "ECONNREFUSED" }),
  new ConnectionError("Another backend was not reached"),
];

/** Cases about `signal`. */
export const signalCases: readonly Case[] = [
  law(
    9,
    "a signal aborted before the call rejects with its reason and nothing is sent",
    async (on) => {
      for (
        const reason of [new Error("enough"), new DOMException("late", "TimeoutError"), "word"]
      ) {
        const mine = acquire(on.name());
        const signal = AbortSignal.abort(reason);
        assert.equal(await rejected(on.driver, [mine], { signal }), reason);
        await lists(on.driver, inspect(mine.resource), []);
      }
    },
  ),
  law(9, "a signal that is aborted after the answer changes nothing", async (on) => {
    const controller = new AbortController();
    const mine = acquire(on.name());
    const [outcome] = await on.driver.apply([mine], { signal: controller.signal });
    const lease = isGranted(outcome, mine);
    controller.abort();
    await lists(on.driver, inspect(mine.resource), [lease]);
  }),
  law(
    10,
    "an abort on the way is the reason, unknown or too late, never a made-up answer",
    async (on) => {
      for (let round = 0; round < 24; round++) {
        const controller = new AbortController();
        const reason = REASONS[Math.floor(round / 4) % REASONS.length];
        const mine = acquire(on.name());
        const answer = on.driver.apply([mine], { signal: controller.signal }).then(
          ([outcome]) => outcome,
          (error: unknown) => error,
        );
        // At once, after a turn of the micro-tasks, and after a few turns of the event loop.
        if (round % 4 === 1) await Promise.resolve();
        if (round % 4 > 1) await new Promise((resolve) => setTimeout(resolve, round % 4 - 2));
        controller.abort(reason);
        const result = await answer;
        if (result === reason) await lists(on.other, inspect(mine.resource), []);
        else if (codeOf(result)) {
          assert.ok(["unknown-outcome", "timed-out"].includes(`${codeOf(result)}`), `${result}`);
        } else {
          const lease = isGranted(result as Parameters<typeof isGranted>[0], mine);
          await lists(on.other, inspect(mine.resource), [lease]);
        }
      }
      // The handle still works.
      assert.ok((await step(on.driver, acquire(on.name()))).ok);
    },
  ),
];
