/**
 * Two candidates lead in turn while their server refuses for a while, as a database does that is
 * read-only after a fail-over, or knows another password: nobody's candidacy ends of it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator, systemRuntime } from "../../mod.ts";
import { having } from "../backends/mod.ts";
import { until } from "./process.ts";

for (const { name, start } of having("server", "wire")) {
  Deno.test(`${name}: a refusal that passes ends no candidacy, and a later term follows`, async () => {
    const { server, connect, stop } = await start();
    const over = new AbortController();
    // What was perhaps granted to a candidate that waited is released behind its back.
    const background: Promise<void>[] = [];
    const runtime = systemRuntime({ waitUntil: (work) => void background.push(work) });
    const terms: number[] = [];
    const failed = new Set<string>();
    const ended: unknown[] = [];
    /** The signals of those that work. */
    const working = new Set<AbortSignal>();
    let most = 0;
    const candidate = async (memberId: string): Promise<() => Promise<unknown>> => {
      const driver = await connect();
      const ttl = Math.max(2_000, driver.guarantees.minTtl);
      const coordinator = new Coordinator(driver, {
        memberId,
        runtime,
        on: ({ type }) => void (type === "campaign-failed" && failed.add(memberId)),
      });
      await coordinator.start();
      const leading = coordinator.lead("g", async ({ term, signal }) => {
        terms.push(term);
        working.add(signal);
        // Who asks its signal is told of the end at once; who listens to it is when there is time for it.
        most = Math.max(most, [...working].filter(({ aborted }) => !aborted).length);
        await new Promise<void>((resolve) => {
          if (signal.aborted) return resolve();
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
        working.delete(signal);
        signal.throwIfAborted();
      }, { ttl, signal: over.signal }).catch((error) => ended.push(error));
      return () => leading.finally(() => coordinator.stop());
    };
    const leave = [await candidate("a"), await candidate("b")];
    try {
      await until("one leads", () => working.size === 1);
      let before = 0;
      const { end } = await server.refuse(0);
      try {
        // The leader has lost its leadership by then, and campaigns itself.
        await until("both were turned away", () => failed.size === 2 || ended.length > 0);
        before = terms.length;
      } finally {
        await end();
      }
      await until(
        "one leads again",
        () => terms.length > before && working.size === 1 || ended.length > 0,
      );
      assert.deepEqual(ended, []);
      assert.equal(most, 1);
      assert.deepEqual(terms, terms.toSorted((a, b) => a - b));
      assert.equal(new Set(terms).size, terms.length);
    } finally {
      over.abort();
      await Promise.all(leave.map((each) => each()));
      await Promise.all(background);
      await stop();
    }
  });
}
