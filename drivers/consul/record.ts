/**
 * How a lease stands in Consul's KV store: `["ID",TTL,END]`, a line end, and the value as it is. The
 * value is not within the JSON, because that could make it six times as long, and Consul's limit is
 * 512 KB for all that a transaction writes.
 *
 * @module
 */

import type { Lease } from "../driver.ts";
import { decoded, encoded } from "../kit/base64.ts";
import { noAnswer } from "../kit/failure.ts";

/** The longest ttl of a session that Consul allows, in ms. */
export const LONGEST_SESSION = 86_400_000;

/** What is kept with a lease. */
export interface Record {
  /** The holder's id. */
  readonly id: string;
  /** In ms; `Infinity` for no end. */
  readonly ttl: number;
  /** The holder's text. */
  readonly value: string;
  /** When it ends on the agent's clock, in ms since 1970; 0 if its session ends it, or nothing does. */
  readonly ends: number;
}

/** A key, as Consul answers it. */
export interface Entry extends Record {
  /** Its session; `""` for none. */
  readonly session: string;
  /** The index of its grant. */
  readonly created: number;
  /** The index of its last change; `undefined` if it was not read but is known from the session. */
  readonly modified: number | undefined;
}

/** Whether a session ends a lease of that ttl. */
export function hasSession(ttl: number): boolean {
  return ttl <= LONGEST_SESSION;
}

/** The record of a lease that is granted or renewed at `now` on the agent's clock. */
export function recordOf({ id, value, left: ttl }: Lease, now: number): Record {
  return { id, ttl, value, ends: hasSession(ttl) || ttl === Infinity ? 0 : now + ttl };
}

/** A record's base64. No end is `0`, because JSON has no Infinity. */
export function encodeRecord({ id, ttl, value, ends }: Record): string {
  return encoded(`${JSON.stringify([id, ttl === Infinity ? 0 : ttl, ends])}\n${value}`);
}

/**
 * A key of an answer.
 *
 * @throws {TypeError} when it is not a lease of Baton's.
 */
export function entryIn(found: Found): Entry {
  const { Value, Session: session = "", CreateIndex: created, ModifyIndex: modified } = found;
  const text = decoded(Value ?? "");
  const line = text.indexOf("\n");
  const [id, ttl, ends] = JSON.parse(text.slice(0, line));
  const fits = typeof id === "string" && [ttl, ends, created, modified].every(Number.isSafeInteger);
  if (!fits || typeof session !== "string") throw new TypeError();
  return {
    id,
    ttl: ttl === 0 ? Infinity : ttl,
    value: text.slice(line + 1),
    ends,
    session,
    created,
    modified,
  };
}

/**
 * The fencing token of a lease whose key was made at this index.
 *
 * @throws {UnknownOutcome} when it is none that JavaScript can hold exactly.
 */
export function tokenOf(epoch: number, created = NaN): number {
  const token = epoch + created;
  if (Number.isSafeInteger(token)) return token;
  throw noAnswer("consul", "a token cannot be told from others");
}

/** A key with its value, in Consul's own words. */
export interface Found {
  /** The key. */
  readonly Key: string;
  /** In base64. `null` where a transaction writes it, or if it is empty. */
  readonly Value?: string | null;
  /** Missing if there is none. */
  readonly Session?: string;
  /** The index at which it was made. */
  readonly CreateIndex: number;
  /** The index of its last change. */
  readonly ModifyIndex: number;
}
