/**
 * Bugs in how requests are sent, reported and lost, each of which a law of the suite must notice.
 *
 * @module
 */

import type { Driver, Op, Outcome } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { codeOf, ConnectionError, UnknownOutcome } from "../../errors.ts";
import { casesFor, onFakeClock } from "../conformance/mod.ts";
import { planted, plantedIn } from "./planted.ts";
import { type Send, soundly, wired } from "../backends/wired.ts";

/** A bug in how a request is sent. */
const sending = (bug: string, law: string, send: Send): void =>
  plantedIn(bug, law, () => wired(send));

sending("every request is the same", "no request is the same", async (wire, batch, options) => {
  options.beforeRequest?.();
  return await wire(batch, options);
});
let turns = 0;
sending("a nonce comes again", "no request is the same", async (wire, batch, options) => {
  options.beforeRequest?.();
  return await wire(`${turns++ % 16} ${batch}`, options);
});
sending("nothing is reported", "every operation reports", (wire, batch, options) => {
  return soundly()(wire, batch, { ...options, beforeRequest: undefined });
});
sending("a list is not reported", "every operation reports", (wire, batch, options) => {
  const { beforeRequest, ...rest } = options;
  return soundly()(wire, batch, /"op":"list"/.test(batch) ? rest : { ...rest, beforeRequest });
});
sending("a request is reported twice", "as many requests", async (wire, batch, options) => {
  options.beforeRequest?.();
  return await soundly()(wire, batch, options);
});
sending("a request is sent twice", "as many requests", async (wire, batch, options) => {
  await soundly()(wire, batch, options);
  return await soundly()(wire, batch, { ...options, beforeRequest: undefined });
});
sending(
  "a request is reported when it is over",
  "a request that was forbidden",
  async (...args) => {
    const [wire, batch, { beforeRequest, ...options }] = args;
    const answer = await soundly()(wire, batch, options);
    beforeRequest?.();
    return answer;
  },
);
sending("what forbids a request is hidden", "a request that was forbidden", async (...args) => {
  try {
    return await soundly()(...args);
  } catch (error) {
    throw codeOf(error) === "connection" ? new UnknownOutcome("it was not sent") : error;
  }
});
planted("what was aborted is reported", "every operation reports", (inner) => ({
  ...inner,
  async apply(ops, options) {
    options?.beforeRequest?.();
    return await inner.apply(ops, { ...options, beforeRequest: undefined });
  },
}));

/** Sends one request for each operation; says of a batch that stops half way what `failure` says. */
const oneByOne =
  (failure: (error: unknown, done: number) => unknown) => (inner: Driver): Driver => ({
    ...inner,
    async apply(ops, options) {
      await inner.apply([], options);
      const outcomes: Outcome[] = [];
      for (const op of ops) {
        try {
          outcomes.push(...await inner.apply([op], options));
        } catch (error) {
          throw failure(error, outcomes.length);
        }
      }
      return outcomes;
    },
  });

planted(
  "a batch that stops half way says that nothing happened",
  "a batch that was forbidden half way",
  oneByOne((error) => error),
);
planted(
  "a batch that stops half way says a word of its own",
  "a batch that was forbidden half way",
  oneByOne((error, done) => done > 0 ? new ConnectionError("it stopped half way") : error),
);
planted(
  "a batch that stops half way is answered",
  "a batch that was forbidden half way",
  (inner) => ({
    ...inner,
    async apply(ops, options) {
      await inner.apply([], options);
      const outcomes: Outcome[] = [];
      for (const op of ops) {
        const outcome = await inner.apply([op], options).catch((error) => {
          if (outcomes.length === 0) throw error;
          return [{ ok: true, leases: [] }];
        });
        outcomes.push(...outcome);
      }
      return outcomes;
    },
  }),
);
plantedIn(
  "a batch that never began is unknown",
  "a batch that was forbidden half way",
  () =>
    wired((wire, batch, options) =>
      soundly()(wire, batch, options).catch(() => {
        throw new UnknownOutcome("who knows");
      })
    ),
);
Deno.test("the suite finds nothing wrong with a driver that sends each operation by itself", async () => {
  const laws = ["rule 15", "rule 1:", "rule 10"];
  const backend = wired();
  const connect = async () => {
    const inner = await backend.connect();
    return oneByOne((error, done) => done > 0 ? new UnknownOutcome("it stopped half way") : error)(
      inner,
    );
  };
  for (const { name, run } of await casesFor(backend)) {
    if (laws.some((law) => name.startsWith(law))) await run({ ...backend, connect });
  }
});

