/**
 * What each server says when it refuses, and what Baton makes of it: one row for each row of the drivers' own
 * tables. A row that is missing there makes a refusal unknown, so that it is sent again until the time is
 * over, and says nothing of what to do.
 *
 * Those of PostgreSQL, MySQL, SQLite's family and ZooKeeper are numbers, which their own tests list.
 *
 * @module
 */

import assert from "node:assert/strict";
import { consulError, Refused } from "../../drivers/consul/errors.ts";
import { OddReply } from "../../drivers/document/memcached_connection.ts";
import { memcachedError } from "../../drivers/document/memcached_errors.ts";
import { kubernetes } from "../../drivers/document/kubernetes.ts";
import { s3 } from "../../drivers/document/s3.ts";
import type { Driver } from "../../drivers/driver.ts";
import { Answer, etcdError } from "../../drivers/etcd/errors.ts";
import { redisError } from "../../drivers/redis/errors.ts";
import { ConnectionError, type CoordinationError, UnknownOutcome } from "../../errors.ts";
import { batonErrorOf } from "../tools/shown.ts";
import { acquire } from "./acquire.ts";
import { whileFetchIs } from "../tools/fake_fetch.ts";

/** What a server says, which kind of refusal that is, and what the error says besides. */
type Row<Said> = readonly [said: Said, kind: Kind, says: RegExp];

/** `unknown` proves nothing; the others prove that nothing was written, and only `passing` may pass. */
type Kind = "unauthorized" | "passing" | "final" | "unknown";

function judged(what: string, error: CoordinationError, kind: Kind, says: RegExp): void {
  assert.match(error.message, says, what);
  if (kind === "unknown") {
    assert.ok(error instanceof UnknownOutcome && error.retryable, `${what}: ${error}`);
    return;
  }
  assert.ok(error instanceof ConnectionError, `${what}: ${error}`);
  assert.match(error.message, /nothing was written/, what);
  const code = kind === "unauthorized" ? "unauthorized" : "connection";
  assert.deepEqual([error.code, error.retryable], [code, kind === "passing"], what);
}

/** Each row, in the words of the server and with how it is judged. */
function each<Said>(
  name: string,
  rows: readonly Row<Said>[],
  told: (said: Said) => CoordinationError | Promise<CoordinationError>,
): void {
  for (const [said, kind, says] of rows) {
    Deno.test(`${name}: ${JSON.stringify(said)} is ${kind}, and the error says ${says}`, async () => {
      judged(JSON.stringify(said), await told(said), kind, says);
    });
  }
}

/** The error of a driver whose every request is answered so. */
async function met(driver: Driver, status: number, body: string): Promise<CoordinationError> {
  const answer = () => Promise.resolve(new Response(body, { status }));
  return await whileFetchIs(answer, () => batonErrorOf(driver.apply([acquire("an-id")])));
}

const KUBERNETES: readonly Row<readonly [status: number, reason: string]>[] = [
  [[401, "Unauthorized"], "unauthorized", /check the token.*so give a function/],
  [[403, "Forbidden"], "unauthorized", /it needs get, create and update on leases/],
  [[404, "Missing"], "final", /check the URL and the namespace, which has to exist/],
  [[422, "Invalid"], "final", /the Lease object cannot hold that/],
  [[429, "TooManyRequests"], "passing", /the API server has too much to do/],
  [[409, "Another"], "unknown", /status 409/],
  [[500, "InternalError"], "unknown", /status 500/],
  [[504, "Timeout"], "unknown", /status 504/],
  // A proxy's own, which says nothing of Kubernetes.
  ...[401, 403, 404, 422, 429].map((status) =>
    [[status, ""], "unknown", new RegExp(`status ${status}`)] as const
  ),
];
each("Kubernetes", KUBERNETES, ([status, reason]) => {
  const body = JSON.stringify({ kind: "Status", reason });
  return met(kubernetes({ url: "https://h.example" }), status, body);
});

