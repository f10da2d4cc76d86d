/**
 * Whose a database is, by the host of its URL; and where nobody is at it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DriverChosenPoorly } from "../../errors.ts";
import { getCoordinator } from "../../url.ts";
import { freePort } from "../servers/ports.ts";
import { failure } from "./by_url.ts";

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

Deno.test("where nobody listens it is the same with every URL: nothing was written, and it says where to look", async () => {
  const host = `127.0.0.1:${await freePort()}`;
  const urls = [
    ...["redis", "etcd", "consul", "memcached", "zookeeper", "libsql"].map((each) =>
      `${each}://${host}`
    ),
    ...["postgresql", "mysql"].map((each) => `${each}://u:p@${host}/db`),
    `libsql://${host}?tls=0`,
    `upstash+http://:token@${host}`,
    `kubernetes+http://:token@${host}/namespace/name`,
    `s3://id:secret@bucket/key?region=r&endpoint=http://${host}`,
  ];
  for (const url of urls) {
    const error = await failure(url);
    assert.equal(error.code, "connection", `${error}`);
    assert.match(
      error.message,
      /^\w+ was not reached, so nothing was written \(.+\); (check|look at) .*(URL|host|network|reached)/,
    );
    assert.doesNotMatch(error.message, /broken/);
  }
});
