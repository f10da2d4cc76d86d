/**
 * A process that takes one lock again and again: bundled, and run by several runtimes at once.
 * Arguments: the ipc name, the folder that is the mark of the holder, how many processes there are, and how
 * many grants each wants.
 *
 * @module
 */

import { mkdirSync, rmdirSync } from "node:fs";
import process from "node:process";
import { Coordinator } from "../../mod.ts";
import { ipc } from "../../drivers/sqlite/ipc.ts";

const [name = "", mark = "", processes = "", wanted = ""] = process.argv.slice(2);
using driver = ipc(name);
const baton = new Coordinator(driver, { ttl: 60_000 });
// Nobody begins before all are there, and nobody leaves, so that the last one sees all, too.
await baton.joinGroupCreate("crew");
while ((await baton.getMembers("crew")).size < Number(processes)) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
const lock = baton.getLock("shared");
const tokens: number[] = [];
while (tokens.length < Number(wanted)) {
  await lock.with(async ({ token }) => {
    // Only one can make it, so whoever finds it there is not the only holder.
    mkdirSync(mark);
    // The others have their turn to try.
    await new Promise((resolve) => setTimeout(resolve, 5));
    tokens.push(token);
    rmdirSync(mark);
  });
}
process.stdout.write(JSON.stringify(tokens));
