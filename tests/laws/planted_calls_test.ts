/**
 * Bugs in how a whole call is answered, and in what is left after a restart: the suite must notice
 * them. Bugs of single operations are in `planted_operations_test.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { checkOps } from "../../drivers/kit/check.ts";
import type { Outcome } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { type Backend, onFakeClock, restartCases } from "../conformance/mod.ts";
import { planted } from "./planted.ts";

const turn = () => new Promise((resolve) => setTimeout(resolve));

planted("a batch stops at its first refusal", "a refused operation stops none", (inner) => ({
  ...inner,
  async apply(ops) {
    const outcomes = await inner.apply(ops);
    const end = outcomes.findIndex(({ ok }) => !ok);
    return end < 0 ? outcomes : outcomes.map((it, n) => n > end ? { ok: false, leases: [] } : it);
  },
}));
planted("a batch is run backwards", "operations run in the order given", (inner) => ({
  ...inner,
  apply: async (ops, options) => (await inner.apply(ops.toReversed(), options)).toReversed(),
}));
planted(
  "operations are checked one by one as they run",
  "an id or value that is ill-formed",
  (inner) => ({
    ...inner,
    async apply(ops, options) {
      const outcomes = [];
      for (const op of ops) outcomes.push(...await inner.apply([op], options));
      return outcomes;
    },
  }),
);
planted("an unfit ttl is quietly mended", "a ttl that is no whole number", (inner) => ({
  ...inner,
  apply: (ops, options) => {
    const mend = (ttl: number) => Math.min(Math.max(1, Math.round(ttl) || 1), 2 ** 31 - 1);
    return inner.apply(ops.map((op) => "ttl" in op ? { ...op, ttl: mend(op.ttl) } : op), options);
  },
}));
planted(
  "a bad argument is thrown and not a rejection",
  "an id or value that is ill-formed",
  (inner) => ({
    ...inner,
    apply: (ops, options) => {
      checkOps(ops, 1);
      return inner.apply(ops, options);
    },
  }),
);
planted(
  "an error has the code of Baton's and is not Baton's",
  "an id or value that is ill-formed",
  (inner) => ({
    ...inner,
    apply: (ops, options) =>
      inner.apply(ops, options).catch((error) => {
        throw Object.assign(new Error(error.message), { code: error.code });
      }),
  }),
);
planted("the signal is ignored", "a signal aborted before the call", (inner) => ({
  ...inner,
  apply: (ops) => inner.apply(ops),
}));
planted("an abort on the way is answered with a refusal", "an abort on the way", (inner) => ({
  ...inner,
  async apply(ops, { signal } = {}) {
    const outcomes = await inner.apply(ops);
    await turn();
    return signal?.aborted ? ops.map(() => ({ ok: false, leases: [] })) : outcomes;
  },
}));
planted("a handle believes what it saw before", "a handle remembers nothing", (inner) => {
  const seen = new Map<string, readonly Outcome[]>();
  return {
    ...inner,
    async apply(ops, options) {
      const key = JSON.stringify(ops);
      const outcomes = seen.get(key) ?? await inner.apply(ops, options);
      if (ops.every(({ op }) => op === "acquire")) seen.set(key, outcomes);
      return outcomes;
    },
  };
});

/** A memory that is emptied by its restart, which takes a minute, or is not. */
function restarting(durability: "process" | "disk", forgets: boolean, from = 0): Backend {
  let emptied = () => {};
  const backend = onFakeClock((now) => {
    let inner = memory({ now });
    emptied = () => inner = forgets ? memory({ now: () => now() - from }) : inner;
    const guarantees = { ...inner.guarantees, durability };
    return () => ({ ...inner, guarantees, apply: (ops, options) => inner.apply(ops, options) });
  });
  const restart = () => {
    emptied();
    return Promise.resolve();
  };
  return { ...backend, restart };
}

Deno.test("the suite lets a restart forget what is not promised and keep what is", async () => {
  for (const backend of [restarting("process", true, -60_000), restarting("disk", false)]) {
    for (const { run } of restartCases) await run(backend);
  }
});

Deno.test("the suite notices that a restart loses what should be on disk", async () => {
  const failed = await failures(restarting("disk", true, -60_000));
  assert.ok(failed.some((name) => name.includes("a lease survives a restart whole")), `${failed}`);
});

Deno.test("the suite notices that tokens begin anew after a restart", async () => {
  const failed = await failures(restarting("process", true, 1e12));
  assert.ok(failed.some((name) => name.includes("the token grows across")), `${failed}`);
});

async function failures(backend: Backend): Promise<string[]> {
  const failed = [];
  for (const { name, run } of restartCases) {
    if (await run(backend).then(() => false, () => true)) failed.push(name);
  }
  return failed;
}
