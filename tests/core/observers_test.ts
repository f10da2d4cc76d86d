/** What observers and callbacks throw, at once or later, costs nothing; what work throws is the caller's. */

import assert from "node:assert/strict";
import { type Coordinator, UnknownOutcome } from "../../mod.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

/** Runs something, and answers what nobody handled meanwhile. */
async function unhandled(work: () => Promise<void>): Promise<unknown[]> {
  const seen: unknown[] = [];
  const note = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    seen.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", note);
  try {
    await work();
    await settled();
  } finally {
    globalThis.removeEventListener("unhandledrejection", note);
  }
  return seen;
}

for (const how of ["throws", "rejects"] as const) {
  const fails = how === "throws"
    ? () => {
      throw new Error("collector is down");
    }
    : () => Promise.reject(new Error("collector is down"));

  Deno.test(`an observer that ${how}: nothing is unhandled, and the work is done`, async () => {
    const scene = new Scene();
    let answer = "";
    const seen = await unhandled(async () => {
      const a = scene.member("a", { on: fails });
      answer = await a.getLock("x").with(() => "work done");
      await a.stop().catch(() => {});
    });
    assert.deepEqual([answer, seen], ["work done", []]);
  });

  Deno.test(`onEvicted that ${how}: it is reported as callback-failed`, async () => {
    const scene = new Scene();
    const seen = await unhandled(async () => {
      await scene.member("a").joinGroupCreate("g", null, { onEvicted: fails });
      await scene.runtime.advance(11_000);
    });
    assert.deepEqual(seen, []);
    assert.deepEqual(scene.happened.filter((type) => type === "callback-failed").length, 1);
  });

  Deno.test(`a platform's waitUntil that ${how}: the caller gets its own error`, async () => {
    const scene = new Scene();
    const seen = await unhandled(async () => {
      scene.fates.push(...Array<"lose-reply">(4).fill("lose-reply"));
      const runtime = Object.assign(Object.create(scene.runtime), { waitUntil: fails });
      const failed = assert.rejects(
        scene.member("a", { runtime }).getLock("x").acquire({ timeout: 0 }),
        UnknownOutcome,
      );
      await scene.runtime.advance(20_000);
      await failed;
    });
    assert.deepEqual(seen, []);
  });
}

/** Things that can be thrown, and that cannot even be looked at. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  "undefined": () => undefined,
  "a symbol": () => Symbol("x"),
  "an object without a prototype": () => Object.create(null),
  "an object whose toString throws": () => ({
    toString() {
      throw new Error("no text");
    },
  }),
  "an error whose message is no text": () =>
    Object.assign(new Error(), { message: Object.create(null) }),
  "an error that causes itself": () => {
    const error = new Error("round");
    error.cause = error;
    return error;
  },
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

for (const [what, make] of Object.entries(THROWN)) {
  Deno.test(`work that throws ${what}: the caller gets that, and the run is recorded as failed`, async () => {
    const scene = new Scene();
    const a = scene.member("a");
    const thrown = make();
    const throws = () => {
      throw thrown;
    };
    // Kept in a list: a promise that is resolved with a revoked proxy rejects by itself.
    const caught = (running: Promise<unknown>) => running.then(() => [], (error) => [error]);
    const slot = scene.runtime.wallNow;
    const run = { slot, mode: "retry", skipIfRunning: true } as const;
    assert(Object.is((await caught(a.cron("j").run(run, throws)))[0], thrown));
    assert.deepEqual((await a.cron("j").history()).map(({ outcome }) => outcome), ["failed"]);
    assert.equal(
      (await a.cron("j").run(run, () => {})).outcome,
      "ran",
      "the slot is not free again",
    );
    assert(Object.is((await caught(a.lead("g", throws)))[0], thrown));
    assert(Object.is((await caught(a.getLock("x").with(throws)))[0], thrown));
    assert.deepEqual([await a.getLeader("g"), await a.getLock("x").holders()], [null, []]);
  });
}

Deno.test("a leader whose work ends with a cycle of causes after it was told to stop has stopped", async () => {
  const scene = new Scene();
  const stop = new AbortController();
  const error = new Error("round");
  error.cause = new Error("and round", { cause: error });
  const leading = scene.member("a").lead("g", async ({ signal }) => {
    await new Promise<void>((go) => signal.addEventListener("abort", () => go()));
    throw error;
  }, { signal: stop.signal });
  await settled();
  stop.abort();
  await assert.rejects(leading, (thrown) => thrown === error);
  assert.equal(await scene.member("b").getLeader("g"), null);
});

/** What goes on through an outage, and the event that reports it. */
const THROUGH_OUTAGES: Readonly<
  Record<string, readonly [event: string, begin: (a: Coordinator, signal: AbortSignal) => unknown]>
> = {
  "lead()": ["campaign-failed", (a, signal) => a.lead("g", () => {}, { signal })],
  "events()": ["tick-failed", async (a, signal) => {
    for await (const _ of a.events({ watch: ["g"], signal }));
  }],
  "a wait": [
    "acquire-failed",
    (a, signal) => a.getLock("x").hold({ signal }).catch(() => {}),
  ],
};

for (const [what, [event, begin]] of Object.entries(THROUGH_OUTAGES)) {
  Deno.test(`${what} that nobody observes says once that the backend does not serve it; an observer replaces that`, async () => {
    const said: string[] = [];
    const output = globalThis["console"];
    const { warn } = output;
    output.warn = (text: string) => void said.push(text);
    try {
      for (const on of [undefined, () => {}]) {
        const scene = new Scene();
        await scene.member("b").getLock("x").hold({ ttl: 3_600_000 });
        const stop = new AbortController();
        // A wait has been answered once, or what follows could be a wrong address.
        if (what === "a wait") scene.fates.push("pass");
        scene.fates.push(...Array<"lose-request">(200).fill("lose-request"));
        const going = begin(scene.member("a", { on }), stop.signal);
        await scene.runtime.advance(60_000);
        stop.abort();
        await going;
      }
    } finally {
      output.warn = warn;
    }
    assert.equal(said.length, 1, said.join("\n"));
    assert.match(said[0] ?? "", new RegExp(`${event}.*the request was lost.*option \`on\``));
  });
}
