/**
 * What an aborted call must mean, on every vendor's wire.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Acquire, Driver } from "../../drivers/driver.ts";
import { UnknownOutcome } from "../../mod.ts";
import type { Faults } from "../servers/faults.ts";
import { until } from "../servers/process.ts";
import { errorOf } from "../tools/shown.ts";

/** Before the send it is the reason and nothing was sent; after it unknown, and it may have happened. */
export async function abortsAreTold(
  driver: Driver,
  server: { readonly requests: number; readonly faults: Faults },
  bid: Acquire,
): Promise<void> {
  const reason = new Error("the user left");
  const before = server.requests;
  const signal = AbortSignal.abort(reason);
  assert.equal(await errorOf(driver.apply([bid], { signal })), reason);
  assert.equal(server.requests, before);

  const { resource } = bid;
  for (const why of [undefined, "OK", new DOMException("late", "TimeoutError")]) {
    const stop = new AbortController();
    server.faults.next("hang-reply");
    let told: unknown;
    void errorOf(driver.apply([bid], { signal: stop.signal })).then((error) => told = error);
    await until(
      "it is done",
      () => server.faults.seen.some(({ kind, executed }) => kind === "hang-reply" && executed > 0),
    );
    const other = new AbortController();
    const [looked] = await driver.apply([{ op: "inspect", resource }], { signal: other.signal });
    stop.abort(why);
    await until("the caller is told", () => told !== undefined);
    assert(told instanceof UnknownOutcome);
    server.faults.seen.length = 0;
    const [again] = await driver.apply([bid]);
    assert.deepEqual([again?.ok, again?.leases[0]?.token], [true, looked?.leases[0]?.token]);
  }
}
