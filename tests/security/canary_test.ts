/**
 * Whatever a backend, a proxy or a network does: no secret gets out of a vendor's driver.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CoordinationError } from "../../mod.ts";
import { freePort } from "../servers/ports.ts";
import { startBabbler, startBadServer } from "./bad_server.ts";
import { BREAKS, DRIP, ECHOES, REDIRECTS, redirectTo, SILENCE } from "./fault_rows.ts";
import { leaksIn } from "./secrets.ts";
import { assertNoSecret, outcomeOf, printed } from "./sinks.ts";
import { ACQUIRE, BATCHES, type Suspect, SUSPECTS } from "./suspects.ts";

/** What a call threw shows no secret; what it answered is the backend's own, and not for logs. */
function assertSilent(outcome: unknown, where: string): void {
  if (Array.isArray(outcome)) return;
  assert(outcome instanceof CoordinationError, `${where}: ${Deno.inspect(outcome)}`);
  assertNoSecret(outcome, where);
}

/** One call of many kinds: over a table of rows each kind meets each answer. */
async function oneCall(suspect: Suspect, host: string, where: string, turn: number): Promise<void> {
  const ops = BATCHES[turn % BATCHES.length] ?? [];
  assertSilent(await outcomeOf(() => suspect.driver(host).apply(ops)), where);
}

/** Each status with each page, and half of what can be said, in turn. */
const ROWS = [...ECHOES.filter((_, n) => (n + Math.floor(n / 4)) % 2 === 0), ...BREAKS];

for (const suspect of SUSPECTS) {
  Deno.test(`${suspect.name}: no error or driver shows a secret, whatever answer holds it`, async () => {
    const server = await startBadServer();
    try {
      const caught = await printed(async () => {
        for (const [turn, row] of ROWS.entries()) {
          server.behave(row.behave);
          await oneCall(suspect, server.host, row.name, turn);
          if (!suspect.migrate || turn % 3 > 0) continue;
          const error = await outcomeOf(() => suspect.migrate?.(server.host));
          if (error !== undefined) assertSilent(error, `${row.name}, of migrate()`);
        }
        assertNoSecret(suspect.driver(server.host), "the driver");
      });
      assert.deepEqual(leaksIn(caught), []);
      // Where a look comes before a write, the credential is what was sent.
      const sent = server.received.map(({ headers, body }) => JSON.stringify(headers) + body);
      assert(sent.some((text) => leaksIn(text).length > 0), "nothing was sent");
    } finally {
      await server.stop();
    }
  });

  Deno.test(`${suspect.name}: no error shows a secret where no answer comes, or from elsewhere`, async () => {
    const server = await startBadServer();
    const babblers = await Promise.all(["", "HTTP/1.1 200 OK\r\n\r\n"].map(startBabbler));
    try {
      const caught = await printed(async () => {
        for (const status of REDIRECTS) {
          for (const to of [`http://${babblers[0]?.host}`, "https://nowhere.invalid", "data:,x"]) {
            const row = redirectTo(status, to);
            server.behave(row.behave);
            await oneCall(suspect, server.host, row.name, status);
          }
        }
        for (const { host } of babblers) await oneCall(suspect, host, "no HTTP", 0);
        await oneCall(suspect, `127.0.0.1:${await freePort()}`, "a refused connection", 0);
        const encrypted = suspect.driver(server.host, "https");
        assertSilent(await outcomeOf(() => encrypted.apply([ACQUIRE])), "TLS to a plain server");
        const lost = suspect.driver("nowhere.invalid", "https");
        assertSilent(await outcomeOf(() => lost.apply([ACQUIRE])), "a name that nobody has");
        for (const { name, behave } of [DRIP, SILENCE]) {
          server.behave(behave);
          const signal = AbortSignal.timeout(50);
          const apply = suspect.driver(server.host).apply([ACQUIRE], { signal });
          // A client of the user's has no signal for a call: closing the connection ends it.
          if (suspect.usersClient) signal.onabort = () => void server.stop();
          assertSilent(await outcomeOf(() => apply), name);
        }
      });
      assert.deepEqual(leaksIn(caught), []);
    } finally {
      await Promise.all([server, ...babblers].map((each) => each.stop()));
    }
  });
}
