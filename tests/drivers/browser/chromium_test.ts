/**
 * A real browser: the laws in its pages and workers, and what only a browser does to tabs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Chromium, startChromium, type Tab } from "../../servers/chromium.ts";
import { casesFor } from "../../conformance/mod.ts";
import { coordinationCases } from "../../conformance/coordination/mod.ts";
import { memory } from "../../../drivers/memory.ts";
import { wait } from "../../backends/backend.ts";
import type { Belief, Tried } from "./page.ts";
import { type Site, startSite } from "./site.ts";

/** How often each of those that race has the lock. */
const GRANTS = 12;
/** How long a lease lives that nobody renews, in ms. */
const TTL = 5_000;

type Taken = { readonly token: number; readonly sent: number; readonly granted: number };

Deno.test("tabs and workers of a real browser share their leases", async (test) => {
  await using site = await startSite();
  const chromium = await startChromium();
  const step = (name: string, work: (chromium: Chromium, site: Site) => Promise<void>) =>
    test.step({ name, fn: () => work(chromium, site), ...OVERLAPPING });
  try {
    await Promise.all([
      step("both suites of laws are kept in a page and in workers", keepsLaws),
      step("pages and workers that race for one lock never have it together", neverTogether),
      step("a tab that crashes leaves its lock to the next after the ttl", crashes),
      step("a tab that is closed leaves its lock to the next after the ttl", closes),
      step("a tab that was frozen past its ttl says that its lock is lost", freezes),
      step("a page that deletes the database is not held up, and a holder learns of it", isDeleted),
      step("a database of a newer version is refused", isNewer),
      step("a site without room says so, and nothing is written", isFull),
      step("a frame that may keep no data says so", hasNone),
      step("when the site's data are cleared, a holder learns of it", isCleared),
    ]);
  } finally {
    await chromium.stop();
  }
});

/** Steps that overlap cannot tell whose timer is whose; the test around them can. */
const OVERLAPPING = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };

async function keepsLaws(chromium: Chromium, { url }: Site): Promise<void> {
  const [page, ofTime, worker] = await Promise.all([1, 2, 3].map(() => chromium.open(url)));
  const found = await Promise.all([
    page?.ask<Tried>("baton.driverLaws()"),
    ofTime?.ask<Tried>(`baton.inWorker("lawsOfTime")`),
    worker?.ask<Tried>(`baton.inWorker("coordinatorLaws")`),
  ]);
  const [laws, timed, coordinator] = found.map((each) => {
    assert.deepEqual(each?.broken, []);
    return each?.kept ?? 0;
  });
  const all = await casesFor({
    connect: () => ({ ...memory(), guarantees: { ...memory().guarantees, push: false } }),
    pass: wait,
    restart: () => Promise.resolve(),
    tick: 1,
  });
  assert.deepEqual([laws! + timed!, coordinator], [all.length, coordinationCases.length]);
  await Promise.all([page, ofTime, worker].map((tab) => tab?.close()));
}

async function neverTogether(chromium: Chromium, { url }: Site): Promise<void> {
  const tabs = await Promise.all([1, 2, 3].map(() => chromium.open(url)));
  const race = tabs.flatMap((tab) => [
    tab.ask<Belief[]>(`baton.contend(${GRANTS})`),
    tab.ask<Belief[]>(`baton.inWorker("contend", ${GRANTS})`),
    tab.ask<Belief[]>(`baton.inWorker("contend", ${GRANTS})`),
  ]);
  const beliefs = (await Promise.all(race)).flat().sort((one, two) => one.token - two.token);
  assert.equal(beliefs.length, race.length * GRANTS);
  beliefs.forEach(({ token, from }, i) => {
    const before = beliefs[i - 1];
    if (!before) return;
    assert.ok(token > before.token, `the token ${token} was given twice`);
    assert.ok(from >= before.to, `${token} was held while ${before.token} was`);
  });
  await Promise.all(tabs.map((tab) => tab.close()));
}

/** Lets a tab take a lock and end somehow, and another one wait for the lock. */
async function takesOver(
  chromium: Chromium,
  url: string,
  end: (tab: Tab) => Promise<void>,
): Promise<void> {
  const [one, two] = await Promise.all([chromium.open(url), chromium.open(url)]);
  const name = `"${crypto.randomUUID()}"`;
  const first = await one.ask<Taken>(`baton.hold(${name}, ${TTL})`);
  const second = two.ask<Taken>(`baton.hold(${name}, ${TTL})`);
  await end(one);
  const { token, granted } = await second;
  assert.ok(token > first.token);
  assert.ok(granted >= first.sent + TTL, "it was taken before its end");
  assert.equal(await two.ask(`baton.confirm(${name})`), "confirmed");
  await two.close();
}

