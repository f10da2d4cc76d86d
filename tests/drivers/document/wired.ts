/** Stores over HTTP whose answers the test chooses: what goes to them, field by field, and what they are taken for. */
import assert from "node:assert/strict";
import type { Driver } from "../../../drivers/driver.ts";
import type { CoordinationError } from "../../../errors.ts";
import { acquire, inspect } from "../../conformance/operations.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";
import { batonErrorOf } from "../../tools/shown.ts";

const DATE = "Fri, 15 Jan 2027 08:00:00 GMT";
/** The same in ms since 1970. */
export const NOW = 1_800_000_000_000;

export interface Sent {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
}

/** An answer: its status, its body and more headers. */
export type Answer = readonly [status: number, body?: unknown, headers?: Record<string, string>];

/** Runs work whose requests are answered in turn, and returns what was sent. */
export async function wired(
  answers: readonly Answer[],
  work: () => Promise<unknown>,
): Promise<Sent[]> {
  const sent: Sent[] = [];
  await whileFetchIs((url, init) => {
    assert.equal(init?.redirect, "manual");
    const { method = "", headers, body } = init ?? {};
    sent.push({
      method,
      url: new URL(String(url)),
      headers: new Headers(headers),
      body: `${body}`,
    });
    const [status, answer = "", more] = answers[sent.length - 1] ??
      assert.fail("one more was sent");
    const text = typeof answer === "string" ? answer : JSON.stringify(answer);
    return Promise.resolve(new Response(text, { status, headers: { date: DATE, ...more } }));
  }, work);
  return sent;
}

/** The error of an operation that is answered so. */
export async function errorOf(
  driver: Driver,
  answers: readonly Answer[],
  op = acquire("lock:a"),
): Promise<CoordinationError> {
  let error: CoordinationError | undefined;
  const sent = await wired(answers, async () => {
    error = await batonErrorOf(driver.apply([op]));
  });
  assert.equal(sent.length, answers.length, "each was asked for");
  return error!;
}

/** Where the first request of a URL goes, and with which credential. */
export async function asked(driver: Driver): Promise<readonly [string, string | null]> {
  const [{ url, headers } = assert.fail()] = await wired([[500]], async () => {
    await batonErrorOf(driver.apply([inspect("x")]));
  });
  return [url.origin + url.pathname, headers.get("authorization")];
}

/** Without an answer, the error says whether there was a connection, and whether TLS began. */
export async function unanswered(driver: Driver): Promise<void> {
  const of = (code: string) =>
    new TypeError("s3cr3t", { cause: Object.assign(new Error(), { code }) });
  for (
    const [error, code, retryable, words] of [
      [of("ECONNREFUSED"), "connection", true, /\(no connection, ECONNREFUSED\); check the URL/],
      [of("ECONNRESET"), "unknown-outcome", true, /\(a broken connection, ECONNRESET\)/],
      [new TypeError("fetch failed"), "unknown-outcome", true, /\(a broken connection\)/],
      [
        new TypeError("x", { cause: new Error("self-signed certificate") }),
        "connection",
        false,
        /nothing was written .*; check whether the port speaks TLS/,
      ],
    ] as const
  ) {
    const told = await whileFetchIs(
      () => Promise.reject(error),
      () => batonErrorOf(driver.apply([acquire("lock:a")])),
    );
    assert.deepEqual([told.code, told.retryable], [code, retryable], told.message);
    assert.match(told.message, words);
    assert.doesNotMatch(told.message, /s3cr3t/);
  }
}

/** A document with nothing in it. */
export const EMPTY = '{"baton":1,"writes":7,"writers":[],"last":0,"leases":[]}';
