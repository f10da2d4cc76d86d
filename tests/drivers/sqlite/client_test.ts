/**
 * Clients that are not `node:sqlite`. `tests/runtimes/` runs Bun's; better-sqlite3 cannot be installed on
 * every machine, so what is different in it stands here.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { ConnectionError, NotSupported } from "../../../errors.ts";
import type { Op } from "../../../drivers/driver.ts";
import { sqlite, type SqliteDatabase } from "../../../drivers/sqlite/sqlite.ts";
import { errorOf, shown } from "../../tools/shown.ts";
import { acquire, inFolder, made, TTL } from "./replacing.ts";

/** Every operation in every form, so that every statement is run. */
const ALL: readonly (readonly Op[])[] = [
  [acquire("a"), { ...acquire("b"), guard: { when: "held", resource: "lock:x" } }],
  [{ op: "renew", resource: "lock:x", seat: "", id: "a", ttl: TTL }],
  [{ op: "inspect", resource: "lock:x" }, { op: "inspect", resource: "lock:x", seat: "" }],
  [
    { op: "inspect", resource: "lock:x", limit: 1 },
    { op: "inspect", resource: "lock:x", limit: 1, before: "z" },
  ],
  ["", "lock:"].flatMap((prefix): Op[] => [
    { op: "list", prefix, limit: 1 },
    { op: "list", prefix, limit: 1, after: '["lock:x",""]' },
  ]),
  [{ op: "release", resource: "lock:x", seat: "", id: "a" }],
  // One grant in 32 sweeps.
  Array.from({ length: 32 }, (_, n) => ({ ...acquire(`${n}`), seat: `${n}`, ttl: 1 })),
  Array.from({ length: 32 }, (_, n) => ({ ...acquire(`${n}`), seat: `other ${n}` })),
];

Deno.test("a client that asks for rows only where there can be any, and knows no numbered parameters", async () => {
  const prepared: string[] = [];
  let now = 1_800_000_000_000;
  const open = (path: string): SqliteDatabase => {
    const database = new DatabaseSync(path);
    return {
      exec: (text) => database.exec(text),
      close: () => database.close(),
      prepare(text) {
        prepared.push(text);
        assert.doesNotMatch(text, /\?\d|[:@$]\w/, "better-sqlite3 takes these for names");
        const statement = database.prepare(text);
        const reader = /^(select|pragma)/.test(text);
        return {
          reader,
          all: (...params) => reader ? statement.all(...params) : assert.fail("it has no rows"),
          run: (...params) => reader ? assert.fail("it has rows") : statement.run(...params),
        };
      },
    };
  };
  await inFolder(async (folder) => {
    const file = `${folder}/leases.db`;
    // A file that was not there before is opened twice.
    await made(file, "nobody");
    using driver = sqlite(file, { open, now: () => now });
    const run = async () => {
      for (const ops of ALL) {
        await driver.apply(ops);
        now += 10;
      }
    };
    await run();
    const once = prepared.length;
    assert.equal(new Set(prepared).size, once, "each is prepared once");
    await run();
    assert.equal(prepared.length, once);
    // It is the same file to everybody.
    using other = sqlite(file, { now: () => now });
    assert.equal(
      (await other.apply([{ ...acquire("i"), seat: "other 1" }]))[0]?.leases[0]?.id,
      "1",
    );
  });
});

Deno.test("what cannot be opened, and what is no database, is refused with a reason", async () => {
  await inFolder(async (folder) => {
    const file = `${folder}/leases.db`;
    const missing = sqlite(file, {
      open() {
        throw new NotSupported("there is no SQLite here");
      },
    });
    await assert.rejects(missing.apply([acquire("i")]), NotSupported);
    for (const wrong of [{}, Promise.resolve(), undefined]) {
      const driver = sqlite(file, { open: () => wrong as never });
      await assert.rejects(driver.apply([acquire("i")]), /Cannot use this open: .*no prepare\(\)/);
    }
  });
});

Deno.test("whatever opening a file throws, the error repeats only plain words of it", async () => {
  const secret = "s3cr3t-of-the-file";
  await inFolder(async (folder) => {
    for (
      const thrown of [
        new Error(`near "${secret}": syntax error in pragma key = '${secret}'`),
        `the key ${secret} does not fit`,
        undefined,
        Object.create(null),
      ]
    ) {
      const driver = sqlite(`${folder}/leases.db`, {
        open() {
          throw thrown;
        },
      });
      const error = await errorOf(driver.apply([acquire("i")]));
      assert.ok(error instanceof ConnectionError, `${error}`);
      assert.match(error.message, /^sqlite could not use its file and wrote nothing: /);
      assert.ok(!shown(error).includes(secret), shown(error));
    }
  });
});

Deno.test("a file waits for others as long as it is told to, writes through to the disk, and then waits by turns", async () => {
  for (const [busyTimeout, waits] of [[undefined, 1_000], [0, 0], [70, 70]] as const) {
    await inFolder(async (folder) => {
      const ran: string[] = [];
      await made(`${folder}/leases.db`, "nobody");
      using driver = sqlite(`${folder}/leases.db`, {
        busyTimeout,
        open(path) {
          const database = new DatabaseSync(path);
          const exec = database.exec.bind(database);
          return Object.assign(database, {
            exec: (
              text: string,
            ) => (ran.push(...text.split(";").map((each) => each.trim())), exec(text)),
          });
        },
      });
      await driver.apply([acquire("a")]);
      assert.deepEqual(ran.filter(Boolean), [
        `pragma busy_timeout = ${waits}`,
        "pragma journal_mode = wal",
        "pragma synchronous = full",
        "pragma busy_timeout = 0",
      ]);
    });
  }
  for (const busyTimeout of [-1, 0.5, NaN, Infinity, "9" as unknown as number]) {
    assert.throws(() => sqlite("x", { busyTimeout }), { code: "invalid-argument" });
  }
});
