/**
 * What a statement of Baton's in PostgreSQL makes of the time that it waited for another's.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire } from "../../../drivers/driver.ts";
import { postgres } from "../../../drivers/postgres/postgres.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";
import type { Client } from "../../servers/pg_client.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { until } from "../../servers/process.ts";

const OP: Acquire = { op: "acquire", resource: "lock:x", seat: "", id: "i", ttl: 2_000, value: "" };
const END = { op: "release", resource: "lock:x", seat: "" } as const;
const LOCK = "select from baton.leases where resource = 'lock:x' for update";

const driverOver = (client: Client) =>
  postgres(async (text, params) => (await client.query(text, [...params])).rows);

Deno.test("a lease begins when the wait for its row is over", async () => {
  const server = await startPostgres();
  try {
    await migrate((text) => server.query(text));
    const [one, two] = [await server.client(), await server.client()];
    const driver = driverOver(one);
    // A dead row, which another's transaction holds for longer than the ttl.
    await driver.apply([OP, END]);
    await two.query("begin");
    await two.query(LOCK);
    const answer = driver.apply([{ ...OP, id: "j" }]);
    await until("it waits", async () => {
      const rows = await server.query("select 1 from pg_locks where not granted");
      return rows.length > 0;
    });
    // By the database's clock: how long the answer takes to come here does not count.
    const clock = async (): Promise<number> =>
      Number((await two.query("select extract(epoch from clock_timestamp()) as now")).rows[0]?.now);
    const asked = await clock();
    await until("the ttl is over", async () => await clock() - asked > OP.ttl / 1_000);
    const freed = await clock();
    await two.query("commit");
    const [granted] = await answer;
    assert.equal(granted?.ok, true);
    const [row] = await server.query(
      "select extract(epoch from expires) as ends from baton.leases",
    );
    assert(Number(row?.["ends"]) >= freed + OP.ttl / 1_000, "it began before the wait was over");
  } finally {
    await server.stop();
  }
});

Deno.test("who finds a lease ended waits for nobody at another seat", async () => {
  const server = await startPostgres();
  try {
    await migrate((text) => server.query(text));
    const [one, two] = [await server.client(), await server.client()];
    const driver = driverOver(one);
    const seat = (seat: string, ttl: number) => ({ ...OP, seat, id: seat, ttl });
    const elsewhere = { ...seat("c", 1), resource: "lock:y" };
    await driver.apply([seat("dead", 1), seat("live", 600_000), elsewhere]);
    await until("two have ended", async () => {
      const rows = await server.query(
        "select from baton.leases where expires <= clock_timestamp()",
      );
      return rows.length === 2;
    });
    await two.query("begin");
    await two.query("select from baton.leases where seat in ('live', 'c') for update");
    for (const look of [{ resource: "lock:x" }, { resource: "lock:x", seat: "dead" }]) {
      let answered = false;
      const answer = driver.apply([{ op: "inspect", ...look }]).finally(() => answered = true);
      let waited = false;
      await until("it is answered, or waits", async () => {
        waited ||= (await server.query("select 1 from pg_locks where not granted")).length > 0;
        return waited || answered;
      });
      if (waited) await two.query("rollback");
      const [outcome] = await answer;
      assert.deepEqual(outcome?.leases.map(({ seat }) => seat), look.seat ? [] : ["live"]);
      assert.equal(waited, false, `the look at ${JSON.stringify(look)} waited`);
    }
    await two.query("rollback");
  } finally {
    await server.stop();
  }
});
