/**
 * Clients of Redis with settings that change replies, and what is no client at all: the error names it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { Coordinator, InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import { redis, type SendCommand } from "../../../drivers/redis/redis.ts";
import { fencedRedis } from "../../../fencing/mod.ts";
import { startRedis } from "../../servers/redis.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "./with_redis.ts";

Deno.test("a client in place of a function is refused when the driver or the fence is made", () => {
  const client = { call: () => Promise.resolve("OK") } as unknown as SendCommand;
  for (const make of [redis, fencedRedis]) {
    assert.throws(() => make(client), (error: Error) => {
      assert(error instanceof InvalidArgument);
      assert.match(error.message, /send: it is object, not a function/);
      return true;
    });
    assert.throws(() => make(undefined as unknown as SendCommand), InvalidArgument);
  }
});

Deno.test("a client that answers bytes, or is within MULTI, is named by that, and nothing is tried again", async (t) => {
  const server = await startRedis();
  try {
    const client = server.client();
    const forms: Record<string, [SendCommand, RegExp]> = {
      bytes: [([name, ...args]) => client.callBuffer(name, ...args), /bytes for texts/],
      "within MULTI": [async ([name, ...args]) => {
        const multi = client.multi({ pipeline: false });
        await multi;
        const reply = await client.call(name, ...args);
        await client.discard();
        return reply;
      }, /within MULTI/],
    };
    for (const [name, [send, says]] of Object.entries(forms)) {
      await t.step(name, async () => {
        let sends = 0;
        const counted: SendCommand = (...args) => (sends++, send(...args));
        const lock = new Coordinator(redis(counted)).getLock(name);
        // The server knows the script already, so that nothing else is sent.
        await redis(([word, ...args]) => client.call(word, ...args)).apply([acquire(name)]);
        const error = await batonErrorOf(lock.acquire({ timeout: 0 }));
        assert(error instanceof UnknownOutcome && !error.retryable, `${error}`);
        assert.match(error.message, says);
        // The try, and what gives back what it may have been granted.
        assert(sends <= 2, `${sends} sends`);
      });
    }
  } finally {
    await server.stop();
  }
});

Deno.test("a fenced write through ioredis with stringNumbers is done, and a stale one is refused", async () => {
  const server = await startRedis();
  const client = new Redis(server.port, "127.0.0.1", { stringNumbers: true });
  try {
    const fenced = fencedRedis(([name, ...args]) => client.call(name, ...args));
    const write = (token: number) =>
      fenced({ key: "fence:{a}", token }, [["HINCRBY", "{a}", "balance", "1"]]);
    assert.deepEqual((await write(2)).map(Number), [1]);
    await assert.rejects(write(1), { code: "stale-token" });
    assert.deepEqual((await write(2)).map(Number), [2]);
    assert.equal(await client.hget("{a}", "balance"), "2");
  } finally {
    client.disconnect();
    await server.stop();
  }
});
