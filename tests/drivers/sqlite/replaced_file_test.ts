/**
 * A SQLite file, or one of those beside it, that is deleted or replaced while somebody has it open.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator, type CoordinatorEvent } from "../../../mod.ts";
import { ConnectionError, LeaseLost } from "../../../errors.ts";
import type { Op, Outcome } from "../../../drivers/driver.ts";
import { sqlite } from "../../../drivers/sqlite/sqlite.ts";
import { acquire, DEEDS, inFolder, made, refusedOnce, TTL } from "./replacing.ts";

/** What is done to `leases.db`, which a symbolic link named `link.db` leads to. */
const LINKED: Record<string, (folder: string) => Promise<unknown>> = {
  ...DEEDS,
  "left by its link, which leads to another": async (folder) => {
    await made(`${folder}/other.db`, "somebody");
    await Deno.remove(`${folder}/link.db`);
    await Deno.symlink(`${folder}/other.db`, `${folder}/link.db`);
  },
};

/** A driver by the link, and one more request in whose middle nothing happens. */
async function opened(folder: string): Promise<ReturnType<typeof sqlite>> {
  await made(`${folder}/leases.db`, "nobody");
  await Deno.symlink(`${folder}/leases.db`, `${folder}/link.db`);
  const driver = sqlite(`${folder}/link.db`);
  await driver.apply([{ op: "release", resource: "lock:x", seat: "" }]);
  return driver;
}

for (const [what, deed] of Object.entries(LINKED)) {
  Deno.test(`a file that is ${what} under its holder is noticed at the next request`, async () => {
    const requests: Record<string, Op> = {
      renew: { op: "renew", resource: "lock:x", seat: "", id: "holder", ttl: TTL },
      acquire: { ...acquire("next"), seat: "other" },
      release: { op: "release", resource: "lock:x", seat: "", id: "holder" },
      look: { op: "inspect", resource: "lock:x" },
    };
    for (const op of Object.values(requests)) {
      await inFolder(async (folder) => {
        using driver = await opened(folder);
        await driver.apply([acquire("holder")]);
        await deed(folder);
        await refusedOnce(() => driver.apply([op]));
        // From now on it goes by the file that is there, as a process does that comes now.
        using later = sqlite(`${folder}/link.db`);
        const [seen] = await driver.apply([{ op: "inspect", resource: "lock:x" }]);
        const [theirs] = await later.apply([{ op: "inspect", resource: "lock:x" }]);
        const ids = (outcome?: Outcome) => outcome?.leases.map(({ seat, id }) => [seat, id]);
        assert.deepEqual(ids(seen), ids(theirs));
        assert(!seen?.leases.some(({ seat }) => seat === "other"), "it wrote all the same");
      });
    }
  });
}

for (const what of ["deleted", "replaced by another"] as const) {
  Deno.test(`a holder whose file was ${what} has lost its lease when it confirms, and says so`, async () => {
    await inFolder(async (folder) => {
      using driver = await opened(folder);
      const events: CoordinatorEvent[] = [];
      const a = new Coordinator(driver, {
        memberId: "a",
        ttl: TTL,
        on: (event) => void events.push(event),
      });
      const lease = await a.getLock("y").hold();
      const leadership = await a.election("g").campaign();
      await DEEDS[what](folder);
      using other = sqlite(`${folder}/link.db`);
      const b = new Coordinator(other, { memberId: "b", ttl: TTL });
      const theirs = await b.getLock("y").hold({ timeout: 0 });
      assert(theirs.token > lease.token);
      await assert.rejects(lease.confirm(), LeaseLost);
      assert.deepEqual([lease.held, lease.signal.aborted], [false, true]);
      // One heartbeat more, and nothing of the old file is counted as held.
      await a.heartbeat();
      assert.equal(leadership?.held, false);
      const lost = events.flatMap((event) => event.type === "lost" ? [event.resource] : []);
      assert.deepEqual(lost, ["lock:y", "leader:g"]);
      await theirs.confirm();
    });
  });
}

Deno.test("a folder that is deleted is an error that no repetition mends, and nothing is held", async () => {
  await inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/sub`);
    using driver = sqlite(`${folder}/sub/leases.db`);
    const lease = await new Coordinator(driver, { ttl: TTL }).getLock("x").hold();
    await Deno.remove(`${folder}/sub`, { recursive: true });
    await assert.rejects(lease.confirm(), (error: Error) => {
      assert(error instanceof ConnectionError);
      return error.retryable === false && /could not use its file/.test(error.message);
    });
  });
});

Deno.test("what nobody replaced is the same file: written by others, checkpointed, reached by a new way", async () => {
  await inFolder(async (folder) => {
    const { DatabaseSync } = await import("node:sqlite");
    const before = Deno.cwd();
    using driver = sqlite("leases.db");
    try {
      Deno.chdir(folder);
      await driver.apply([acquire("holder")]);
      const other = new DatabaseSync("leases.db");
      other.exec(
        "pragma wal_checkpoint(truncate); vacuum; update baton_state set last = last + 1;",
      );
      other.close();
      // The path was relative, and the process goes elsewhere.
      Deno.chdir(before);
      const renewal: Op = { op: "renew", resource: "lock:x", seat: "", id: "holder", ttl: TTL };
      for (let n = 0; n < 3; n++) assert.equal((await driver.apply([renewal]))[0]?.ok, true);
      driver.close();
      assert.equal((await driver.apply([renewal]))[0]?.ok, true);
    } finally {
      Deno.chdir(before);
    }
  });
});

Deno.test("a host's clock that is set back an hour gives a dead holder's lock to nobody, until it is broken", async () => {
  await inFolder(async (folder) => {
    let now = Date.now();
    using driver = sqlite(`${folder}/leases.db`, { now: () => now });
    const a = new Coordinator(driver, { memberId: "a", ttl: 2_000 });
    const b = new Coordinator(driver, { memberId: "b", ttl: 2_000 });
    const living = await a.getLock("living").hold();
    await a.getLock("dead").hold();
    now -= 3_600_000;
    assert.equal(await b.getLock("dead").acquire({ timeout: 0 }), null);
    const [stuck] = await b.getLock("dead").holders();
    assert.equal(stuck?.left, 3_602_000);
    // Who renews goes by the new clock at once.
    await living.confirm();
    assert.equal((await b.getLock("living").holders())[0]?.left, 2_000);
    await b.getLock("dead").break();
    const lease = await b.getLock("dead").hold({ timeout: 0 });
    assert(lease.token > (stuck?.token ?? Infinity));
  });
});

Deno.test("a file that is another one each time it was opened is given up after ten times, and none stays open", async () => {
  await inFolder(async (folder) => {
    const { DatabaseSync } = await import("node:sqlite");
    const file = `${folder}/leases.db`;
    let [opened, open] = [0, 0];
    using driver = sqlite(file, {
      open(path) {
        const database = new DatabaseSync(path);
        opened++;
        open++;
        // Somebody puts another one in its place at once.
        Deno.writeTextFileSync(`${folder}/next`, "");
        Deno.renameSync(`${folder}/next`, file);
        const close = database.close.bind(database);
        return Object.assign(database, { close: () => (open--, close()) });
      },
    });
    await assert.rejects(driver.apply([acquire("next")]), {
      code: "connection",
      retryable: true,
      message: /deleted or replaced/,
    });
    assert.deepEqual([opened, open], [10, 0]);
  });
});
