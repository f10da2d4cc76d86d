/**
 * What clients and proxies say when a connection breaks, or somebody else answers: it proves nothing,
 * so the outcome is unknown, whatever the words.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, UnknownOutcome } from "../../errors.ts";
import type { Driver, Op } from "../../drivers/driver.ts";
import { mysql } from "../../drivers/mysql/mysql.ts";
import { postgres } from "../../drivers/postgres/postgres.ts";
import { redis } from "../../drivers/redis/redis.ts";
import { upstash } from "../../drivers/redis/upstash.ts";
import { startBadServer } from "../security/bad_server.ts";

/** What clients of sockets say, and proxies. */
const WORDS = [
  ...["Connection is closed", "Connection is closed.", "connection closed", "Socket closed"],
  ...["Connection terminated", "Connection terminated unexpectedly", "Connection ended"],
  ...["Connection lost: The server closed the connection.", "Server closed the connection"],
  ...["Client has encountered a connection error and is not queryable", "Client was closed"],
  ...["read ECONNRESET", "write EPIPE", "socket hang up", "other side closed", "fetch failed"],
  ...["Stream isn't writeable and enableOfflineQueue options is false", "Command timed out"],
  ...["Query read timeout", "Pool is closed.", "Network error", "terminated", "aborted"],
  ...["Bad Gateway", "Gateway Timeout", "Gateway Time-out", "Service Unavailable", "Forbidden by"],
  ...[
    "Internal Server Error",
    "Too Many Requests",
    "upstream connect error",
    "no healthy upstream",
  ],
  ...["Reached the max retries per request limit (which is 20).", "Unexpected token '<'"],
];
/** Codes that come with them. */
const CODES = ["ECONNRESET", "EPIPE", "ETIMEDOUT", "PROTOCOL_CONNECTION_LOST", "UND_ERR_SOCKET"];

const OPS: readonly Op[] = [
  { op: "acquire", resource: "r", seat: "", id: "i", ttl: 1_000, value: "" },
  { op: "renew", resource: "r", seat: "", id: "i", ttl: 1_000 },
  { op: "release", resource: "r", seat: "", id: "i" },
];

/** A driver over a client of the user's own, which fails so. */
const DRIVERS: Readonly<Record<string, (fail: () => Promise<never>) => Driver>> = {
  redis: (fail) => redis(fail),
  postgres: (fail) => postgres(fail),
  mysql: (fail) => mysql(fail),
};

async function isUnknown(driver: Driver, what: string): Promise<void> {
  for (const op of OPS) {
    await assert.rejects(driver.apply([op]), (error) => {
      assert(error instanceof UnknownOutcome, `${op.op} after "${what}": ${error}`);
      assert.equal(error.retryable, true);
      return true;
    });
  }
}

for (const [name, over] of Object.entries(DRIVERS)) {
  Deno.test(`${name}: no word about a broken connection is taken for a refusal`, async () => {
    for (const words of WORDS) {
      await isUnknown(over(() => Promise.reject(new Error(words))), words);
      await isUnknown(over(() => Promise.reject(words)), words);
    }
    for (const code of CODES) {
      await isUnknown(over(() => Promise.reject(Object.assign(new Error(code), { code }))), code);
    }
  });
}

/** Reasons of aborts that look like proofs that nothing was written, or like a wish to be asked again. */
const REASONS: readonly unknown[] = [
  new ConnectionError("Another backend was not reached"),
  Object.assign(new Error("another server's"), { code: "ECONNREFUSED" }),
  Object.assign(new Error("another server's"), { code: "28P01", errno: 1045, status: 401 }),
  Object.assign(new Error("another server's"), { code: "40P01", errno: 1213 }),
  new Error("NOPERM this user has no permissions"),
];

for (const [name, over] of Object.entries(DRIVERS)) {
  Deno.test(`${name}: the reason of an abort on the way proves nothing, whatever it looks like`, async () => {
    for (const reason of REASONS) {
      for (const op of OPS) {
        const stop = new AbortController();
        let sent = 0;
        // As `fetch` fails.
        const driver = over(() => {
          sent++;
          stop.abort(reason);
          return Promise.reject(reason);
        });
        const call = driver.apply([op], { signal: stop.signal });
        await assert.rejects(call, (error) => {
          assert(error instanceof UnknownOutcome, `${op.op} after "${reason}": ${error}`);
          return true;
        });
        assert.equal(sent, 1, "nobody waits for it any more");
      }
    }
  });
}

Deno.test("upstash: no answer of a proxy's is taken for a refusal, whatever its status and its form", async () => {
  const server = await startBadServer();
  try {
    const driver = upstash({ url: `http://${server.host}`, token: "a-token" });
    for (const status of [400, 429, 500, 502, 503, 504]) {
      for (const words of ["Bad Gateway", "Connection is closed", "Service Unavailable"]) {
        for (const body of [words, JSON.stringify({ error: words }), `<html>${words}</html>`]) {
          server.behave((_received, response) => {
            response.writeHead(status, words, { "content-type": "text/plain" }).end(body);
          });
          await isUnknown(driver, `${status} ${body}`);
        }
      }
    }
  } finally {
    await server.stop();
  }
});
