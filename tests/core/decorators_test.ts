import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, OperationTimedOut, UnknownOutcome } from "../../mod.ts";
import type { Acquire, Driver, Op, Release } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { budgeted } from "../../drivers/decorators/budgeted.ts";
import { namespaced } from "../../drivers/decorators/namespaced.ts";
import { retrying } from "../../coordination/leases/retrying.ts";
import { type RequestEvent, traced } from "../../drivers/decorators/traced.ts";
import { FakeRuntime, settled } from "./fake_runtime.ts";

const ACQUIRE: Acquire = {
  op: "acquire",
  resource: "lock:x",
  seat: "",
  id: "a",
  ttl: 9_000,
  value: "v",
};
const RELEASE: Release = { op: "release", resource: "lock:x", seat: "", id: "a" };
const unknown = new UnknownOutcome("lost");
const definite = new ConnectionError("refused, may pass", { retryable: true });
const final = new ConnectionError("wrong token");

/** A driver whose calls first meet these errors; `after` are executed before they fail. */
function failing(
  errors: readonly Error[],
  options: { after?: boolean } = {},
): Driver & { sent: Op[][] } {
  const inner = memory();
  const left = [...errors];
  const sent: Op[][] = [];
  return {
    ...inner,
    sent,
    async apply(ops) {
      sent.push([...ops]);
      const error = left.shift();
      const outcomes = error && !options.after ? [] : await inner.apply(ops);
      if (error) throw error;
      return outcomes;
    },
  };
}

async function over(
  driver: Driver,
  ops: readonly Op[],
  runtime = new FakeRuntime(),
): Promise<unknown> {
  const call = retrying(driver, { runtime }).apply(ops).catch((error: unknown) => error);
  await runtime.advance(20_000);
  assert.equal(runtime.timers, 0);
  return await call;
}

Deno.test("retrying sends the very same operations again after an error that may pass", async () => {
  const driver = failing([unknown, definite, unknown]);
  const outcomes = await over(driver, [ACQUIRE]);
  assert.equal((outcomes as { ok: boolean }[])[0]?.ok, true);
  assert.deepEqual(driver.sent, Array(4).fill([ACQUIRE]));
});

Deno.test("retrying gives up after four sends, and tells the truth: unknown once an answer was missed", async () => {
  for (
    const [errors, expected] of [
      [[unknown, unknown, unknown, unknown], unknown],
      [[definite, definite, definite, definite], definite],
      [[unknown, definite, definite, definite], unknown],
      [[unknown, final], unknown],
      [[definite, final], final],
      [[final], final],
    ] as const
  ) {
    const driver = failing(errors);
    assert.equal(await over(driver, [ACQUIRE]), expected);
    assert.equal(driver.sent.length, errors.length);
  }
});

Deno.test("retrying never repeats a release without id once it may have happened", async () => {
  const { id: _, ...breaking } = RELEASE;
  const lost = failing([unknown]);
  assert.equal(await over(lost, [breaking]), unknown);
  assert.equal(lost.sent.length, 1);
  const refused = failing([definite]);
  await over(refused, [breaking]);
  assert.equal(refused.sent.length, 2);
});

Deno.test("a release that finds nothing after an unanswered one counts as released, otherwise not", async () => {
  const driver = failing([]);
  await driver.apply([ACQUIRE]);
  assert.deepEqual(await over(driver, [RELEASE]), [{ ok: true, leases: [] }]);
  assert.deepEqual(await over(driver, [RELEASE]), [{ ok: false, leases: [] }]);
  const lossy = failing([unknown], { after: true });
  assert.deepEqual(await over(lossy, [RELEASE]), [{ ok: true, leases: [] }]);
});

Deno.test("retrying waits no longer than the ttl, for a later grant would be worth nothing", async () => {
  const runtime = new FakeRuntime();
  const driver: Driver = { ...memory(), apply: () => new Promise(() => {}) }; // deaf to its signal
  const call = retrying(driver, { runtime }).apply([{ ...ACQUIRE, ttl: 900 }]);
  const failed = assert.rejects(call, OperationTimedOut);
  await runtime.advance(900);
  await failed;
  assert.equal(runtime.timers, 0);
});

Deno.test("an abort ends a retry at once: with its reason if nothing was sent, else unknown", async () => {
  const runtime = new FakeRuntime();
  const stop = new AbortController();
  const waiting = retrying(failing([definite]), { runtime }).apply([ACQUIRE], {
    signal: stop.signal,
  });
  const reason = new Error("enough");
  const rejected = assert.rejects(waiting, (error) => error === reason);
  await settled(); // it sleeps before its second send
  stop.abort(reason);
  await rejected;
  const again = new AbortController();
  const missed = retrying(failing([unknown]), { runtime }).apply([ACQUIRE], {
    signal: again.signal,
  });
  const stays = assert.rejects(missed, UnknownOutcome);
  await settled();
  again.abort(reason);
  await stays;
  assert.equal(runtime.timers, 0);
});

