/**
 * What `docs/coming-from.md` says of each URL's characteristics is what its coordinator answers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SCHEMES } from "../../drivers/schemes.ts";
import { type Characteristic, Characteristics } from "../../mod.ts";
import { getCoordinator } from "../../url.ts";

const PAGE = new URL("../../docs/coming-from.md", import.meta.url);

/** What `LINEARIZABLE` stands for on the page. */
const ALL_OF_THEM = Object.values(Characteristics).filter((each) =>
  !/^(DISTRIBUTED|NON_TIMEOUT)/.test(each)
);

async function rows(): Promise<readonly [url: string, across: string, consistency: string][]> {
  const page = await Deno.readTextFile(PAGE);
  const [, table = ""] = page.split(/^\| URL +\| distributed across.*\n.*\n/m);
  const lines = table.split("\n\n")[0]?.split("\n") ?? [];
  return lines.flatMap((line) => {
    const [, urls = "", across = "", consistency = ""] = line.split("|").map((each) => each.trim());
    return [...urls.matchAll(/`([^`]+)`/g)].map(([, url = ""]) =>
      [url, across, consistency] as const
    );
  }) as never;
}

Deno.test("a coordinator has the characteristics that the page gives its URL, without a request", async () => {
  for (const [url, across, consistency] of await rows()) {
    const baton = await getCoordinator(url, "me");
    const wanted = [
      ...across.split(", ").map((each) => `DISTRIBUTED_ACROSS_${each.toUpperCase()}`),
      ...consistency === "`LINEARIZABLE`" ? ALL_OF_THEM : [],
    ];
    assert.equal(baton.isStarted, false);
    assert.deepEqual([...baton.characteristics].sort(), wanted.sort(), url);
    // What it has it may be asked for.
    const characteristics = wanted as Characteristic[];
    await getCoordinator(url, "me", { characteristics });
    await baton[Symbol.asyncDispose]();
  }
});

Deno.test("the page has every scheme, but for those that are another's with or without TLS", async () => {
  const shown = new Set((await rows()).map(([url]) => url.slice(0, url.indexOf(":"))));
  const known = Object.keys(SCHEMES).map((each) =>
    each.replace(/\+https?$/, "").replace(/^postgres$/, "postgresql").replace(/^etcd3$/, "etcd")
  );
  // Deno KV takes a flag of Deno's, which this test does not run with.
  const missing = known.filter((each) => each !== "deno-kv" && !shown.has(each));
  assert.deepEqual(missing, []);
});
