/** Operations and outcomes as texts: what comes back, and what is refused. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Lease, Op, Outcome } from "../../../drivers/driver.ts";
import {
  CODEC_VERSION,
  decodeOps,
  decodeOutcomes,
  encodeOps,
  encodeOutcomes,
} from "../../../drivers/kit/codec.ts";
import { InvalidArgument, UnknownOutcome } from "../../../errors.ts";
import { HOSTILE } from "../../conformance/hostile.ts";

const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...HOSTILE));
const ttl = fc.oneof(fc.integer({ min: 1, max: 2 ** 31 - 1 }), fc.constant(Infinity));
const guard = fc.record({ when: fc.constantFrom("held", "vacant"), resource: text, seat: text }, {
  requiredKeys: ["when", "resource"],
});
const whole = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** Any operation; what may be missing is missing now and then. */
const anyOp = fc.oneof(
  fc.record({
    ...{ op: fc.constant("acquire"), resource: text, seat: text, id: text, ttl, value: text },
    ...{ guard, patience: whole },
  }, { requiredKeys: ["op", "resource", "seat", "id", "ttl", "value"] }),
  fc.record({ op: fc.constant("renew"), resource: text, seat: text, id: text, ttl, value: text }, {
    requiredKeys: ["op", "resource", "seat", "id", "ttl"],
  }),
  fc.record({ op: fc.constant("release"), resource: text, seat: text, id: text, guard }, {
    requiredKeys: ["op", "resource", "seat"],
  }),
  fc.record({
    ...{ op: fc.constant("inspect"), resource: text, seat: text },
    ...{ limit: whole, before: text },
  }, { requiredKeys: ["op", "resource"] }),
  fc.record({ op: fc.constant("list"), prefix: text, after: text, limit: whole }, {
    requiredKeys: ["op", "prefix", "limit"],
  }),
) as fc.Arbitrary<Op>;

const left = fc.oneof(
  fc.constant(Infinity),
  fc.double({ min: 2 ** -20, max: 1e9, noNaN: true, noDefaultInfinity: true }),
);
const lease: fc.Arbitrary<Lease> = fc.record({
  ...{ seat: text, id: text, value: text, left },
  token: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
});

/** A batch, and an answer that fits it. */
const answered = fc.array(anyOp, { maxLength: 6 }).chain((ops) =>
  fc.tuple(fc.constant(ops), fc.tuple(...ops.map(outcomeOf)))
) as fc.Arbitrary<[Op[], Outcome[]]>;

function outcomeOf(op: Op): fc.Arbitrary<Outcome> {
  if (op.op === "list") {
    const after = text.filter(Boolean);
    const listed = fc.tuple(lease, text).map(([it, resource]) => ({ resource, ...it }));
    return fc.record({ ok: fc.constant(true), leases: fc.array(listed), after }, {
      requiredKeys: ["ok", "leases"],
    }) as fc.Arbitrary<Outcome>;
  }
  if (op.op === "inspect" && op.limit !== undefined) {
    return fc.record({ ok: fc.constant(true), leases: fc.array(lease), after: text }, {
      requiredKeys: ["ok", "leases"],
    }) as fc.Arbitrary<Outcome>;
  }
  const refused = fc.record({ ok: fc.boolean(), leases: fc.array(lease) });
  if (op.op !== "acquire") return refused;
  const granted = lease.map((it) => ({ ok: true, leases: [{ ...it, id: op.id, seat: op.seat }] }));
  return fc.oneof(refused.map((it) => ({ ...it, ok: false })), granted);
}

Deno.test("every batch comes back from its text as it was", () => {
  fc.assert(fc.property(fc.array(anyOp, { maxLength: 6 }), (ops) => {
    assert.deepEqual(decodeOps(encodeOps(ops)), plain(ops));
  }));
});

Deno.test("every answer comes back from its text as it was, and without what is not known", () => {
  fc.assert(fc.property(answered, ([ops, outcomes]) => {
    assert.deepEqual(decodeOutcomes(encodeOutcomes(outcomes), ops), plain(outcomes));
    const more = outcomes.map((outcome) => ({
      ...outcome,
      leases: outcome.leases.map((it) => ({ ...it, row: 7 })),
      debug: true,
    }));
    assert.equal(encodeOutcomes(more), encodeOutcomes(outcomes));
  }));
});

