/**
 * What each operation costs on the real D1: queries, which Cloudflare limits, and rows read and written,
 * which it bills. `docs/backends.md` has these numbers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, Coordinator } from "../../../mod.ts";
import { d1, type D1Database, d1Query, type D1Session } from "../../../drivers/sqlite/d1.ts";
import { migrate } from "../../../drivers/sqlite/migration.ts";
import { startD1 } from "../../servers/d1.ts";
import type { MiniflareServer } from "../../servers/miniflare.ts";
import { databaseAt } from "../../servers/d1_binding.ts";
import { batonErrorOf } from "../../tools/shown.ts";
import { acquire } from "../acquire.ts";

/** So many leases of others are there, which no operation may read. */
const OTHERS = 400;

interface Cost {
  readonly queries: number;
  readonly read: number;
  readonly written: number;
}

async function withD1(test: (server: MiniflareServer) => Promise<void>): Promise<void> {
  const server = await startD1();
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

/** A binding that counts, and the costs of what is done with it. */
function counting(url: string) {
  const database = databaseAt(url);
  let [queries, read, written] = [0, 0, 0];
  const counted: D1Session = {
    prepare: database.prepare,
    async batch(statements) {
      const answers = await database.batch(statements);
      queries += answers.length;
      for (const { meta } of answers) {
        read += meta.rows_read;
        written += meta.rows_written;
      }
      return answers;
    },
  };
  const costOf = async (work: () => Promise<unknown>): Promise<Cost> => {
    [queries, read, written] = [0, 0, 0];
    await work();
    return { queries, read, written };
  };
  return { counted: counted as D1Database, costOf };
}

Deno.test("on D1 every operation reads and writes as few rows as the docs say", (test) =>
  withD1(async ({ url }) => {
    const { counted, costOf } = counting(url);
    await migrate(d1Query(counted));
    const crowd = Array.from({ length: OTHERS }, (_, n) => acquire(`${n}`, { seat: `${n}` }));
    await d1(counted).apply(crowd);
    const make = (memberId: string) => new Coordinator(d1(counted), { memberId, ttl: 60_000 });
    const [a, b] = [make("a"), make("b")];
    /** `sweeps`: how many acquisitions may sweep, by chance. */
    const costs = async (
      what: string,
      { queries, read, written }: Cost,
      work: () => Promise<unknown>,
      sweeps = 0,
    ): Promise<void> => {
      const cost = await costOf(work);
      await test.step(`${what}: ${JSON.stringify(cost)}`, () => {
        const more = cost.queries - queries;
        assert.ok(more >= 0 && more <= sweeps, `${cost.queries} queries`);
        // A sweep looks at a hundred rows, and finds none dead; it asks five times for each.
        assert.ok(cost.read <= read + more * 520, `${cost.read} rows read`);
        assert.equal(cost.written, written);
      });
    };
    const lock = a.getLock("x");
    await costs("acquire", { queries: 3, read: 20, written: 2 }, () => lock.acquire(), 1);
    const refused = () => b.getLock("x").acquire({ timeout: 0 });
    await costs("be refused", { queries: 3, read: 20, written: 0 }, refused, 1);
    await costs("renew", { queries: 1, read: 6, written: 1 }, () => a.heartbeat());
    await costs("look", { queries: 1, read: 8, written: 0 }, () => b.getLock("x").holders());
    await costs("release", { queries: 2, read: 12, written: 1 }, () => lock.release());
    for (let n = 0; n < 10; n++) await a.getLock(`${n}`).acquire();
    await costs("a beat of ten", { queries: 1, read: 60, written: 10 }, () => a.heartbeat());
    const slot = Date.now();
    const run = (member: Coordinator) => () => member.cron("j").run({ slot }, () => {});
    await costs("claim a slot", { queries: 3, read: 20, written: 2 }, run(a), 1);
    await costs("lose a slot", { queries: 3, read: 20, written: 0 }, run(b), 1);
    const join = () => a.joinGroupCreate("g");
    await costs("create a group and join", { queries: 6, read: 40, written: 4 }, join, 2);
    await costs("members", { queries: 1, read: 14, written: 0 }, () => b.getMembers("g"));
    await a.stop();
  }));

Deno.test("a D1 without tables, or with those of another version, is refused with what to run", (test) =>
  withD1(async ({ url }) => {
    const database = databaseAt(url);
    const send = d1Query(database);
    const driver = d1(database);
    const seat = { resource: "lock:x", seat: "" } as const;
    const isRefused = async (): Promise<void> => {
      const ops = [
        acquire("a"),
        { op: "renew", ...seat, id: "a", ttl: 1 },
        { op: "release", ...seat, id: "a" },
        { op: "inspect", ...seat },
        { op: "inspect", resource: "lock:x", limit: 1 },
        { op: "list", prefix: "", limit: 1 },
      ] as const;
      for (const op of ops) {
        const error = await batonErrorOf(driver.apply([op]));
        assert(error instanceof ConnectionError && !error.retryable, `${op.op}: ${error}`);
        assert.match(error.message, /lacks version 1 of Baton's tables: run migrate\(\)/);
      }
    };
    await test.step("none", isRefused);
    await test.step("made twice, they are there", async () => {
      await Promise.all([migrate(send), migrate(send)]);
      await migrate(send);
      const [grant] = await driver.apply([acquire("mine")]);
      assert.equal(grant?.ok, true);
    });
    await test.step("another version, and nothing of it is touched", async () => {
      await send([{ sql: "update baton_state set version = 2", args: [] }]);
      const dump = () => send([{ sql: "select * from baton_leases", args: [] }]);
      const before = await dump();
      await isRefused();
      assert.deepEqual(await dump(), before);
      const error = await batonErrorOf(migrate(send));
      assert(error instanceof ConnectionError, `${error}`);
      assert.match(error.message, /version 2 of Baton's tables, but this Baton knows version 1/);
    });
    await test.step("somebody else's", async () => {
      await send([
        { sql: "drop table baton_state", args: [] },
        { sql: "create table baton_state (mine text)", args: [] },
      ]);
      const error = await batonErrorOf(migrate(send));
      assert(error instanceof ConnectionError, `${error}`);
      assert.match(error.message, /is not Baton's: rename or drop it/);
    });
  }));
