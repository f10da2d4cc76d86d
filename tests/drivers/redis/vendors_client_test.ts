/**
 * The vendor's client as it comes, as a client of the user's: with its hidden re-sends, its base64,
 * its guessing of numbers and JSON, and its pipelines, the driver keeps every law.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Redis } from "@upstash/redis";
import { backendOf } from "../../backends/mod.ts";
import { overVendorsClient } from "../../backends/upstash.ts";
import { keepsContract } from "../../laws/contract.ts";
import { type UpstashFixture, withUpstash } from "../../servers/with_upstash.ts";
import { acquire, TRICKY } from "../acquire.ts";

function driverOf({ server: { url, token } }: UpstashFixture) {
  return overVendorsClient(new Redis({ url, token }));
}

Deno.test("upstash over the vendor's client keeps the driver's contract", async (test) => {
  const running = await backendOf("upstash", "wire").start();
  try {
    const { host, password } = new URL(running.wire.url);
    const account = { url: `http://${host}`, token: decodeURIComponent(password) };
    const connect = () => overVendorsClient(new Redis(account));
    await keepsContract(test, { ...running, connect }, "real");
  } finally {
    await running.stop();
  }
});

Deno.test("over the vendor's client values come back as they went, and lost replies do no harm", async () => {
  await withUpstash(async (fixture) => {
    const driver = driverOf(fixture);
    const [granted] = await driver.apply([acquire('{"json":1}', { seat: "123" })]);
    assert.deepEqual(granted?.leases.map(({ id, seat, value }) => [id, seat, value]), [
      ['{"json":1}', "123", TRICKY],
    ]);
    fixture.server.faults.next("drop-reply"); // the client sends again by itself
    const [outcome] = await driver.apply([acquire("b", { resource: "lock:b" })]);
    assert.equal(outcome?.ok, true);
    assert.equal(fixture.server.faults.count("drop-reply"), 1);
  });
});
