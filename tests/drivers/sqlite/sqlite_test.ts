/**
 * What only the SQLite driver must hold: several processes, hard kills, foreign files.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { ConnectionError, InvalidArgument } from "../../../mod.ts";
import { sqlite } from "../../../drivers/sqlite/sqlite.ts";
import { inFolder } from "../../servers/folders.ts";
import { acquire } from "../acquire.ts";
import { tokensFollow } from "../tokens_follow.ts";

/** A child that adds to an unguarded counter under the lock, as often as it is told. */
const COUNTER = `
import { Coordinator } from "${import.meta.resolve("../../../mod.ts")}";
import { sqlite } from "${import.meta.resolve("../../../drivers/sqlite/sqlite.ts")}";
const [file, counter, rounds] = Deno.args;
const baton = new Coordinator(sqlite(file), { ttl: 10_000 });
for (let i = 0; i < Number(rounds); i++) {
  await baton.getLock("counter").with(async ({ token }) => {
    const [count, highest] = (await Deno.readTextFile(counter)).split(" ").map(Number);
    if (token <= highest) throw new Error("token " + token + " after " + highest);
    await Deno.writeTextFile(counter, (count + 1) + " " + token);
  });
}
`;

/** A file with Baton's tables, on which a statement was run. */
async function made(file: string, statement: string): Promise<void> {
  using driver = sqlite(file);
  await driver.apply([{ op: "inspect", resource: "groups" }]);
  using database = new DatabaseSync(file);
  database.exec(statement);
}

function run(script: string, ...args: string[]): Deno.ChildProcess {
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", config, script, ...args],
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

Deno.test("four processes that add to one counter under the lock lose no update", async () => {
  await inFolder("baton-sqlite-", async (folder) => {
    const [script, counter] = [`${folder}/counter.ts`, `${folder}/counter`];
    await Deno.writeTextFile(script, COUNTER);
    await Deno.writeTextFile(counter, "0 0");
    const file = `file:${folder}/leases.db`; // all four make it, at once
    const outputs = await Promise.all(
      Array.from({ length: 4 }, () => run(script, file, counter, "15").output()),
    );
    for (const { code, stderr } of outputs) assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.match(await Deno.readTextFile(counter), /^60 /);
  });
});

Deno.test("after a hard kill of every process acknowledged leases stand, and tokens go on", async () => {
  await inFolder("baton-sqlite-", async (folder) => {
    const script = `${folder}/holder.ts`;
    const file = `${folder}/leases.db`;
    await Deno.writeTextFile(
      script,
      `import { sqlite } from "${import.meta.resolve("../../../drivers/sqlite/sqlite.ts")}";
      const [outcome] = await sqlite(Deno.args[0]).apply([${JSON.stringify(acquire("dead"))}]);
      await Deno.writeTextFile(Deno.args[0] + ".token", String(outcome.leases[0].token));
      Deno.kill(Deno.pid, "SIGKILL");`,
    );
    const { code } = await run(script, file).output();
    assert.notEqual(code, 0);
    const token = Number(await Deno.readTextFile(`${file}.token`));
    using driver = sqlite(file, { now: () => 0 }); // a clock that went back to the beginning
    const [refused, broken, next] = await driver.apply([
      acquire("next"),
      { op: "release", resource: "lock:x", seat: "" },
      acquire("next"),
    ]);
    assert.deepEqual([refused?.ok, refused?.leases[0]?.id, broken?.ok], [false, "dead", true]);
    assert.equal(next?.leases[0]?.token, token + 1);
  });
});

Deno.test("a file that another process is writing is a definite error that may pass", async () => {
  await inFolder("baton-sqlite-", async (folder) => {
    const file = `${folder}/leases.db`;
    using driver = sqlite(file, { busyTimeout: 10 });
    // Opens the file, which a writer would keep it from.
    await driver.apply([{ op: "inspect", resource: "lock:x" }]);
    const writer = new DatabaseSync(file);
    writer.exec("begin immediate");
    await assert.rejects(driver.apply([acquire("a")]), (error: Error) => {
      assert(error instanceof ConnectionError && error.retryable, `${error.stack}`);
      assert.match(error.message, /wrote nothing: .*another process is writing/);
      return true;
    });
    // Readers do not wait.
    assert.equal((await driver.apply([{ op: "inspect", resource: "lock:x" }]))[0]?.ok, true);
    writer.exec("rollback");
    writer.close();
    assert.equal((await driver.apply([acquire("a")]))[0]?.ok, true);
  });
});

Deno.test("what is no path, no SQLite file, or a newer Baton's is refused with a reason", async () => {
  await inFolder("baton-sqlite-", async (folder) => {
    for (const file of ["", "file:", ":memory:", "mysql://u:PASSWORD@h/d", "https://h/d", "a\0b"]) {
      assert.throws(() => sqlite(file), (error: Error) => {
        assert(error instanceof InvalidArgument, file);
        assert(!error.message.includes("PASSWORD"));
        return true;
      });
    }
    assert.throws(() => sqlite("x", { busyTimeout: -1 }), InvalidArgument);
    await Deno.writeTextFile(
      `${folder}/text`,
      "This is not a database, and long enough to tell.".repeat(99),
    );
    await assert.rejects(
      sqlite(`${folder}/text`).apply([acquire("a")]),
      /sqlite could not use its file/,
    );
    await assert.rejects(sqlite(`${folder}/no/such/folder`).apply([acquire("a")]), ConnectionError);
    await made(`${folder}/newer`, "update baton_state set version = 99");
    await assert.rejects(
      sqlite(`${folder}/newer`).apply([acquire("a")]),
      /version 99, but this Baton knows 1/,
    );
  });
});

Deno.test("a path may be relative, a file: URL, or a URL object", async () => {
  await inFolder("baton-sqlite-", async (folder) => {
    for (
      const file of [
        `${folder}/a`,
        `file:${folder}/b`,
        `file://${folder}/c%20d`,
        new URL(`file://${folder}/e`),
      ]
    ) {
      using driver = sqlite(file);
      assert.equal((await driver.apply([acquire("a")]))[0]?.ok, true);
    }
    assert.equal((await Deno.stat(`${folder}/c d`)).isFile, true);
  });
});

Deno.test("tokens of a file follow the host's clock, and never go back", async () => {
  await inFolder("baton-sqlite-", async (folder) => {
    let driver: ReturnType<typeof sqlite> | undefined;
    await tokensFollow((now) => driver = sqlite(`${folder}/leases.db`, { now }));
    driver?.close();
  });
});
