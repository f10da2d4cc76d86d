import assert from "node:assert/strict";
import { withUpstash } from "../../tests/servers/with_upstash.ts";
import { type Outcome, play } from "./main.ts";

/** Runs it, and returns the ledger and the report. */
async function played(fenced: boolean, url?: string): Promise<Outcome & { log: string }> {
  const folder = await Deno.makeTempDir();
  const said: string[] = [];
  try {
    const outcome = await play({ folder, fenced, url, say: (line) => said.push(line) });
    return { ...outcome, log: said.join("\n") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What the ledger must say, wherever the lock is. */
function assertRefused({ charges, balance, log }: Outcome & { log: string }): void {
  assert.deepEqual(charges.map(({ worker }) => worker), ["worker-b"], log);
  assert.equal(balance, 90, log);
  const [late = 0, second = 0] = [...log.matchAll(/has the lock, token (\d+)/g)].map(([, n]) =>
    Number(n)
  );
  assert(late < second, log);
  assert.match(log, new RegExp(`worker-a {2}is REFUSED, token ${late}$`));
}

Deno.test("a holder that slept past its ttl is refused by the account, and the invoice charged once", async () => {
  assertRefused(await played(true));
});

Deno.test("so it is where the lock is in a Redis", async () => {
  await withUpstash(async ({ server }) => {
    const url = server.url.replace(
      "http://",
      `upstash+http://:${encodeURIComponent(server.token)}@`,
    );
    assertRefused(await played(true, url));
  });
});

Deno.test("without the fence the same story charges it twice, and the later charge has the older token", async () => {
  const { charges, balance, log } = await played(false);
  assert.deepEqual(charges.map(({ worker }) => worker), ["worker-b", "worker-a"], log);
  assert.equal(balance, 80, log);
  assert(charges[1]!.token < charges[0]!.token, log);
});
