/**
 * Planted bugs: a suite that cannot fail is worth nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import { decorated } from "../backends/decorators.ts";
import { type Backend, casesFor } from "../conformance/mod.ts";

/** The suite must notice a bug, by the law whose name begins, after its rule, with `law`. */
export function planted(bug: string, law: string, plant: (inner: Driver) => Driver): void {
  plantedIn(bug, law, () => decorated(plant));
}

/** The same of a backend of its own. */
export function plantedIn(bug: string, law: string, make: () => Backend): void {
  Deno.test(`the suite notices that ${bug}`, async () => {
    const backend = make();
    const [found] = (await casesFor(backend)).filter(({ name }) =>
      name.replace(/^rule \d+: /, "").startsWith(law)
    );
    assert.ok(found, `there is no law "${law}"`);
    await assert.rejects(found.run(backend), assert.AssertionError);
  });
}
