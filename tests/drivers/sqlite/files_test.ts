/**
 * Few looks are enough to notice that a file was deleted or replaced, and which looks those are.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Outcome } from "../../../drivers/driver.ts";
import { OpenFiles } from "../../../drivers/sqlite/files.ts";
import { sqlite, type SqliteDriver } from "../../../drivers/sqlite/sqlite.ts";
import { until } from "../../servers/process.ts";
import { acquire, DEEDS, inFolder, refusedOnce } from "./replacing.ts";

/** What folders say about their last change, given when it was. */
type Says = (changed: Date | null) => Date | null;

/** As if everything had happened ten seconds earlier. */
const LONG_AGO: Says = (changed) => changed && new Date(changed.getTime() - 10_000);
/** As if it had changed after we looked. */
const LATER: Says = () => new Date(8_000_000_000_000);
/** As the root of a FAT does. */
const NEVER: Says = () => new Date(0);
/** As a file system might that keeps no record of it. */
const ALWAYS_THE_SAME: Says = () => new Date(1_000_000);

/** An open file, and the names that each of its requests looks at; `""` is the folder. */
interface Watched {
  readonly folder: string;
  readonly driver: SqliteDriver;
  /** Sends one request, which is refused or not, and answers what it looked at. */
  looks(): Promise<string[]>;
}

async function watched(says: Says, test: (file: Watched) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    using driver = sqlite(`${folder}/leases.db`);
    await driver.apply([acquire("holder")]);
    let looks: string[] = [];
    const { statSync } = Deno;
    const look: typeof statSync = (path) => {
      looks.push(`${path}`.slice(folder.length + 1));
      const found = statSync(path);
      return found.isDirectory ? { ...found, ctime: says(found.ctime) } : found;
    };
    Object.assign(Deno, { statSync: look });
    try {
      await test({
        folder,
        driver,
        async looks() {
          looks = [];
          await driver.apply([acquire("holder")]);
          return looks;
        },
      });
    } finally {
      Object.assign(Deno, { statSync });
    }
  });
}

/** What happens now gets another time than what has happened before. */
async function tick(folder: string): Promise<void> {
  const { ctime } = await Deno.stat(folder);
  await inFolder(async (other) => {
    await until("time has gone on", async () => {
      await Deno.writeTextFile(`${other}/now`, "");
      return Number((await Deno.stat(`${other}/now`)).ctime) > Number(ctime);
    });
  });
}

const ALL = ["", "leases.db", "leases.db-wal", "leases.db-shm"];

Deno.test("a request looks at the folder alone, if that has not changed for long, and again at all when it has", async () => {
  await watched(LONG_AGO, async ({ folder, looks }) => {
    assert.deepEqual(await looks(), ALL);
    // A look at all is never longer ago than a second, so one of some follows within that time.
    await until("one look was enough", async () => (await looks()).length === 1);
    await tick(folder);
    await Deno.writeTextFile(`${folder}/another`, "");
    assert.deepEqual(await looks(), ALL);
    await until("one look is enough again", async () => (await looks()).length === 1);
  });
});

for (const [what, deed] of Object.entries(DEEDS)) {
  Deno.test(`a file that is ${what} after its folder was quiet for long is noticed at the next request`, async () => {
    await watched(LONG_AGO, async ({ folder, driver, looks }) => {
      await tick(folder);
      await until("the folder is trusted", async () => (await looks()).length === 1);
      await deed(folder);
      await refusedOnce(() => driver.apply([acquire("next")]));
    });
  });
}

Deno.test("a folder that was replaced by another is noticed, though nothing in the old one has changed", async () => {
  await watched(LONG_AGO, async ({ folder, looks }) => {
    await Deno.mkdir(`${folder}/sub`);
    using inside = sqlite(`${folder}/sub/leases.db`);
    await inside.apply([acquire("holder")]);
    await tick(folder);
    await inside.apply([acquire("holder")]);
    await Deno.rename(`${folder}/sub`, `${folder}/old`);
    await Deno.mkdir(`${folder}/sub`);
    await refusedOnce(() => inside.apply([acquire("next")]));
    assert.deepEqual(await looks(), ALL);
  });
});

Deno.test("a folder that has just changed, or never says when it did, is not trusted", async () => {
  for (const says of [LATER, NEVER, () => null]) {
    await watched(says, async ({ looks }) => {
      for (let n = 0; n < 3; n++) assert.deepEqual(await looks(), ALL);
    });
  }
});

Deno.test("a folder that says nothing of a change keeps nobody from noticing it for long", async () => {
  await watched(ALWAYS_THE_SAME, async ({ folder, driver, looks }) => {
    await until("the folder is trusted", async () => (await looks()).length === 1);
    await Deno.remove(`${folder}/leases.db-shm`);
    let last: readonly Outcome[] | undefined;
    const noticed = () =>
      driver.apply([acquire("holder")]).then((outcomes) => {
        last = outcomes;
        return false;
      }, (error) => /deleted or replaced/.test(error.message));
    await until("the files were looked at", noticed);
    assert(!last || last[0]?.ok);
  });
});

Deno.test("a folder is trusted when it was quiet for two and a half seconds, and for one second", async () => {
  await inFolder(async (folder) => {
    const file = `${folder}/leases.db`;
    await Deno.writeTextFile(file, "");
    const [{ statSync }, { now: wall }, steady] = [Deno, Date, performance.now];
    const changed = wall() - 60_000;
    const [clock, seen] = [{ wall: changed, steady: 5_000 }, { looks: 0 }];
    const look: typeof statSync = (path) => {
      seen.looks++;
      const found = statSync(path);
      return found.isDirectory ? { ...found, ctime: new Date(changed) } : found;
    };
    Object.assign(Deno, { statSync: look });
    Date.now = () => clock.wall;
    performance.now = () => clock.steady;
    try {
      const files = new OpenFiles(file);
      const looks = (quiet: number, steady: number): number => {
        Object.assign(clock, { wall: changed + quiet, steady: 5_000 + steady });
        seen.looks = 0;
        assert.equal(files.replaced(), false);
        return seen.looks;
      };
      // The folder, and three files.
      assert.deepEqual([looks(2_499, 0), looks(2_500, 0), looks(2_500, 1)], [4, 4, 4]);
      assert.deepEqual([looks(2_501, 2), looks(2_501, 3), looks(2_501, 1_001)], [4, 1, 1]);
      // Its second is over, and begins again.
      assert.deepEqual([looks(2_501, 1_002), looks(2_501, 2_001), looks(9_000, 2_002)], [4, 1, 4]);
    } finally {
      Object.assign(Deno, { statSync });
      Date.now = wall;
      performance.now = steady;
    }
  });
});
