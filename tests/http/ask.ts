/** Requests to handlers, and what is true of every answer. */

import assert from "node:assert/strict";
import { settled } from "../core/fake_runtime.ts";
import type { Scene } from "../core/scene.ts";

/** A secret as long as it must be. */
export const SECRET = "s3cret-of-the-house";

/** Where requests go. */
export const ORIGIN = "https://app.example.com";

/** A request. */
export function request(path = "/", init: RequestInit = {}): Request {
  return new Request(`${ORIGIN}${path}`, init);
}

/** A trigger that knows the secret, or what is given. */
export function trigger(path = "/", authorization = `Bearer ${SECRET}`): Request {
  return request(path, { method: "POST", headers: { authorization } });
}

/** What a problem says, checked for what every problem must be. */
export interface Said {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly holder?: string;
  readonly leader?: string;
  readonly error?: string;
  readonly retryAfter: string | null;
}

/** Reads a problem. */
export async function problemOf(response: Response): Promise<Said> {
  const { headers, status } = response;
  assert.equal(headers.get("content-type"), "application/problem+json");
  assert.equal(headers.get("cache-control"), "no-store");
  const body = JSON.parse(await unleaked(response));
  assert.equal(body.type, "about:blank");
  assert.equal(body.status, status);
  assert.equal(typeof body.title, "string");
  assert.equal(typeof body.detail, "string");
  return { ...body, retryAfter: headers.get("retry-after") };
}

/** The body of a response, with no secret and no lease id in it or in its headers. */
export async function unleaked(response: Response): Promise<string> {
  const text = await response.text();
  const all = text + JSON.stringify([...response.headers]);
  assert(!all.includes(SECRET), all);
  assert(!/\bid-\d/.test(all), all);
  return text;
}

/** Waits, in real time, until a scene's wire has seen `count` requests: hashing takes its own time. */
export async function sentBy(scene: Scene, count: number): Promise<void> {
  while (scene.sent.length < count) await settled();
}
