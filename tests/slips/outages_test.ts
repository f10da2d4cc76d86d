/**
 * A mistake in a function that sends is final and no outage; an outage says the network's own word, and
 * both lead to the line that called.
 *
 * @module
 */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { memory } from "../../drivers/memory.ts";
import { mysql } from "../../drivers/mysql/mysql.ts";
import { planetscale } from "../../drivers/mysql/planetscale.ts";
import { neon } from "../../drivers/postgres/neon.ts";
import { postgres } from "../../drivers/postgres/postgres.ts";
import { redis } from "../../drivers/redis/redis.ts";
import { upstash } from "../../drivers/redis/upstash.ts";
import type { Driver } from "../../drivers/driver.ts";
import { withLock } from "../../http/mod.ts";
import { codeOf, Coordinator, isOutage, isRetryable, UnknownOutcome } from "../../mod.ts";
import { failure } from "../../drivers/kit/failure.ts";
import { whileFetchIs } from "../tools/fake_fetch.ts";

// deno-lint-ignore no-explicit-any -- what no type allows is what this is about
const client: any = {};
declare const nowhere: typeof client;

/** Functions with a mistake in them, and what the engine says of it. */
const MISTAKES: readonly (readonly [what: string, driver: () => Driver, said: RegExp])[] = [
  ["a method that is not there", () => redis((c) => client.sendComand(c)), /is not a function/],
  [
    "an async function with one",
    () => postgres(async (text) => await client.qery(text)),
    /is not a function/,
  ],
  [
    "a client that is undefined",
    () => postgres((text) => client.pool.query(text)),
    /undefined/,
  ],
  ["a variable that is not there", () => mysql((sql) => nowhere.query(sql)), /nowhere/],
];

for (const [what, driver, said] of MISTAKES) {
  Deno.test(`${what} is a mistake in the program: it is not repeated, and no outage`, async () => {
    const baton = new Coordinator(driver());
    const final = (error: Error): boolean => {
      assert.equal(codeOf(error), "misuse");
      assert.equal(isOutage(error) || isRetryable(error), false);
      assert.match(error.message, /^Cannot use this (send|query): /);
      assert.match(error.message, said);
      assert.match(String((error.cause as Error).stack), /outages_test\.ts/);
      return true;
    };
    await assert.rejects(baton.getLock("x").hold(), final);
    // It would otherwise wait for ever.
    await assert.rejects(baton.lead("g", () => {}), final);
    const handler = withLock(baton, "x", {}, () => new Response());
    await assert.rejects(handler(new Request("http://localhost")), final);
  });
}

Deno.test("a function that sends and forgets to return is named: it may have sent, and nothing is tried again", async () => {
  let sent = 0;
  const forgetful = async () => void await Promise.resolve(sent++);
  for (const make of [redis, postgres] as unknown as ((send: unknown) => Driver)[]) {
    const driver = make(forgetful);
    sent = 0;
    await assert.rejects(driver.apply([{ op: "inspect", resource: "x" }]), (error: Error) => {
      assert(error instanceof UnknownOutcome && !isRetryable(error), `${error}`);
      assert.match(
        error.message,
        /^Invalid (send|query) function: it returns undefined, not the client's answer\. So /,
      );
      return true;
    });
    assert.equal(sent, 1);
  }
});

Deno.test("what the network throws is no mistake in the program", async () => {
  for (const message of ["fetch failed", "Failed to fetch", "terminated", "body is unusable"]) {
    const driver = redis(() => Promise.reject(new TypeError(message)));
    const look = driver.apply([{ op: "inspect", resource: "x" }]);
    await assert.rejects(look, (error) => error instanceof UnknownOutcome && isRetryable(error));
  }
});

Deno.test("what a vendor's client makes of a garbled answer is no mistake in the program", async () => {
  const garbage = ["null", "{}", "[]", `{"rows":7,"fields":1}`, `{"result":{"rows":{}}}`, "<html>"];
  for (const body of garbage) {
    await whileFetchIs(() => Promise.resolve(new Response(body)), async () => {
      for (
        const driver of [
          upstash({ url: "http://localhost", token: "token" }),
          neon({ url: "postgresql://u:p@localhost/db" }),
          planetscale({ url: "http://u:p@localhost/db" }),
        ]
      ) {
        await assert.rejects(
          driver.apply([{ op: "inspect", resource: "x" }]),
          (error) => isOutage(error),
          `${driver.name}: ${body}`,
        );
      }
    });
  }
});

const NO_VERDICT = {
  said: "fetch failed",
  refused: false,
  unauthorized: false,
  mayPass: false,
  advice: "",
};

Deno.test("the network's own code is in the text and the cause, and nothing else of the error", () => {
  const secret = "s3cr3t";
  const deep = Object.assign(new Error(`connect ECONNREFUSED ${secret}:443`), {
    code: "ECONNREFUSED",
    address: secret,
  });
  const refused = failure("neon", new TypeError("fetch failed", { cause: deep }), () => NO_VERDICT);
  assert.match(refused.message, /was not reached.*\(fetch failed, ECONNREFUSED\)/);
  assert.equal((refused.cause as { code: string }).code, "ECONNREFUSED");
  const reset = Object.assign(new Error(secret), { code: "UND_ERR_SOCKET" });
  const unknown = failure("neon", Object.assign(new Error("x"), { sourceError: reset }), () => ({
    ...NO_VERDICT,
  }));
  assert.equal((unknown.cause as { code: string }).code, "UND_ERR_SOCKET");
  assert.equal(codeOf(unknown), "unknown-outcome");
  const deno = failure(
    "neon",
    new TypeError("fetch failed", {
      cause: new Error(
        `error sending request for url (${secret}): client error (Connect): dns error`,
      ),
    }),
    () => NO_VERDICT,
  );
  assert.match(deno.message, /\(fetch failed, dns error\)/);
  // A code of a server's, or a word that only looks like one, is not repeated.
  for (const code of [secret, "SECRET1", 42, undefined]) {
    const other = failure("neon", Object.assign(new Error("x"), { code }), () => NO_VERDICT);
    assert.equal("cause" in other, false);
  }
  for (const each of [refused, unknown, deno]) assert.ok(!inspect(each).includes(secret));
});

Deno.test("the caller's own line is in the stack of what a request throws", async () => {
  const lost: Driver = {
    ...memory(),
    apply: async () => {
      await new Promise((go) => setTimeout(go, 0));
      throw new UnknownOutcome("lost", { retryable: false });
    },
  };
  const baton = new Coordinator(lost);
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    hold: async () => await baton.getLock("x").hold(),
    with: async () => await baton.getLock("x").with(() => {}),
    tryAcquire: async () => await baton.getSemaphore("x", 2).tryAcquire(),
    run: async () => await baton.cron("j").run({ slot: Date.now() }, () => {}),
    catchUp: async () =>
      await baton.cron("j").catchUp({ slot: Date.now(), every: 60_000 }, () => {}),
    joinGroup: async () => await baton.joinGroup("g"),
    getMembers: async () => await baton.getMembers("g"),
    campaign: async () => await baton.election("g").campaign(),
    getLeader: async () => await baton.getLeader("g"),
    start: async () => await baton.start(),
    tick: async () => await baton.tick({ watch: ["g"] }),
  };
  for (const [name, call] of Object.entries(calls)) {
    await assert.rejects(call(), (error: Error) => {
      assert.match(String(error.stack), /outages_test\.ts/, `${name}: ${error.stack}`);
      assert.match(String(error.stack), /^UnknownOutcome: lost\n/);
      return true;
    });
  }
});
