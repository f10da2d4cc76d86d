/**
 * Credentials that look like words. An error may repeat words of a server's, and a server may put into
 * them what it was sent, so being a word must not be what gets a password out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { BACKENDS } from "../backends/mod.ts";
import { outcomeOf, SINKS } from "./sinks.ts";
import { startBadServer } from "./bad_server.ts";
import { everything, pagesOf } from "./fault_rows.ts";
import { ACQUIRE } from "./suspects.ts";

/** Of letters alone, and no longer than a word that may be repeated. */
const ACCOUNT = { user: "julietcapulet", password: "romeomontague", token: "mercutiotybalt" };
const WORDS = Object.values(ACCOUNT);

for (const vendor of new Set(BACKENDS.flatMap(({ vendors = [] }) => vendors))) {
  // A client of the user's does not tell the driver which credentials it has: a limit, see SECURITY.md.
  if (vendor.usersClient) continue;
  Deno.test(`${vendor.name}: no error repeats a credential that was sent, though it is a word`, async () => {
    const server = await startBadServer();
    try {
      const driver = vendor.driver(server.host, ACCOUNT, "http");
      const ask = () => outcomeOf(() => driver.apply([ACQUIRE]));
      server.behave((_, response) => void response.writeHead(500).end());
      await ask();
      const sent = server.received.map(everything).join();
      const words = WORDS.filter((word) => sent.includes(word));
      assert.ok(words.length > 0, "no credential was sent");
      const said = Object.fromEntries(
        words.map((word) => [word, () => `no rights for ${word} here`]),
      );
      for (const { name, behave } of pagesOf(said, [200, 401, 500])) {
        server.behave(behave);
        const error = await ask();
        if (Array.isArray(error)) continue;
        for (const [sink, shown] of Object.entries(SINKS)) {
          const text = shown(error);
          for (const word of words) assert.ok(!text.includes(word), `${name}: ${sink}: ${text}`);
        }
      }
    } finally {
      await server.stop();
    }
  });
}
