/**
 * Operations and outcomes as JSON texts, for a driver whose backend runs Baton, too, such as a
 * gateway or a Durable Object. It is strict: a text that is not exactly of this version is refused,
 * and nothing is guessed.
 *
 * ```json
 * {"v":1,"ops":[{"op":"acquire","resource":"lock:a","seat":"","id":"…","ttl":"Infinity","value":""}]}
 * {"v":1,"outcomes":[{"ok":true,"leases":[{"seat":"","id":"…","token":7,"value":"","left":1000}]}]}
 * ```
 *
 * Fields have the names and units of `driver.ts`. A `ttl` or `left` without end is the text
 * `"Infinity"`, because JSON has no such number. The texts hold ids, which are secrets.
 *
 * @module
 */

import { InvalidArgument, UnknownOutcome } from "../../errors.ts";
import type { Lease, Op, Outcome } from "../driver.ts";
import {
  count,
  endless,
  type Field,
  listOf,
  Mismatch,
  object,
  optional,
  text,
  truth,
  whole,
  word,
} from "./shape.ts";

/** The version of the texts. It is raised when an older reader would misunderstand them. */
export const CODEC_VERSION = 1;

type Shape<T> = Readonly<Record<keyof T, Field<unknown>>>;

const guard = optional(object({
  when: word("held", "vacant"),
  resource: text,
  seat: optional(text),
}));
const place = { op: text, resource: text, seat: text };

const OPS: { readonly [K in Op["op"]]: Shape<Extract<Op, { op: K }>> } = {
  acquire: { ...place, id: text, ttl: endless, value: text, guard, patience: optional(whole) },
  renew: { ...place, id: text, ttl: endless, value: optional(text) },
  release: { ...place, id: optional(text), guard },
  inspect: { ...place, seat: optional(text), limit: optional(whole), before: optional(text) },
  list: { op: text, prefix: text, after: optional(text), limit: whole },
};

const lease = { seat: text, id: text, token: count, value: text, left: endless };
const answer = { ok: truth, leases: listOf(object<Lease>(lease)) };
const ANSWER = object<Outcome>(answer);
const INSPECTED = object<Outcome>({ ...answer, after: optional(text) });
const LISTED = object<Outcome>({
  ok: truth,
  leases: listOf(object<Lease>({ ...lease, resource: text })),
  after: optional(text),
});

/** The text of a batch. It must fit the types of `driver.ts`. */
export function encodeOps(ops: readonly Op[]): string {
  return encode({ v: CODEC_VERSION, ops });
}

/**
 * The batch in a text. It does not check sizes and ranges; the driver that applies the batch does.
 *
 * @throws {InvalidArgument} when the text is not a batch of this version; the message says which
 * side is older. Nothing has been done then.
 */
export function decodeOps(source: string): Op[] {
  return decode(
    () => contents(source, "ops", anOp, "sender"),
    ({ message }) => new InvalidArgument(`Cannot use this batch, so nothing was done: ${message}`),
  );
}

/** The text of a batch's outcomes. Fields that are not in `driver.ts` are left out. */
export function encodeOutcomes(outcomes: readonly Outcome[]): string {
  const plain = outcomes.map(({ ok, leases, after }) => ({
    ok,
    leases: leases.map(({ resource, seat, id, token, value, left }) => (
      { resource, seat, id, token, value, left }
    )),
    after,
  }));
  return encode({ v: CODEC_VERSION, outcomes: plain });
}

/**
 * The outcomes in the answer to a batch.
 *
 * @param ops The batch. An answer that does not fit it is refused.
 * @throws {UnknownOutcome} when the text is not such an answer of this version, because the batch
 * may have been done. If one side is older, the message says which, and the error is not
 * `retryable`.
 */
export function decodeOutcomes(source: string, ops: readonly Op[]): Outcome[] {
  return decode(() => {
    const outcomes = contents(source, "outcomes", (value) => value, "backend");
    if (outcomes.length !== ops.length) {
      throw new Mismatch(`it has ${outcomes.length} outcomes for ${ops.length} operations`);
    }
    return ops.map((op, n) => outcomeOf(op, outcomes[n], `outcomes[${n}]`));
  }, ({ message, version }) =>
    new UnknownOutcome(
      `The backend gave no valid answer, so the outcome is unknown: ${message}`,
      { retryable: !version },
    ));
}

const anOp: Field<Op> = (value, at) => {
  const { op } = Object(value) as Partial<Op>;
  if (typeof op !== "string" || !Object.hasOwn(OPS, op)) {
    throw new Mismatch(`${at} is not an operation that this side knows; is the sender newer?`);
  }
  return object<Op>(OPS[op])(value, at);
};

function outcomeOf(op: Op, value: unknown, at: string): Outcome {
  const paged = op.op === "inspect" && op.limit !== undefined;
  const outcome = (op.op === "list" ? LISTED : paged ? INSPECTED : ANSWER)(value, at);
  const { ok, leases: [grant, ...others] } = outcome;
  if (op.op !== "acquire" || !ok) return outcome;
  if (grant?.id === op.id && grant.seat === op.seat && others.length === 0) return outcome;
  throw new Mismatch(`${at} grants a different lease from the one requested`);
}

function encode(all: object): string {
  return JSON.stringify(all, (_, value) => value === Infinity ? "Infinity" : value);
}

/** Returns what `read` returns; turns a mismatch into the error that `failure` makes of it. */
function decode<T>(read: () => T, failure: (mismatch: Mismatch) => Error): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Mismatch ? failure(error) : error;
  }
}

/** The list of operations or outcomes in a text of this version. */
function contents<T>(source: string, what: string, each: Field<T>, other: string): T[] {
  const all = parse(source);
  const { v } = Object(all) as { v?: unknown };
  if (Number.isSafeInteger(v) && v !== CODEC_VERSION) {
    const older = Number(v) > CODEC_VERSION ? "this side" : `the ${other}`;
    throw new Mismatch(
      `it is version ${v}, but this side knows version ${CODEC_VERSION}; update Baton on ${older}, ` +
        "which is older",
      true,
    );
  }
  return object<Record<string, T[]>>({ v: whole, [what]: listOf(each) })(all, "it")[what]!;
}

function parse(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    // The parser's own error repeats a part of the text, which may hold ids.
    throw new Mismatch("it is not JSON");
  }
}
