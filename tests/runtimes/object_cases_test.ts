/**
 * The laws within workerd, over the binding, as a user's Worker has it. `tests/laws/` tries all those of
 * the driver from outside, where the object's process can be killed and requests can be cut.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { coordinationCases } from "../conformance/coordination/mod.ts";
import { driverCases, pushCases } from "../conformance/mod.ts";
import { sideBySide } from "../laws/side_by_side.ts";
import { bundled } from "../servers/objects.ts";
import { startWorkerd } from "../servers/workerd.ts";
import { otherCases } from "./chosen.ts";
import type { ObjectJob } from "./object_cases.ts";

/** Most laws wait, so many do so at once. */
const LANES = 8;

const SUITES = {
  driver: [...driverCases.filter(({ name }) => otherCases.includes(name)), ...pushCases],
  coordination: coordinationCases,
};

for (const suite of ["driver", "coordination"] as const) {
  Deno.test(`within workerd the laws of the suite "${suite}" hold over the binding`, async (test) => {
    const entry = fileURLToPath(new URL("object_cases.ts", import.meta.url));
    const server = await startWorkerd({
      code: await bundled(entry),
      objects: { BATON: "BatonObject" },
    });
    const ask = async (job: ObjectJob): Promise<void> => {
      const answer = await fetch(server.url, { method: "POST", body: JSON.stringify(job) });
      assert.ok(answer.ok, await answer.text());
    };
    try {
      const cases = SUITES[suite].map(({ name, crowd }) => (
        { name, crowd, run: () => ask({ suite, name }) }
      ));
      await sideBySide(test, cases, LANES);
    } finally {
      await server.stop();
    }
  });
}
