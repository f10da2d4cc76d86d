/**
 * Several statements that a deadlock has undone: they are sent again one after the other, or they would meet
 * in another deadlock.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mysql } from "../../../drivers/mysql/mysql.ts";
import type { MysqlAnswer } from "../../../drivers/mysql/send.ts";
import { codeOf } from "../../../errors.ts";
import { until } from "../../servers/process.ts";
import { acquire } from "../acquire.ts";

const DEADLOCK = Object.assign(new Error("deadlock"), { errno: 1213 });

/** A server on which each statement waits until the test answers it. */
function held() {
  const waiting: PromiseWithResolvers<MysqlAnswer>[] = [];
  let sent = 0;
  const driver = mysql(() => {
    sent++;
    const answer = Promise.withResolvers<MysqlAnswer>();
    waiting.push(answer);
    return answer.promise;
  });
  return { driver, waiting, sent: () => sent };
}

Deno.test("of several statements that met in a deadlock one is under way at a time", async () => {
  const { driver, waiting, sent } = held();
  const calls = ["a", "b", "c", "d"].map((id) => driver.apply([acquire(id)]));
  await until("all were sent", () => waiting.length === 4);
  for (const each of waiting.splice(0)) each.reject(DEADLOCK);
  for (let turn = 1; turn <= 4; turn++) {
    await until("the next is sent", () => waiting.length > 0);
    assert.deepEqual([waiting.length, sent()], [1, 4 + turn]);
    waiting.shift()!.resolve({ insertId: `${turn}` });
  }
  for (const [outcome] of await Promise.all(calls)) assert.equal(outcome?.ok, true);
});

Deno.test("a call that was given up while it waited for its turn is not sent again", async () => {
  const { driver, waiting, sent } = held();
  const stop = new AbortController();
  const first = driver.apply([acquire("a")]);
  const second = driver.apply([acquire("b")], { signal: stop.signal });
  await until("both were sent", () => waiting.length === 2);
  for (const each of waiting.splice(0)) each.reject(DEADLOCK);
  await until("the first is sent again", () => waiting.length === 1);
  stop.abort(new Error("enough"));
  await assert.rejects(second, (error) => codeOf(error) === "unknown-outcome");
  waiting.shift()!.resolve({ insertId: "1" });
  assert.equal((await first)[0]?.ok, true);
  const third = driver.apply([acquire("c")]);
  await until("the third is sent", () => waiting.length === 1);
  waiting.shift()!.reject(DEADLOCK);
  await until("it has its turn", () => waiting.length === 1);
  assert.equal(sent(), 5, "the second was not sent again");
  waiting.shift()!.resolve({ insertId: "2" });
  assert.equal((await third)[0]?.ok, true);
});
