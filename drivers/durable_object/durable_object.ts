/**
 * Leases in a Durable Object of Cloudflare's, over a binding: a Worker needs no other service.
 *
 * One object holds all leases of a driver, and does one thing after the other. It takes about a thousand
 * requests a second, and it is at one place of the world: near the first who called it, or where
 * `locationHint` says. Callers that are far away wait for the way there and back. For more, or for another
 * place, use another object: its leases are its own.
 *
 * It holds a request that waits for a lock (`guarantees.push`), and serves those who wait in the order in
 * which they came. While anybody waits, Cloudflare bills the object's duration. It is not a way around the
 * limits of a Worker: a call that is lost counts as unknown, and is sent again.
 *
 * @module
 */

import { ConnectionError } from "../../errors.ts";
import type { Driver, Guarantees, Op, Outcome } from "../driver.ts";
import { checkText, refuse } from "../kit/check.ts";
import { CODEC_VERSION, decodeOutcomes, encodeOps } from "../kit/codec.ts";
import { failure, noAnswer, type Verdict } from "../kit/failure.ts";
import { nonces } from "../kit/nonce.ts";
import { checkOptions } from "../kit/options.ts";
import { plain } from "../kit/plain_words.ts";
import { APPLY, checkBatch, LEAVE, MIN_TTL, type Refusal, REFUSED } from "./protocol.ts";

export { BatonObject, type ObjectState } from "./object.ts";
export type { SqlRow, SqlValue } from "../sqlite/table.ts";

/** Where Cloudflare may place an object: a part of the world, such as `"weur"` for Western Europe. */
export type LocationHint =
  | "wnam"
  | "enam"
  | "sam"
  | "weur"
  | "eeur"
  | "apac"
  | "oc"
  | "afr"
  | "me";

/** The part of Cloudflare's `DurableObjectNamespace` that is used: a binding, such as `env.BATON`. */
export interface ObjectNamespace<Id = unknown> {
  /** The id of the object with this name. */
  idFromName(name: string): Id;
  /** A way to this object. */
  get(id: Id, options?: { locationHint?: LocationHint }): ObjectStub;
}

/** A way to an object. */
export interface ObjectStub {
  /** Sends a request to it. */
  fetch(
    url: string,
    init: { method: string; body?: string; signal?: AbortSignal },
  ): Promise<{ readonly status: number; text(): Promise<string> }>;
}

/** How the driver is made. */
export interface DurableObjectOptions {
  /** The object's name. Objects with different names share nothing. Default: `"baton"`. */
  object?: string | undefined;
  /** Where Cloudflare places the object when it is used for the first time. Default: near its caller. */
  locationHint?: LocationHint | undefined;
}

const NAME = "durable-object";

const GUARANTEES: Guarantees = {
  consistency: "linearizable",
  clock: "server",
  durability: "replicas",
  push: true,
  minTtl: MIN_TTL,
};

/**
 * Makes the driver. It makes no request; the first operation does.
 *
 * @param namespace The binding of the class {@link BatonObject}.
 * @example
 * ```ts
 * import { cronJob } from "@baton/baton/cron";
 * import { durableObject, type ObjectNamespace } from "@baton/baton/drivers/durable-object";
 *
 * export { BatonObject } from "@baton/baton/drivers/durable-object";
 *
 * export default {
 *   async scheduled(event: { scheduledTime: number }, env: { BATON: ObjectNamespace }) {
 *     const job = cronJob(durableObject(env.BATON), "invoices");
 *     await job.run({ slot: event.scheduledTime }, () => fetch("https://example.com/send"));
 *   },
 * };
 * ```
 * @throws {InvalidArgument} when this is not such a binding, or an option cannot be right.
 */
export function durableObject<Id>(
  namespace: ObjectNamespace<Id>,
  options: DurableObjectOptions = {},
): Driver {
  if (typeof namespace?.idFromName !== "function") {
    refuse(
      "Durable Object",
      "it is not a binding of a class. Is it under durable_objects in wrangler.jsonc?",
    );
  }
  checkOptions(options, "object locationHint");
  const { object = "baton", locationHint } = options;
  checkText("object", object, 1, 512);
  const place = locationHint === undefined ? undefined : { locationHint };
  const nonce = nonces();
  return {
    name: NAME,
    guarantees: GUARANTEES,
    async apply(ops, { signal, beforeRequest } = {}) {
      checkBatch(ops);
      signal?.throwIfAborted();
      if (ops.length === 0) return [];
      const text = encodeOps(ops);
      const call = `?${nonce()}`;
      beforeRequest?.();
      let stub: ObjectStub | undefined;
      try {
        // A new one for each call: one that has met an error may meet it for ever.
        stub = namespace.get(namespace.idFromName(object), place);
        const init = { method: "POST", body: text, ...signal && { signal } };
        const response = await stub.fetch(`https://baton${APPLY}${call}`, init);
        return read(response.status, await response.text(), ops, text);
      } catch (error) {
        // Not every Worker's flags tell the object that we are gone.
        if (signal?.aborted && stub && ops.some(mayWait)) leave(stub, call, beforeRequest);
        throw failure(NAME, error, judge(text), signal);
      }
    },
  };
}

/** The outcomes in an answer. */
function read(status: number, body: string, ops: readonly Op[], sent: string): Outcome[] {
  if (status === 200) return decodeOutcomes(body, ops);
  const { refused, knows } = refusalIn(status, body);
  if (typeof refused !== "string") throw noAnswer(NAME, `status ${status}, ${plain(body, sent)}`);
  const why = knows === undefined || knows === CODEC_VERSION
    ? plain(refused, sent)
    : strange(knows);
  throw new ConnectionError(`${NAME} refused the request, so nothing was written: ${why}`, {
    // A deployment takes its time to arrive everywhere.
    retryable: knows !== undefined,
  });
}

function refusalIn(status: number, body: string): Partial<Refusal> {
  try {
    return status === REFUSED ? Object(JSON.parse(body)) : {};
  } catch {
    return {};
  }
}

function strange(knows: unknown): string {
  const [older, what] = Number(knows) < CODEC_VERSION
    ? ["class BatonObject", "deploy the Worker that exports it, with this version of Baton"]
    : ["Worker", "deploy it with the Baton of the class BatonObject"];
  return `this ${older} has an older Baton, so they do not understand each other; ${what}`;
}

function mayWait(op: Op): boolean {
  return op.op === "acquire" && (op.patience ?? 0) > 0;
}

/** Ends a wait. The call does not wait for that. */
function leave(stub: ObjectStub, call: string, beforeRequest: (() => void) | undefined): void {
  try {
    beforeRequest?.();
    const left = stub.fetch(`https://baton${LEAVE}${call}`, { method: "POST" });
    left.then((response) => response.text()).catch(() => {});
  } catch {
    // Then the object grants it, and the lease ends after its ttl.
  }
}

function judge(sent: string): (error: unknown) => Verdict {
  return (error) => ({
    said: plain(error, sent),
    // Only then Cloudflare says that it has not even given the request to the object.
    refused: Object(error).overloaded === true,
    mayPass: true,
    advice: "the object has too much to do, so try again later, or use more objects",
  });
}