function crashes(chromium: Chromium, { url }: Site): Promise<void> {
  return takesOver(chromium, url, (tab) => tab.crash());
}

function closes(chromium: Chromium, { url }: Site): Promise<void> {
  return takesOver(chromium, url, (tab) => tab.close());
}

async function freezes(chromium: Chromium, { url }: Site): Promise<void> {
  const [one, two] = await Promise.all([chromium.open(url), chromium.open(url)]);
  const name = `"${crypto.randomUUID()}"`;
  const first = await one.ask<Taken>(`baton.hold(${name}, ${TTL})`);
  await one.freeze();
  // While it is frozen, nobody renews.
  const second = await two.ask<Taken>(`baton.hold(${name}, ${TTL})`);
  assert.ok(second.token > first.token);
  await one.thaw();
  assert.equal(await one.ask(`baton.confirm(${name})`), "lease-lost");
  assert.deepEqual(await one.ask(`baton.look(${name})`), { held: false, lost: true });
  assert.equal(await two.ask(`baton.confirm(${name})`), "confirmed");
  await Promise.all([one.close(), two.close()]);
}

async function isDeleted(chromium: Chromium): Promise<void> {
  await learnsItsEnd(chromium, async (tab) => {
    const deletion = `new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase("baton:tabs");
      request.onsuccess = () => resolve("deleted");
      request.onerror = () => reject(request.error);
      request.onblocked = () => resolve("blocked");
    })`;
    assert.equal(await tab.ask(deletion), "deleted");
  });
}

async function isCleared(chromium: Chromium): Promise<void> {
  await learnsItsEnd(chromium, async (tab, origin) => {
    await tab.send("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb" });
  });
}

/** Lets the data go away under a holder. Each site is an origin of its own. */
async function learnsItsEnd(
  chromium: Chromium,
  remove: (tab: Tab, origin: string) => Promise<void>,
): Promise<void> {
  await using site = await startSite();
  const [one, two] = await Promise.all([chromium.open(site.url), chromium.open(site.url)]);
  await one.ask(`baton.hold("x", 60000)`);
  await remove(two, site.url);
  await two.ask(`baton.hold("x", 60000)`);
  assert.equal(await one.ask(`baton.confirm("x")`), "lease-lost");
  assert.equal(await two.ask(`baton.confirm("x")`), "confirmed");
  await Promise.all([one.close(), two.close()]);
}

async function isNewer(chromium: Chromium, { url }: Site): Promise<void> {
  const tab = await chromium.open(url);
  await tab.ask(`new Promise((resolve, reject) => {
    const request = indexedDB.open("baton:newer", 2);
    request.onsuccess = () => resolve(request.result.close());
    request.onerror = () => reject(request.error);
  })`);
  const [code, message] = await tab.ask<[string, string]>(`baton.errorOf("newer")`);
  assert.equal(code, "connection");
  assert.match(message, /wrote nothing \(VersionError.*a newer Baton has made it/);
  await tab.close();
}

async function isFull(chromium: Chromium): Promise<void> {
  await using site = await startSite();
  const tab = await chromium.open(site.url);
  assert.equal(await tab.ask(`baton.count("full")`), 0);
  await tab.send("Storage.overrideQuotaForOrigin", { origin: site.url, quotaSize: 1_000 });
  const [code, message] = await tab.ask<[string, string]>(`baton.errorOf("full", 60_000)`);
  assert.equal(code, "connection");
  assert.match(message, /wrote nothing \(QuotaExceededError.*no room left/);
  await tab.send("Storage.overrideQuotaForOrigin", { origin: site.url });
  assert.equal(await tab.ask(`baton.count("full")`), 0);
  assert.equal(await tab.ask(`baton.errorOf("full", 60_000)`), undefined);
  assert.equal(await tab.ask(`baton.count("full")`), 1);
  await tab.close();
}

async function hasNone(chromium: Chromium, { url }: Site): Promise<void> {
  const tab = await chromium.open(url);
  const [code, message] = await tab.ask<[string, string]>(`new Promise((resolve) => {
    addEventListener("message", ({ data }) => resolve(data));
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts";
    frame.srcdoc = \`<script src="/page.js"></script>
      <script>baton.errorOf("x").then((error) => parent.postMessage(error, "*"))</script>\`;
    document.body.append(frame);
  })`);
  assert.equal(code, "not-supported");
  assert.match(message, /SecurityError.*there is no IndexedDB/);
  await tab.close();
}
