/** Coordinators by URL, whose drivers are loaded on demand. */
import assert from "node:assert/strict";
import { getCoordinator } from "../../url.ts";
import type { SmokeCase } from "./smoke.ts";

const TRY = { timeout: 0 };

/** Cases about URLs. */
export const urlSmoke: readonly SmokeCase[] = [
  {
    name:
      "members who are given a backend's URL meet there, and with those who are given its driver",
    async run(_driver, byUrl) {
      const [a, b] = await Promise.all([byUrl("a"), byUrl("b")]);
      const name = crypto.randomUUID();
      const lease = await a.getLock(name).hold(TRY);
      assert.equal(await b.getLock(name).acquire(TRY), null);
      const [holder] = await b.getLock(name).holders();
      assert.deepEqual([holder?.memberId, holder?.token], ["a", lease.token]);
      assert.equal(await lease.release(), true);
    },
  },
  {
    name: "a URL that cannot be used is refused, and no part of it is repeated",
    async run() {
      const bad = [
        "https://hush@eu1-x.upstash.io",
        "upstash://hush/@h",
        "upstash+http://:hush@db.test",
      ];
      for (const url of [...bad, "neon://u:hush@h:port/db", "postgresql://u:hush@h:port/db"]) {
        const error = await getCoordinator(url).then(() => assert.fail(url), (error) => error);
        assert.equal(error.name, "InvalidArgument", String(error));
        assert.ok(!String(error).includes("hush"), String(error));
      }
    },
  },
];
