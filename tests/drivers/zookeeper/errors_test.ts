/**
 * What each of ZooKeeper's codes proves, and what the error says of it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isOvertaken, Refused, zookeeperError } from "../../../drivers/zookeeper/errors.ts";
import { ConnectionError, UnknownOutcome } from "../../../errors.ts";

/** What a server says, what is said of it, and whether that is final; `undefined` if it proves nothing. */
const CODES: readonly (readonly [code: number, says: RegExp, final?: boolean])[] = [
  [-6, /does not know this request.*must be ZooKeeper 3\.6 or newer/, true],
  [-101, /there is no such node.*look at the host/, false],
  [-112, /the session has ended.*look at the host/, false],
  [-118, /the session is on another server.*look at the host/, false],
  [-119, /it is read-only.*look at the host/, false],
  [-125, /a quota is exceeded.*look at the host/, false],
  [-127, /it has too much to do.*look at the host/, false],
  [-100, /\(code -100\); look at the host and port/, false],
  [-7, /\(code -7\)/],
  [-5, /\(code -5\)/],
  [-99, /\(code -99\)/],
];

Deno.test("ZooKeeper: a code says whether something was written, whether it may pass, and what to do", () => {
  for (const [code, says, final] of CODES) {
    const error = zookeeperError(new Refused(code), true);
    if (final === undefined) assert.ok(error instanceof UnknownOutcome, `${code}: ${error}`);
    else {
      assert.ok(error instanceof ConnectionError, `${code}: ${error}`);
      assert.deepEqual([error.code, error.retryable], ["connection", !final], `${code}`);
    }
    assert.match(error.message, says);
  }
  for (
    const [code, says] of [[-102, /no rights/], [-113, /logged in/], [
      -115,
      /login failed/,
    ]] as const
  ) {
    const error = zookeeperError(new Refused(code), true);
    assert.equal(error.code, "unauthorized");
    assert.match(error.message, says);
    assert.match(error.message, /check the user, the password and the rights of the root node/);
  }
});

Deno.test("ZooKeeper: before a session is open nothing was written, and later an error proves nothing", () => {
  const error = new Error("the server closed the connection");
  assert.ok(zookeeperError(error, false) instanceof ConnectionError);
  assert.ok(zookeeperError(error, true) instanceof UnknownOutcome);
  assert.ok(zookeeperError(new Refused(-5), false) instanceof ConnectionError);
  const stop = new AbortController();
  const reason = new ConnectionError("another backend was not reached");
  stop.abort(reason);
  assert.ok(zookeeperError(reason, true, stop.signal) instanceof UnknownOutcome);
});

Deno.test("ZooKeeper: somebody else was first where a node is missing, is there, is another or is not empty", () => {
  const codes = [0, 1, -1, -100, -101, -102, -103, -104, -109, -110, -111, -112, undefined];
  assert.deepEqual(codes.filter(isOvertaken), [-101, -103, -110, -111]);
});
