/** Listeners to signals, and waits that end with one. */

import assert from "node:assert/strict";
import { onAbort, unlessAborted } from "../../../drivers/kit/aborts.ts";
import { harmless } from "../../../drivers/kit/harmless.ts";

/** A signal that says how many listeners it has. */
function counted() {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener].map((method) =>
    method.bind(signal)
  ) as [typeof signal.addEventListener, typeof signal.removeEventListener];
  signal.addEventListener = (type: string, listener: EventListener) => {
    listeners++;
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listeners--;
    remove(type, listener);
  };
  return { controller, signal, listeners: () => listeners };
}

Deno.test("a signal has one listener for all callbacks, each of which is called once, and none without them", () => {
  const { controller, signal, listeners } = counted();
  const called: string[] = [];
  const twice = () => void called.push("twice");
  const ends = [
    onAbort(signal, twice),
    onAbort(signal, twice),
    onAbort(signal, () => void called.push("ended")),
    onAbort(signal, () => void called.push("last")),
  ];
  assert.equal(listeners(), 1);
  ends[2]!();
  ends[2]!();
  assert.equal(listeners(), 1);
  controller.abort();
  assert.deepEqual(called, ["twice", "twice", "last"]);
  assert.equal(listeners(), 0);
  for (const end of ends) end();
  assert.equal(listeners(), 0);
  const { signal: another, listeners: others } = counted();
  const [first, second] = [onAbort(another, twice), onAbort(another, twice)];
  first();
  assert.equal(others(), 1);
  second();
  second();
  assert.equal(others(), 0);
  // It is listened to again.
  onAbort(another, twice);
  assert.equal(others(), 1);
  onAbort(undefined, twice)();
});

Deno.test("a callback that is ended by one before it is not called", () => {
  const { controller, signal } = counted();
  const called: number[] = [];
  onAbort(signal, () => {
    called.push(1);
    end();
  });
  const end = onAbort(signal, () => void called.push(2));
  controller.abort();
  assert.deepEqual(called, [1]);
});

Deno.test("work is waited for until the signal aborts, and leaves no listener when it has ended", async () => {
  const reason = new Error("enough");
  assert.equal(await unlessAborted(Promise.resolve(7), undefined), 7);
  for (const end of ["answer", "error"] as const) {
    const { signal, listeners } = counted();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const work = unlessAborted(promise, signal);
    assert.equal(listeners(), 1);
    if (end === "answer") resolve("done");
    else reject(reason);
    assert.equal(await work.catch((error) => error), end === "answer" ? "done" : reason);
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(listeners(), 0);
  }
  const { controller, signal } = counted();
  const never = new Promise(() => {});
  const work = unlessAborted(never, signal);
  controller.abort(reason);
  await assert.rejects(work, (error) => error === reason);
  await assert.rejects(unlessAborted(never, signal), (error) => error === reason);
});

Deno.test("what a user's function throws, at once or later, is only told", async () => {
  const told: unknown[] = [];
  const tell = (error: unknown): void => void told.push(error);
  const [now, later] = [new Error("now"), new Error("later")];
  harmless(() => {
    throw now;
  }, tell);
  assert.deepEqual(told, [now]);
  harmless(() => Promise.reject(later), tell);
  harmless(() => 7, tell);
  harmless(() => {
    throw now;
  });
  harmless(() => Promise.reject(later));
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(told, [now, later]);
});
