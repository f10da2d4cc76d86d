/**
 * What the Redis driver makes of replies and errors, without a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, UnknownOutcome } from "../../../errors.ts";
import { redis } from "../../../drivers/redis/redis.ts";

const OP = { op: "inspect", resource: "r", seat: "" } as const;
const ROW = " 5 i 1000 v";

/** A driver whose only command is answered so, or fails so. */
const answering = (reply: unknown) => redis(() => Promise.resolve(reply)).apply([OP]);
const failing = (message: string) => redis(() => Promise.reject(new Error(message))).apply([OP]);

Deno.test("only exactly what the script answers is an outcome", async () => {
  const lease = { seat: "", id: "i", token: 5, value: "v", left: 7 };
  assert.deepEqual(await answering([[1, ROW, 7]]), [{ ok: true, leases: [lease] }]);
  assert.deepEqual(await answering([[0]]), [{ ok: false, leases: [] }]);
  for (
    const reply of [
      null,
      "OK",
      [],
      [[1], [1]],
      [1],
      [[]],
      [["1"]],
      [[true]],
      [[2]],
      [[-1]],
      [[1, ROW]],
      [[1, ROW, "7"]],
      [[1, ROW, null]],
      [[1, " x i 1000 v", 7]],
      [[1, " 5 i v", 7]],
      [[1, " 5  1000 v", 7]],
      [[1, 5, 7]],
    ]
  ) {
    await assert.rejects(answering(reply), UnknownOutcome, JSON.stringify(reply));
  }
});

Deno.test("only an error that a server sends before it runs anything is definite", async () => {
  const definite: [message: string, code: string, retryable: boolean][] = [
    ["WRONGPASS invalid password", "unauthorized", false],
    ["NOAUTH Authentication required", "unauthorized", false],
    ["ERR max daily request limit exceeded", "connection", false],
    ["LOADING Redis is loading the dataset in memory", "connection", true],
    ["READONLY You can't write against a read only replica", "connection", true],
  ];
  for (const [message, code, retryable] of definite) {
    await assert.rejects(failing(message), (error) => {
      assert(error instanceof ConnectionError, message);
      assert.deepEqual([error.code, error.retryable], [code, retryable], message);
      return true;
    });
  }
  for (const message of ["ERR no such command", "OOM command not allowed", "socket closed", ""]) {
    await assert.rejects(failing(message), UnknownOutcome, message);
  }
});

Deno.test("a command is sent once, with the signal; only a missing script sends its text after it", async () => {
  const { signal } = new AbortController();
  for (const [first, sends] of [["NOSCRIPT No matching script", 2], ["ERR NOSCRIPT", 1]] as const) {
    const sent: [name: string | undefined, signal: AbortSignal | undefined][] = [];
    const driver = redis(([name], given) => {
      sent.push([name, given]);
      return sent.length === 1 ? Promise.reject(new Error(first)) : Promise.resolve([[1]]);
    });
    await driver.apply([OP], { signal }).catch((error) => assert(error instanceof UnknownOutcome));
    const expected = [["EVALSHA", signal], ["EVAL", signal]].slice(0, sends);
    assert.deepEqual(sent, expected);
  }
});
