/**
 * Several processes that want to write one file at the same time.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isBusy } from "../../../drivers/sqlite/errors.ts";
import { inTurn } from "../../../drivers/sqlite/turn.ts";
import { removeFolder, temporaryFolder } from "../../servers/folders.ts";
import { killed } from "../../tools/killed.ts";

/** How many processes there are, and how many turns they have together. */
const [SIZE, ALL] = [8, 32_000];
/** How many each must have had, on a busy machine, too. One that waits longer each time may have none. */
const LEAST = ALL / SIZE / 20;

/** Takes turns without a pause while there are any, and says how many it has had. */
const WRITER = `
import { sqlite } from "${import.meta.resolve("../../../drivers/sqlite/sqlite.ts")}";
const [file, seat] = Deno.args;
// Its clock stands, so tokens count the turns of all.
const driver = sqlite(file, { busyTimeout: 60_000, now: () => 0 });
await driver.apply([{ op: "inspect", resource: "lock:x" }]);
console.log("ready");
await Deno.stdin.read(new Uint8Array(1));
for (let turns = 0;; turns++) {
  const op = { op: "acquire", resource: "lock:x", seat, id: "i", ttl: 60_000, value: "" };
  const [{ leases: [{ token }] }] = await driver.apply([op, { ...op, op: "release" }]);
  if (token > ${ALL}) {
    console.log(turns);
    break;
  }
}
`;

Deno.test("of eight processes that write all the time none is left behind", async () => {
  const folder = await temporaryFolder("baton-sqlite-");
  await Deno.writeTextFile(`${folder}/writer.ts`, WRITER);
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const children = Array.from({ length: SIZE }, (_, seat) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--config", config],
        ...[`${folder}/writer.ts`, `${folder}/leases.db`, `${seat}`],
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn());
  const readers = children.map(({ stdout }) =>
    stdout.pipeThrough(new TextDecoderStream()).getReader()
  );
  /** What each says next; nothing when it has failed. */
  const said = () => Promise.all(readers.map(async (each) => (await each.read()).value?.trim()));
  const writers = children.map(({ stdin }) => stdin.getWriter());
  try {
    assert.deepEqual(await said(), children.map(() => "ready"));
    for (const writer of writers) await writer.write(Uint8Array.of(10));
    const turns = (await said()).map(Number);
    assert.equal(turns.reduce((sum, each) => sum + each), ALL, `turns: ${turns}`);
    assert(turns.every((each) => each >= LEAST), `turns: ${turns}`);
  } finally {
    await Promise.all([
      ...children.map(killed),
      ...readers.map((each) => each.cancel()),
      ...writers.map((each) => each.close().catch(() => {})),
    ]);
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

Deno.test("between two tries of a turn it sleeps, by chance for a tenth to four tenths of a ms, until its time is up", () => {
  const [{ wait }, { random }, { now }] = [Atomics, Math, performance];
  const slept: unknown[][] = [];
  const clock = [1_000, 1_000, 1_005, 1_010];
  const chances = [0, 1];
  let tries = 0;
  Object.assign(Atomics, { wait: (...args: unknown[]) => slept.push(args) });
  Math.random = () => chances.shift() ?? assert.fail("once more");
  performance.now = () => clock.shift() ?? assert.fail("once more");
  try {
    const busy = new Error("database is locked");
    assert.throws(() =>
      inTurn(10, () => {
        tries++;
        throw busy;
      }), (error) => error === busy);
  } finally {
    Object.assign(Atomics, { wait });
    Math.random = random;
    performance.now = now;
  }
  assert.equal(tries, 3);
  for (const [cell, ...rest] of slept) {
    assert.ok(cell instanceof Int32Array && cell.length === 1 && cell[0] === 0);
    assert.deepEqual(rest.slice(0, 2), [0, 0]);
  }
  assert.deepEqual(slept.map(([, , , ms]) => ms), [0.1, 0.4]);
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
