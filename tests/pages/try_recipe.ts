/**
 * Runs a recipe of `docs/clients.md` once, in a process of its own, as its reader would.
 *
 * `deno run -A tests/pages/try_recipe.ts FILE` imports the file, and has locks acquired, refused,
 * renewed and released through its driver. The last line that it prints says so.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator } from "../../coordination/coordinator.ts";
import type { Driver } from "../../drivers/driver.ts";
import { pointNeonAt } from "../servers/neon.ts";

/** What the last line says when all went well. */
export const DONE = "acquired, refused, renewed, released";

/** What a recipe exports: a driver, or a coordinator, or nothing if it only prepares. */
interface Recipe {
  readonly driver?: Driver;
  readonly baton?: Coordinator;
}

/** Many at once, for some clients put what comes at once into one pipeline. */
async function useLocks(baton: Coordinator): Promise<void> {
  const name = crypto.randomUUID();
  await Promise.all(Array.from({ length: 8 }, async (_, n) => {
    const lock = baton.getLock(`${name} ${n}`);
    const lease = await lock.tryAcquire();
    assert.ok(lease);
    assert.equal(await baton.getLock(`${name} ${n}`).tryAcquire(), null);
    assert.equal(await lease.renew(), true);
    await lease.release();
    assert.deepEqual(await lock.holders(), []);
  }));
}

if (import.meta.main) {
  const [file = ""] = Deno.args;
  pointNeonAt();
  const { driver, baton = driver && new Coordinator(driver) }: Recipe = await import(file);
  if (baton) await useLocks(baton);
  Deno.stdout.writeSync(new TextEncoder().encode(`${baton ? DONE : "prepared"}\n`));
  // The recipes leave their clients open, as an application does.
  Deno.exit(0);
}