Deno.test("retrying leaves what is malformed to the driver to refuse, and sends it once", async () => {
  for (const ttl of [NaN, -1, 0, 1.5]) {
    const driver = failing([]);
    assert(await over(driver, [{ ...ACQUIRE, ttl }]) instanceof InvalidArgument);
    assert.equal(driver.sent.length, 1);
  }
});

Deno.test("a driver that throws at once is an error like any other", async () => {
  const driver: Driver = {
    ...memory(),
    apply: () => {
      throw final;
    },
  };
  assert.equal(await over(driver, [ACQUIRE]), final);
});

Deno.test("traced reports what was asked and what came of it, and nothing secret", async () => {
  const events: RequestEvent[] = [];
  let now = 0;
  const driver = traced(failing([unknown]), (event) => events.push(event), () => now += 5);
  await driver.apply([ACQUIRE]).catch(() => {});
  await driver.apply([ACQUIRE, { op: "inspect", resource: "groups" }, { ...RELEASE, id: "b" }]);
  const asked = { op: "acquire", resource: "lock:x", seat: "" };
  assert.deepEqual(events, [
    {
      type: "request",
      driver: "memory",
      ops: [asked],
      requests: 0,
      error: "unknown-outcome",
      ms: 5,
    },
    {
      type: "request",
      driver: "memory",
      ops: [asked, { op: "inspect", resource: "groups" }, { ...asked, op: "release" }],
      requests: 0,
      ok: [true, true, false],
      ms: 5,
    },
  ]);
});

Deno.test("a request that somebody further out forbids is not sent, not counted, and paid by no budget", async () => {
  const events: RequestEvent[] = [];
  const backend = memory();
  let sent = 0;
  const counted: Driver = {
    ...backend,
    apply: (ops, options) =>
      backend.apply(ops, {
        ...options,
        beforeRequest: () => {
          options?.beforeRequest?.();
          sent++;
        },
      }),
  };
  const inner = traced(budgeted(counted, 2), (event) => events.push(event));
  const driver = retrying(namespaced(inner, "n"), { runtime: new FakeRuntime() });
  const forbidden = new ConnectionError("not now");
  const beforeRequest = (): never => {
    throw forbidden;
  };
  for (let call = 0; call < 3; call++) {
    await assert.rejects(
      driver.apply([ACQUIRE], { beforeRequest }),
      (error) => error === forbidden,
    );
  }
  for (let call = 0; call < 2; call++) assert(await driver.apply([ACQUIRE]));
  await assert.rejects(driver.apply([ACQUIRE]), /budget of 2 requests is used up/);
  assert.equal(sent, 2);
  assert.deepEqual(events.map(({ requests, error }) => error ?? requests), [
    ...Array(3).fill("connection"),
    ...[1, 1, "connection"],
  ]);
  assert(events.every(({ requests, error }) => requests === (error ? 0 : 1)));
});

Deno.test("no namespaced resource can be read as another's", async () => {
  const shared = memory();
  const places: [Driver, string][] = [
    [shared, "lock:a/lock:x"],
    [namespaced(shared, "a"), "lock:x"],
    [namespaced(shared, "a.b"), "lock:x"],
    [namespaced(namespaced(shared, "b"), "a"), "lock:x"],
    [shared, "lock:x"],
  ];
  for (const [driver, resource] of places) {
    const [outcome] = await driver.apply([{ ...ACQUIRE, resource, id: crypto.randomUUID() }]);
    assert.equal(outcome?.ok, true, resource);
  }
  for (const bad of ["", "a/b", "a:b", "a b", "é", "x".repeat(65)]) {
    assert.throws(() => namespaced(shared, bad), InvalidArgument, bad);
  }
});

Deno.test("traced over an async observer that rejects: nothing is unhandled, and the call is answered", async () => {
  const unhandled: unknown[] = [];
  const notice = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", notice);
  try {
    let called = 0;
    const driver = traced(memory(), async () => {
      called++;
      await Promise.resolve();
      throw new Error("the collector is down");
    });
    assert.deepEqual(await driver.apply([{ op: "inspect", resource: "x" }]), [{
      ok: true,
      leases: [],
    }]);
    // A rejection that nobody handles is told after a turn.
    await new Promise((turn) => setTimeout(turn, 0));
    assert.deepEqual([called, unhandled], [1, []]);
  } finally {
    globalThis.removeEventListener("unhandledrejection", notice);
  }
});
