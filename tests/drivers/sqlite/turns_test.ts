/**
 * Several processes that want to write one file at the same time.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isBusy } from "../../../drivers/sqlite/errors.ts";
import { inTurn } from "../../../drivers/sqlite/turn.ts";
import { removeFolder, temporaryFolder } from "../../servers/process.ts";

/** Takes turns without a pause, and says at each tenth how many it has had. */
const WRITER = `
import { sqlite } from "${import.meta.resolve("../../../drivers/sqlite/sqlite.ts")}";
const [file, seat] = Deno.args;
const driver = sqlite(file, { busyTimeout: 60_000 });
await driver.apply([{ op: "inspect", resource: "lock:x" }]);
console.log(0);
await Deno.stdin.read(new Uint8Array(1));
for (let turns = 1;; turns++) {
  const op = { op: "acquire", resource: "lock:x", seat, id: "i", ttl: 60_000, value: "" };
  await driver.apply([op, { ...op, op: "release" }]);
  if (turns % 10 === 0) console.log(turns);
}
`;

/** So many turns one process may have had when each other has had `LEAST`. */
const MOST = 600;
const LEAST = 30;

Deno.test("of four processes that write all the time none is left behind", async () => {
  const folder = await temporaryFolder("baton-sqlite-");
  await Deno.writeTextFile(`${folder}/writer.ts`, WRITER);
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const children = Array.from({ length: 4 }, (_, seat) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--config", config],
        ...[`${folder}/writer.ts`, `${folder}/leases.db`, `${seat}`],
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn());
  const writers = children.map(({ stdin }) => stdin.getWriter());
  let reading: Promise<void>[] = [];
  try {
    const turns = children.map(() => -1);
    const changed = new EventTarget();
    reading = children.map(async ({ stdout }, n) => {
      for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
        turns[n] = Number(text.trim().split("\n").at(-1));
        changed.dispatchEvent(new Event("change"));
      }
      // A child that failed must not be waited for.
      turns[n] = Infinity;
      changed.dispatchEvent(new Event("change"));
    });
    const until = (what: () => boolean): Promise<void> =>
      new Promise((go) => {
        const look = (): void => {
          if (!what()) return;
          changed.removeEventListener("change", look);
          go();
        };
        changed.addEventListener("change", look);
        look();
      });
    await until(() => turns.every((each) => each >= 0));
    for (const writer of writers) await writer.write(Uint8Array.of(10));
    await until(() => turns.every((each) => each >= LEAST) || turns.some((each) => each > MOST));
    assert(turns.every((each) => each >= LEAST && each < Infinity), `turns: ${turns}`);
  } finally {
    await Promise.all(children.map(async (child, n) => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
      await writers[n]?.close().catch(() => {});
    }));
    await Promise.all(reading);
    await removeFolder(folder);
  }
});

Deno.test("a turn is waited for as long as the file is busy, and for nothing else", () => {
  const busy = Object.assign(new Error("database is locked"), { errcode: 5 });
  let tries = 0;
  const granted = inTurn(60_000, () => {
    if (++tries < 5) throw busy;
    return "written";
  });
  assert.deepEqual([granted, tries], ["written", 5]);
  tries = 0;
  const broken = (error: unknown) => () => {
    tries++;
    throw error;
  };
  assert.throws(() => inTurn(60_000, broken(new Error("disk I/O error"))), /disk/);
  assert.throws(() => inTurn(0, broken(busy)), /locked/);
  assert.equal(tries, 2);
});

Deno.test("busy is told by the code, whatever else it says, or by the words where there is no code", () => {
  const codes = [5, 6, 261, 517, 262].map((errcode) => ({ errcode, message: "" }));
  const words = ["database is locked", "database table is locked: leases"];
  for (const error of [...codes, ...words.map((message) => ({ message }))]) {
    assert.equal(isBusy(error), true, JSON.stringify(error));
  }
  for (const error of [{ errcode: 10, message: "disk I/O error" }, { message: "locked" }, {}]) {
    assert.equal(isBusy(error), false, JSON.stringify(error));
  }
});