const S3: readonly Row<readonly [status: number, code: string]>[] = [
  ...[
    ...["AccessDenied", "SignatureDoesNotMatch", "InvalidAccessKeyId", "ExpiredToken"],
    ...["InvalidToken", "AuthorizationHeaderMalformed", "RequestTimeTooSkewed"],
  ].map((code) =>
    [[403, code], "unauthorized", /credentials, the region and this machine's clock/] as const
  ),
  [[404, "NoSuchBucket"], "final", /the bucket has to exist/],
  ...["NotImplemented", "InvalidArgument", "InvalidRequest", "MethodNotAllowed"].map((code) =>
    [[400, code], "final", /no conditional writes.*cannot be used/] as const
  ),
  [[503, "SlowDown"], "passing", /written too often/],
  [[429, "TooManyRequests"], "passing", /written too often/],
  [[500, "InternalError"], "unknown", /status 500/],
  [[503, "ServiceUnavailable"], "unknown", /status 503/],
  [[403, ""], "unknown", /status 403/],
];
each("S3", S3, ([status, code]) => {
  const credentials = { accessKeyId: "id", secretAccessKey: "secret" };
  const driver = s3({ url: "https://h.example/b/k", credentials, region: "eu" });
  return met(driver, status, code && `<Error><Code>${code}</Code></Error>`);
});

const MEMCACHED: readonly Row<string>[] = [
  ["CLIENT_ERROR unauthenticated", "unauthorized", /the login failed.*user and the password/],
  ["CLIENT_ERROR authentication failure", "unauthorized", /the login failed.*user and the pass/],
  ["SERVER_ERROR out of memory storing object", "passing", /its memory is full.*more memory/],
  ["SERVER_ERROR object too large for cache", "passing", /too large for it.*over several keys/],
  ["ERROR", "final", /does not know the command.*memcached 1\.6 or newer/],
  ["CLIENT_ERROR bad data chunk", "final", /does not know the command.*memcached 1\.6 or newer/],
  ["SERVER_ERROR something else", "unknown", /what answers is not memcached/],
  ["HTTP/1.1 400 Bad Request", "unknown", /what answers is not memcached/],
];
each("Memcached", MEMCACHED, (line) => {
  return memcachedError(new OddReply(line), { writes: true, answered: true });
});

const CONSUL: readonly Row<readonly [status: number, text: string]>[] = [
  [[403, "Permission denied"], "unauthorized", /ACL token: it needs key:write and key:read/],
  [[403, "ACL not found"], "unauthorized", /ACL token: it needs key:write and key:read/],
  [[403, "token lacks permission 'key:write'"], "unauthorized", /ACL token: it needs key:write/],
  [[400, "Client sent an HTTP request to an HTTPS server.\n"], "final", /this port speaks TLS/],
  [[413, "Request body too large"], "final", /raise the server's txn_max_req_len/],
  [[413, "Transaction contains too many operations"], "final", /raise the server's txn_max/],
  [[500, "Invalid Session TTL '1', must be between"], "final", /session_ttl_min.*longer ttl/],
  [[500, "No path to datacenter"], "final", /check the option dc/],
  [[500, "No cluster leader"], "passing", /if it does not pass, look at the servers/],
  [[500, "No known Consul servers"], "passing", /if it does not pass, look at the servers/],
  [[500, "rpc error: something else"], "unknown", /status 500/],
  // The words of a refusal under another status are not Consul's.
  ...[403, 400, 413, 500].map((status) =>
    [[status, "<html>no</html>"], "unknown", new RegExp(`status ${status}`)] as const
  ),
  [[502, "No cluster leader"], "unknown", /status 502/],
];
each("Consul", CONSUL, ([status, text]) => {
  return consulError(new Refused(status, text), "", undefined);
});

const ETCD: readonly Row<readonly [code: number | undefined, message: string]>[] = [
  [[3, "etcdserver: user name is empty"], "unauthorized", /user, the password and the rights/],
  [[3, "etcdserver: authentication failed, invalid user"], "unauthorized", /check the user/],
  [[16, "etcdserver: invalid auth token"], "unauthorized", /check the user, the password/],
  [[7, "etcdserver: permission denied"], "unauthorized", /check the user, the password/],
  [[3, "etcdserver: too many operations in txn request"], "final", /look at the server/],
  [[5, "etcdserver: requested lease not found"], "final", /look at the server/],
  [[8, "etcdserver: mvcc: database space exceeded"], "passing", /look at the server/],
  [[9, "etcdserver: authentication is not enabled"], "final", /look at the server/],
  [[11, "etcdserver: mvcc: required revision is a future revision"], "final", /look at the se/],
  [[12, "etcdserver: not capable"], "final", /look at the server/],
  [[14, "etcdserver: no leader"], "unknown", /no leader/],
  [[2, "etcdserver: something else"], "unknown", /something else/],
  // Of a proxy, whatever number it has.
  [[8, "too many requests"], "unknown", /too many requests/],
  [[undefined, "Not Found"], "final", /another version: give api_version/],
  [[undefined, "404 page not found\n"], "final", /not etcd's client port.*api_version/],
  [[undefined, "Client sent an HTTP request to an HTTPS server."], "final", /write etcd\+https:/],
];
each("etcd", ETCD, ([code, message]) => {
  const text = code === undefined ? message : JSON.stringify({ code, message });
  return etcdError(new Answer(400, text), "");
});

const [RIGHTS, LATER, PLAN] = [
  /check the token and its rights/,
  /if it does not pass, look at the server/,
  /check the URL, the network and your plan/,
];
const REDIS: readonly Row<string>[] = [
  ...["WRONGPASS invalid", "NOAUTH Authentication required", "NOPERM no", "Unauthorized x"].map(
    (text) => [text, "unauthorized", RIGHTS] as const,
  ),
  ...[
    ...["LOADING x", "BUSY x", "READONLY x", "OOM x", "MISCONF x", "NOREPLICAS x", "TRYAGAIN x"],
    ...["MASTERDOWN x", "CLUSTERDOWN x", "ERR max number of clients reached"],
  ].map((text) => [text, "passing", LATER] as const),
  ...[
    ...["MOVED 1 h:1", "ASK 1 h:1", "CROSSSLOT x", "ERR unknown command 'eval'"],
    "ERR max daily request limit exceeded",
  ].map((text) => [text, "final", PLAN] as const),
  ["ERR Error running script (call to f_1): @user_script:1: -OOM x", "passing", LATER],
  ["ERR something else", "unknown", /outcome is unknown/],
  ["OOMPH", "unknown", /outcome is unknown/],
];
each("Redis", REDIS, (text) => redisError("redis", new Error(text)));
