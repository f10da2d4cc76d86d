/** A driver that is used after it was disposed of keeps nothing open. */

import assert from "node:assert/strict";
import type { Driver } from "../../../drivers/driver.ts";
import { reopening } from "../../../drivers/kit/reopening.ts";
import { memory } from "../../../drivers/memory.ts";
import { inspect } from "../../conformance/operations.ts";

/** Opens something when it is used, and answers when the test says so. */
function opens() {
  const place = { open: false, answers: [] as (() => void)[] };
  const backend = memory();
  const driver: Driver & AsyncDisposable = {
    ...backend,
    async apply(ops) {
      place.open = true;
      await new Promise<void>((resolve) => place.answers.push(resolve));
      // A client that has been closed meanwhile opens what it needs again.
      place.open = true;
      return await backend.apply(ops);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(void (place.open = false)),
  };
  return { place, driver: reopening(driver) };
}

const OPS = [inspect("lock:a")];

Deno.test("what calls have opened is closed when the last of them ends after the disposal", async () => {
  const { place, driver } = opens();
  const calls = [driver.apply(OPS), driver.apply(OPS)];
  await driver[Symbol.asyncDispose]();
  assert.equal(place.open, false);
  place.answers[0]!();
  await calls[0];
  assert.equal(place.open, true, "the other call uses it");
  place.answers[1]!();
  await calls[1];
  assert.equal(place.open, false);
});

Deno.test("it stays open between calls until the disposal, and again once it is resumed", async () => {
  const { place, driver } = opens();
  const call = async (): Promise<boolean> => {
    const done = driver.apply(OPS);
    place.answers.pop()!();
    await done;
    return place.open;
  };
  assert.equal(await call(), true);
  await driver[Symbol.asyncDispose]();
  assert.equal(await call(), false);
  driver.resume();
  assert.equal(await call(), true);
  await driver[Symbol.asyncDispose]();
  assert.equal(place.open, false);
});
