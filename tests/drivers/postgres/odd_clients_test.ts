/**
 * The application's own client with the application's own options: each ends, and says what is wrong.
 *
 * @module
 */

import assert from "node:assert/strict";
import { InvalidArgument, UnknownOutcome } from "../../../mod.ts";
import type { Driver, Op } from "../../../drivers/driver.ts";
import { type NeonClient, neonClient } from "../../../drivers/postgres/neon.ts";
import { postgres } from "../../../drivers/postgres/postgres.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

const READS: Op[] = [
  { op: "inspect", resource: "lock:x", seat: "" },
  { op: "inspect", resource: "lock:x" },
  { op: "list", prefix: "", limit: 10 },
];

Deno.test("a client that answers in another form is named by it: at a look definite, at a write unknown", async (t) => {
  const server = await startPostgres();
  try {
    const pool = await server.client();
    await migrate((text) => server.query(text));
    const drivers: [string, Driver, RegExp][] = [
      [
        "pg with rowMode array",
        postgres(async (text, values) =>
          (await pool.query({ text, values: [...values], rowMode: "array" })).rows as never
        ),
        /rows as arrays; leave out rowMode/,
      ],
      [
        "neon with arrayMode",
        neonClient({
          query: async (text: string, values: unknown[]) =>
            (await pool.query({ text, values, rowMode: "array" })).rows as never,
        }),
        /rows as arrays; leave out .*arrayMode/,
      ],
    ];
    for (const [name, driver, says] of drivers) {
      await t.step(name, async () => {
        for (const op of READS) {
          const error = await batonErrorOf(driver.apply([op]));
          assert(error instanceof InvalidArgument, `${op.op} ${error.stack}`);
          assert.match(error.message, says);
        }
        for (const ops of [[acquire("a")], [READS[0]!, acquire("a")]]) {
          const error = await batonErrorOf(driver.apply(ops));
          assert(error instanceof UnknownOutcome && !error.retryable, `${error.stack}`);
          assert.match(error.message, says);
        }
      });
    }
    await t.step(
      "a result with rows is as good as its rows: pg's own, and neon with fullResults",
      async () => {
        const whole = async (text: string, values: unknown[]) => await pool.query(text, values);
        for (const driver of [postgres(whole), neonClient({ query: whole as never })]) {
          const [granted] = await driver.apply([
            acquire(crypto.randomUUID(), { resource: driver.name }),
          ]);
          const [found] = await driver.apply([{ op: "inspect", resource: driver.name }]);
          assert.equal(found?.leases[0]?.id, granted?.leases[0]?.id);
          assert.equal(granted?.ok, true);
        }
      },
    );
  } finally {
    await server.stop();
  }
});

Deno.test("a query that is no function, and a neon client of before 1.0, are refused when the driver is made", () => {
  for (const query of [undefined, null, {}, "select"]) {
    assert.throws(() => postgres(query as never), (error) => {
      return error instanceof InvalidArgument &&
        /query.*not a function that sends; docs/.test(error.message);
    });
  }
  // It was a function for templates alone.
  const old = (_strings: TemplateStringsArray) => Promise.resolve([]);
  for (const client of [undefined, null, {}, old]) {
    assert.throws(() => neonClient(client as unknown as NeonClient), (error) => {
      return error instanceof InvalidArgument && /serverless 1\.0 or later/.test(error.message);
    });
  }
});

Deno.test("more grants than a server has locks for go in several requests, in their order", async () => {
  const server = await startPostgres();
  try {
    await migrate((text) => server.query(text));
    const client = await server.client();
    let sent = 0;
    const driver = postgres(async (text, params) => {
      sent++;
      return (await client.query(text, [...params])).rows;
    });
    let told = 0;
    const options = { beforeRequest: () => void told++ };
    const guard = { when: "held", resource: "groups", seat: "g" } as const;
    const group: Op = acquire("g", { resource: "groups", seat: "g" });
    const joins = Array.from(
      { length: 6_000 },
      (_, n): Op => acquire(`${n}`, { resource: `group:${n}`, seat: "me", guard, value: "" }),
    );
    const outcomes = await driver.apply([group, ...joins], options);
    assert(outcomes.length === 6_001 && outcomes.every(({ ok }) => ok));
    assert.deepEqual(
      outcomes.slice(1).map(({ leases }) => leases[0]?.id),
      joins.map((_, n) => `${n}`),
    );
    assert.deepEqual([sent, told], [7, 7]);
    // Renewals take none.
    const beat = joins.map((_, n): Op => ({
      ...{ op: "renew", resource: `group:${n}`, seat: "me", id: `${n}`, ttl: 60_000 },
    }));
    assert((await driver.apply(beat, options)).every(({ ok }) => ok));
    assert.equal(sent, 8);
    // What was written before a later request failed is no longer nothing.
    let left = 2;
    const error = await batonErrorOf(driver.apply(joins, {
      beforeRequest() {
        if (left-- === 0) throw new Error("no more");
      },
    }));
    assert(error instanceof UnknownOutcome, `${error}`);
    assert.match(error.message, /A part of the batch was written, and then: no more/);
  } finally {
    await server.stop();
  }
});
