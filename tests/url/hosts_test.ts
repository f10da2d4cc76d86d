/**
 * Whose a database is, by the host of its URL.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DriverChosenPoorly } from "../../errors.ts";
import { getCoordinator } from "../../url.ts";

Deno.test("only a vendor's own hosts are the vendor's, whatever their names end with", async () => {
  for (
    const url of [
      "postgresql://u:s3cr3t@myneon.tech/db",
      "postgresql://u:s3cr3t@neon.tech/db",
      "postgresql://u:s3cr3t@ep-1.neon.tech.example/db",
      "postgres://u:s3cr3t@mypsdb.cloud/db",
      "mysql://u:s3cr3t@mypsdb.cloud/db",
      "mysql://u:s3cr3t@aws.psdb.cloud.example/db",
    ]
  ) {
    const characteristics = ["NON_TIMEOUT_BASED"] as const;
    await assert.rejects(getCoordinator(url, "a", { characteristics }), (error) => {
      assert(error instanceof DriverChosenPoorly);
      // Those of the vendors are neon and planetscale.
      return /^Cannot use driver (postgres|mysql):/.test(error.message);
    }, url);
  }
});

Deno.test("a function that was given to send statements is used on a vendor's host too", async () => {
  for (const url of ["postgresql://u:p@ep-1.neon.tech/db", "mysql://u:p@aws.psdb.cloud/db"]) {
    const sent: string[] = [];
    const baton = await getCoordinator(url, "a", {
      query: (text) => {
        sent.push(text);
        return Promise.reject(Object.assign(new Error("no"), { code: "42501", errno: 1045 }));
      },
    });
    await assert.rejects(baton.getGroups(), { code: "unauthorized" });
    assert.equal(sent.length, 1, url);
  }
});
