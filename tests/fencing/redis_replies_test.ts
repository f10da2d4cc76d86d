/** What fencedRedis() makes of each reply, whichever way a client writes numbers. */

import assert from "node:assert/strict";
import { CoordinationError, InvalidArgument, UnknownOutcome } from "../../mod.ts";
import { fencedRedis, StaleToken } from "../../fencing/mod.ts";
import { errorOf } from "./writers.ts";

const FENCE = { key: "f", token: 7 };
const COMMANDS = [["SET", "a", 1], ["INCR", "b"]] as const;

/** Sends the two commands to a server that replies so. */
async function told(reply: unknown): Promise<unknown> {
  return await fencedRedis(() => Promise.resolve(reply))(FENCE, COMMANDS);
}

Deno.test("Redis: the commands' replies are returned as they are", async () => {
  for (const ran of [1, "1"]) assert.deepEqual(await told([ran, ["OK", 5]]), ["OK", 5]);
});

Deno.test("Redis: each refusal of the script is an error of its own", async () => {
  for (const number of [(n: number) => n, String]) {
    const stale = await errorOf(told([number(0)]));
    assert(stale instanceof StaleToken && stale.token === 7 && stale.resource === "f");
    for (
      const [index, said] of [
        [0, /did not take command 1 of 2, SET, so nothing was written: ERR no/],
        [1, /did not take command 2 of 2, INCR, and the 1 before it stay done: ERR no/],
      ] as const
    ) {
      const failed = await errorOf(told([number(2), number(index), "ERR no"]));
      assert(failed instanceof CoordinationError && failed.code === "misuse", `${failed}`);
      assert.match(failed.message, said);
    }
    const other = await errorOf(told([number(3)]));
    assert(other instanceof InvalidArgument, `${other}`);
    assert.match(other.message, /holds something that is not a token; nothing was written/);
    const renamed = await errorOf(told([number(4), number(1)]));
    assert(renamed instanceof InvalidArgument, `${renamed}`);
    assert.match(renamed.message, /nothing was written, .*first argument of INCR is its only key/);
  }
});

Deno.test("Redis: any other reply is unknown, and is not to be repeated", async () => {
  for (
    const reply of [
      ...[undefined, null, "OK", 1, [], [null], ["OK"], [5], [-1]],
      // Of the script, but not of these commands.
      ...[[1], [1, "OK"], [1, []], [1, ["OK"]], [1, ["OK", 5, 5]]],
      ...[[2], [2, 2, "ERR no"], [2, -1, "ERR no"], [2, "x", "ERR no"]],
    ]
  ) {
    const unknown = await errorOf(told(reply));
    assert(unknown instanceof UnknownOutcome && !unknown.retryable, JSON.stringify(reply));
  }
});

Deno.test("Redis: what cannot be a fence or a command is refused before anything is sent", async () => {
  const fenced = fencedRedis(() => assert.fail("it was sent"));
  const there = { key: "f", token: 1 };
  const bad: unknown[] = [[], [""], "SET a b", ["SET", "\ud800"], ["DEL", "f"], null];
  for (const command of bad) {
    await assert.rejects(fenced(there, [["SET", "a", 1], command as string[]]), InvalidArgument);
  }
  await assert.rejects(fenced(there, [["RPUSH", "a", ...Array(999).fill(1)]]), InvalidArgument);
  await assert.rejects(fenced({ key: "", token: 1 }, []), InvalidArgument);
  for (const token of [0, 1.5, 2 ** 53, NaN]) {
    await assert.rejects(fenced({ key: "f", token }, []), InvalidArgument);
  }
});

Deno.test("Redis: a command may have a thousand words, and one without arguments has the fence's key", async () => {
  const words = ["RPUSH", "a", ...Array(998).fill(1)];
  const sent: (readonly string[])[] = [];
  const fenced = fencedRedis((command) => {
    sent.push(command);
    return Promise.resolve([1, [998, "PONG"]]);
  });
  await fenced({ key: "f", token: 1 }, [words, ["PING"]]);
  const [[name, , ...tail] = []] = sent;
  assert.equal(name, "EVALSHA");
  assert.deepEqual(
    tail.slice(0, -1),
    ["3", "f", "a", "f", "1", "1000", ...words.map(String), "1", "PING"],
  );
});
