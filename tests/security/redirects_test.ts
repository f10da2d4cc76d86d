/**
 * A backend, or whoever stands in its place, that sends us elsewhere: what goes along to the other
 * origin, and what does not.
 *
 * @module
 */

import assert from "node:assert/strict";
import { UnknownOutcome } from "../../mod.ts";
import { type BadServer, type Received, startBadServer } from "./bad_server.ts";
import { REDIRECTS, redirectTo } from "./fault_rows.ts";
import { leaksIn, SECRETS } from "./secrets.ts";
import { outcomeOf } from "./sinks.ts";
import { ACQUIRE, type Suspect, SUSPECTS } from "./suspects.ts";

/** What reaches another origin, by the status that sends there. */
async function strayed(suspect: Suspect): Promise<Map<number, readonly Received[]>> {
  const [home, elsewhere] = await Promise.all([startBadServer(), startBadServer()]);
  const strays = new Map<number, readonly Received[]>();
  try {
    for (const status of REDIRECTS) {
      const before = elsewhere.received.length;
      home.behave(redirectTo(status, `http://${elsewhere.host}`).behave);
      const outcome = await outcomeOf(() => suspect.driver(home.host).apply([ACQUIRE]));
      assert(outcome instanceof UnknownOutcome, `${status}: ${Deno.inspect(outcome)}`);
      strays.set(status, elsewhere.received.slice(before));
    }
    assert.equal(home.received.length, REDIRECTS.length);
  } finally {
    await Promise.all([home, elsewhere].map((each: BadServer) => each.stop()));
  }
  return strays;
}

for (const suspect of SUSPECTS.filter(({ followsRedirects }) => !followsRedirects)) {
  Deno.test(`${suspect.name}: no redirect is followed, so nothing reaches another origin`, async () => {
    for (const [status, strays] of await strayed(suspect)) {
      assert.deepEqual(strays, [], `${status}`);
    }
  });
}

for (const suspect of SUSPECTS.filter(({ followsRedirects }) => followsRedirects)) {
  Deno.test(`${suspect.name}: a redirect never takes the token along; 307 and 308 take the command, a known limit`, async () => {
    for (const [status, strays] of await strayed(suspect)) {
      // The vendor's client leaves redirects to fetch, and has no setting for them.
      const [{ method, headers, body }] = strays as [Received];
      assert.equal(strays.length, 1);
      assert.equal(headers["authorization"], undefined);
      assert.equal(JSON.stringify(headers).includes(SECRETS.token), false);
      assert.equal(body.includes(SECRETS.token), false);
      const keeps = status === 307 || status === 308;
      assert.deepEqual([method, body === ""], keeps ? ["POST", false] : ["GET", true]);
      assert.equal(leaksIn(body).some(({ secret }) => secret.startsWith("id")), keeps);
    }
  });
}

Deno.test("a credential that did go along would be seen", async () => {
  const [home, elsewhere] = await Promise.all([startBadServer(), startBadServer()]);
  try {
    home.behave(redirectTo(307, `http://${elsewhere.host}`).behave);
    const headers = { "neon-connection-string": SECRETS.password, authorization: SECRETS.token };
    const answer = await fetch(`http://${home.host}/`, { method: "POST", headers, body: "x" });
    await answer.body?.cancel();
    const [{ headers: seen }] = elsewhere.received as [Received];
    // A header of a vendor's own goes along with fetch, and only Authorization does not.
    assert.equal(seen["neon-connection-string"], SECRETS.password);
    assert.equal(seen["authorization"], undefined);
  } finally {
    await Promise.all([home.stop(), elsewhere.stop()]);
  }
});
