/**
 * Many thousand names, each used once, in one process: what it keeps in memory, and what
 * listens to a signal of its own, does not grow with the names. Heaps are compared after a collection;
 * nothing goes by time.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SIZES } from "../tools/size_of_proofs.ts";
import { runProgram } from "./programs.ts";

/** What a user does with one name, of which nothing should be left. */
const USES: Record<string, string> = {
  "a lock": `await baton.getLock(name).with(() => {}, { signal });`,
  "a lock, held and released": `
    const lease = await baton.getLock(name).hold({ signal, ttl: 5_000 });
    await lease.renew();
    void lease.signal.aborted;
    await lease.release();`,
  "a lock's holders": `await baton.getLock(name).holders({ signal });`,
  "a shared lock": `await (await baton.getLock(name).hold({ shared: true, signal })).release();`,
  "a lock that was refused": `
    if (await refused.getLock(name).acquire({ timeout: 0, signal })) throw new Error("granted");`,
  "a leader, looked at": `await baton.getLeader(name, { signal });`,
  "a leadership": `
    await baton.election(name).campaign({ signal });
    await baton.standDownGroupLeader(name, { signal });`,
  "a leader's work": `await baton.lead(name, ({ signal }) => void signal.aborted, { signal });`,
  "a permit": `await baton.getSemaphore(name, 3).with(() => {}, { timeout: 1_000, signal });`,
  "a cron job": `
    await baton.cron(name).run({ slot: Date.now(), signal }, (run) => void run.signal.aborted);`,
  "a cron job that may be tried again": `
    const run = { slot: Date.now(), mode: "retry", skipIfRunning: true, signal };
    await baton.cron(name).run(run, (run) => void run.signal.aborted);`,
  "a group, joined and left": `
    await baton.joinGroupCreate(name, { zone: "fra" }, { signal });
    await baton.leaveGroup(name, { signal });`,
  "a group's members": `await baton.getMembers(name, { signal });`,
  "a watch, set and lifted": `
    await baton.watchJoinGroup(name, callback, { signal });
    baton.watchElectedAsLeader(name, callback);
    await baton.runWatchers({ signal });
    baton.unwatchJoinGroup(name, callback);
    baton.unwatchElectedAsLeader(name, callback);
    await baton.standDownGroupLeader(name, { signal });`,
  "a tick's watch": `await baton.tick({ watch: [name], signal });`,
  "a partition, joined and left": `
    const share = await baton.joinPartitionedGroup(name, { signal });
    share.belongsToSelf("x");
    await baton.leavePartitionedGroup(share);`,
};

/** In bytes a name: six times what was seen at most. The smallest leak that was found had 139. */
const BYTES = 60;
const NAMES = SIZES.soakedNames;

/** Grants everything and remembers nothing, so that only the coordinator's own memory is seen. */
const PROGRAM = `
import process from "node:process";
import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
process.on("warning", ({ name, message }) => console.log("warning", name, message));

let token = 0;
const { guarantees } = memory();
const driver = (granted) => ({
  name: "forgetful",
  guarantees: { ...guarantees, push: false },
  apply: (ops) => Promise.resolve(ops.map((op) => {
    if (op.op === "inspect" && op.resource.endsWith("groups")) {
      // Every group exists.
      return { ok: true, leases: [{ seat: op.seat, id: "g", token: 1, value: "", left: Infinity }] };
    }
    if (op.op !== "acquire") return { ok: true, leases: [] };
    const { seat, value, ttl: left } = op;
    const id = granted ? op.id : "other";
    return { ok: granted, leases: [{ seat, id, token: ++token, value, left }] };
  })),
});
const observed = { memberId: "a", on: () => {} };
const baton = new Coordinator(driver(true), observed);
const refused = new Coordinator(driver(false), observed);
const { signal } = new AbortController();
const callback = () => {};

const heap = async () => {
  // Timers that were cancelled, and what waits for them, are gone after a turn.
  for (let turns = 0; turns < 3; turns++) {
    await new Promise((go) => setTimeout(go, 0));
    collect();
  }
  return process.memoryUsage().heapUsed;
};
let next = 0;
const run = async (use, names) => {
  for (const end = next + names; next < end; next++) await use("name-" + next);
};
const soak = async (what, use) => {
  // What the engine itself keeps of code it meets comes once; a leak comes in every round.
  let least = Infinity;
  let before = await heap();
  for (let round = 0; round < 4; round++) {
    await run(use, ${NAMES});
    const now = await heap();
    least = Math.min(least, (now - before) / ${NAMES});
    before = now;
  }
  const listeners = getEventListeners(signal, "abort").length;
  console.log(what + ": " + (least < ${BYTES} ? "flat" : least + " bytes a name") + ", " + listeners);
};
${
  Object.entries(USES).map(([what, use]) =>
    `await soak(${JSON.stringify(what)}, async (name) => {${use}});`
  ).join("\n")
}
`;

Deno.test("names that are used once leave nothing behind, thousands for each use", async () => {
  const { lines, errors, code } = await runProgram("Node", PROGRAM);
  const flat = Object.keys(USES).map((what) => `${what}: flat, 0`);
  assert.deepEqual([lines, errors, code], [flat, "", 0]);
});
