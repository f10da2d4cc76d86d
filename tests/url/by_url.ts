/**
 * A coordinator of a URL for as long as a test works with it, and the errors of URLs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { CoordinationError, Coordinator } from "../../mod.ts";
import { until } from "../servers/process.ts";
import type { RedisServer } from "../servers/redis.ts";
import { getCoordinator, type UrlOptions } from "../../url.ts";

export const SECRET = "s3cr3t-of-the-url";

/** Works with a coordinator of a URL, and stops it whatever happens. */
export async function by<T>(
  url: string,
  work: (baton: Coordinator) => Promise<T>,
  options: UrlOptions = {},
): Promise<T> {
  const baton = await getCoordinator(url, "me", options);
  try {
    return await work(baton);
  } finally {
    await baton[Symbol.asyncDispose]();
  }
}

/** The error of a first request, which repeats no secret. */
export async function failure(url: string, options?: UrlOptions): Promise<CoordinationError> {
  return await by(url, async (baton) => {
    const error = await baton.start().then(() => assert.fail("it started"), (error) => error);
    assert(!inspect(error, { showHidden: true, depth: 9 }).includes(SECRET), inspect(error));
    return error;
  }, options);
}

/** Makes a server a replica of another, and answers a client of it. */
export async function replica(server: RedisServer, primary: RedisServer) {
  // It would wait five seconds for further replicas.
  await primary.client().call("config", "set", "repl-diskless-sync-delay", "0");
  const admin = server.client();
  await admin.call("replicaof", "127.0.0.1", `${primary.port}`);
  await until("it is a replica", async () => `${await admin.call("role")}`.includes("connected"));
  return admin;
}