/** Changes what becomes of a call that fails. */
const failing =
  (make: (ops: readonly Op[], error: unknown) => readonly Outcome[]) => (inner: Driver) => ({
    ...inner,
    apply: (...[ops, options]: Parameters<Driver["apply"]>) =>
      inner.apply(ops, options).catch((error: unknown) => {
        if (codeOf(error) === undefined && error instanceof TypeError) return make(ops, error);
        throw error;
      }),
  });

planted(
  "a lost reply is a refusal",
  "when a reply is cut",
  failing((ops) => ops.map(() => ({ ok: false, leases: [] }))),
);
planted(
  "a lost reply is a failed connection",
  "when a reply is cut",
  failing(() => {
    throw new ConnectionError("not reached, so nothing was written");
  }),
);
planted(
  "a lost request is the caller's fault",
  "of a request that was cut nothing",
  failing(() => {
    throw Object.assign(new ConnectionError("bad"), { code: "invalid-argument" });
  }),
);
const late: Op[] = [];
planted("a lost request is sent later", "of a request that was cut nothing", (inner) => ({
  ...inner,
  async apply(ops, options) {
    try {
      for (const op of late) await inner.apply([op]);
      late.length = 0;
      return await inner.apply(ops, options);
    } catch (error) {
      if (error instanceof TypeError) late.push(...ops);
      throw error;
    }
  },
}));
planted("a driver sends again by itself", "an acquire that was cut", (inner) => ({
  ...inner,
  apply: (ops, options) =>
    inner.apply(ops, options).catch((error) => {
      if (error instanceof TypeError) return inner.apply(ops, options);
      throw error;
    }),
}));
planted("a replay is a new acquisition", "an acquire that was cut", (inner) => {
  const failed = new Set<string>();
  return {
    ...inner,
    async apply(ops, options) {
      for (const op of ops) {
        if (op.op !== "acquire" || !failed.has(op.id)) continue;
        const { resource, seat, id } = op;
        await inner.apply([{ op: "release", resource, seat, id }]);
      }
      try {
        return await inner.apply(ops, options);
      } catch (error) {
        for (const op of ops) if (op.op === "acquire") failed.add(op.id);
        throw error;
      }
    },
  };
});
planted("a renewal is not done a second time", "a renewal, a release and a batch", (inner) => {
  const failed = new Set<string>();
  return {
    ...inner,
    async apply(ops, options) {
      const again = ops.some((op) => op.op === "renew" && failed.has(op.id));
      if (again) return ops.map(() => ({ ok: false, leases: [] }));
      try {
        return await inner.apply(ops, options);
      } catch (error) {
        for (const op of ops) if (op.op === "renew") failed.add(op.id);
        throw error;
      }
    },
  };
});
plantedIn("one handle empties all", "a handle may be disposable", () =>
  onFakeClock((now) => {
    let shared = memory({ now });
    return () => ({
      ...shared,
      apply: (ops, options) => shared.apply(ops, options),
      [Symbol.asyncDispose]: () => Promise.resolve(void (shared = memory({ now }))),
    });
  }));
plantedIn(
  "a handle takes its leases with it",
  "a handle may be disposable",
  () =>
    onFakeClock((now) => {
      const shared = memory({ now });
      return () => {
        const mine: Op[] = [];
        return {
          ...shared,
          apply: (ops, options) => {
            for (const op of ops) if (op.op === "acquire") mine.push({ ...op, op: "release" });
            return shared.apply(ops, options);
          },
          [Symbol.asyncDispose]: async () => void await shared.apply(mine),
        };
      };
    }),
);