Deno.test("a text that was changed anywhere is refused, or is a text of what it says", () => {
  const change = fc.record({ at: fc.nat(), by: fc.constantFrom("", "0", "x", '"', ",", "null") });
  fc.assert(
    fc.property(answered, change, ([ops, outcomes], { at, by }) => {
      const changed = (source: string): string => {
        const from = at % source.length;
        return source.slice(0, from) + by + source.slice(from + 1);
      };
      const batch = changed(encodeOps(ops));
      const decoded = attempt(() => decodeOps(batch), "InvalidArgument");
      if (decoded) assert.deepEqual(decodeOps(encodeOps(decoded)), decoded);
      const answer = changed(encodeOutcomes(outcomes));
      const read = attempt(() => decodeOutcomes(answer, ops), "UnknownOutcome");
      if (read) assert.deepEqual(decodeOutcomes(encodeOutcomes(read), ops), read);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("any JSON at all is refused with an error of Baton's", () => {
  fc.assert(fc.property(fc.json(), (source) => {
    assert.throws(() => decodeOps(source), { name: "InvalidArgument" });
    assert.throws(() => decodeOutcomes(source, []), { name: "UnknownOutcome" });
  }));
});

const OP = { op: "acquire", resource: "r", seat: "s", id: "secret-id", ttl: 1_000, value: "v" };
const GRANT = { seat: "s", id: "secret-id", token: 7, value: "v", left: 1_000 };

Deno.test("each field of a batch must be there, known, and of its type", () => {
  const refused = (op: unknown, said: RegExp): void => {
    const source = JSON.stringify({ v: CODEC_VERSION, ops: [OP, op] });
    assert.throws(() => decodeOps(source), (error: Error) => {
      assert.ok(error instanceof InvalidArgument);
      assert.match(error.message, said);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  };
  for (const [key, odd] of Object.entries({ resource: 1, seat: null, id: [], value: {}, op: 3 })) {
    const { [key as "seat"]: _, ...rest } = OP;
    refused(rest, /ops\[1\]/);
    refused({ ...OP, [key]: odd }, /ops\[1\]/);
  }
  for (const ttl of ["infinity", null, "1000", {}, undefined]) refused({ ...OP, ttl }, /\.ttl is/);
  refused(
    { ...OP, priority: 1 },
    /a field "priority" that this side does not know; is the sender newer/,
  );
  refused({ ...OP, "secret field": 1 }, /a field that this side does not know/);
  refused({ ...OP, patience: 0.5 }, /\.patience is not a whole number/);
  refused(
    { ...OP, guard: { when: "full", resource: "r" } },
    /\.guard\.when is not one of held, vacant/,
  );
  refused({ ...OP, guard: { when: "held", resource: "r", id: "x" } }, /\.guard has a field "id"/);
  refused({ ...OP, guard: null }, /\.guard is not an object/);
  refused({ op: "renew", resource: "r", seat: "", id: "i", ttl: 1, patience: 1 }, /"patience"/);
  refused({ op: "list", prefix: "", limit: "7" }, /\.limit is not a whole number/);
  refused({ op: "list", resource: "", limit: 7 }, /"resource"/);
  refused({ ...OP, op: "steal" }, /not an operation that this side knows; is the sender newer/);
  refused({ ...OP, op: "toString" }, /not an operation that this side knows/);
  refused(null, /not an operation/);
  assert.throws(
    () => decodeOps(`{"v":1,"ops":[{"op":"inspect","resource":"r","__proto__":{"seat":"s"}}]}`),
    InvalidArgument,
  );
  const huge = JSON.stringify({ v: 1, ops: [OP] }).replace("1000", "1e999");
  assert.throws(() => decodeOps(huge), /\.ttl is neither a number nor "Infinity"/);
});

Deno.test("an answer must fit its batch, and each of its fields its type", () => {
  const ops = [OP] as Op[];
  const unknown = (outcomes: unknown, said: RegExp, asked = ops): void => {
    const source = JSON.stringify({ v: CODEC_VERSION, outcomes });
    assert.throws(() => decodeOutcomes(source, asked), (error: Error) => {
      assert.ok(error instanceof UnknownOutcome && error.retryable);
      assert.match(error.message, said);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  };
  const lease = (change: object) => [{ ok: true, leases: [{ ...GRANT, ...change }] }];
  assert.equal(decodeOutcomes(encodeOutcomes(lease({}) as Outcome[]), ops).length, 1);
  unknown([], /0 outcomes for 1 operations/);
  unknown([...lease({}), ...lease({})], /2 outcomes for 1 operations/);
  unknown(lease({ id: "secret-other" }), /grants a different lease/);
  unknown(lease({ seat: "other" }), /grants a different lease/);
  unknown([{ ok: true, leases: [] }], /grants a different lease/);
  unknown([{ ok: true, leases: [GRANT, GRANT] }], /grants a different lease/);
  for (const token of [-1, 1.5, "7", 2 ** 53, null]) unknown(lease({ token }), /\.token is no/);
  unknown(lease({ resource: "r" }), /a field "resource"/);
  unknown(lease({ left: null }), /\.left is neither a number/);
  unknown([{ ok: 1, leases: [GRANT] }], /\.ok is not true or false/);
  unknown([{ ok: false, leases: {} }], /\.leases is not a list/);
  unknown([{ ok: false, leases: [], after: "x" }], /"after"/);
  const listed = [{ ok: true, leases: [GRANT] }];
  unknown(listed, /\.resource is not a text/, [{ op: "list", prefix: "", limit: 1 }]);
});

Deno.test("an error over another version says which side is older", () => {
  const of = (v: unknown, what: string) => JSON.stringify({ v, [what]: [], more: true });
  const ops = (v: unknown) => () => decodeOps(of(v, "ops"));
  const outcomes = (v: unknown) => () => decodeOutcomes(of(v, "outcomes"), []);
  assert.throws(ops(CODEC_VERSION + 1), /update Baton on this side, which is older/);
  assert.throws(ops(CODEC_VERSION - 1), /update Baton on the sender, which is older/);
  assert.throws(outcomes(CODEC_VERSION + 1), /update Baton on this side, which is older/);
  assert.throws(outcomes(CODEC_VERSION - 1), /update Baton on the backend, which is older/);
  // The same again would end the same.
  assert.throws(outcomes(2), { name: "UnknownOutcome", retryable: false });
  for (const v of ["1", null, 1.5, undefined]) {
    assert.throws(ops(v), /v is not a whole number|field "more"/);
  }
});

/** As JSON would have it: what is `undefined` is not there. */
function plain<T extends object>(all: readonly T[]): T[] {
  const present = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(present);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    return Object.fromEntries(entries.map(([key, each]) => [key, present(each)]));
  };
  return present(all) as T[];
}

function attempt<T>(work: () => T, name: string): T | undefined {
  try {
    return work();
  } catch (error) {
    assert.equal((error as Error).name, name);
    return undefined;
  }
}
