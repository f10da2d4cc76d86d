/** What a history has of a call whose connection was cut. */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { ConnectionError, UnknownOutcome } from "../../errors.ts";
import { acquire, breakSeat } from "../conformance/operations.ts";
import { History } from "./history.ts";
import { seatModel } from "./seat_model.ts";
import { check } from "./wgl.ts";

for (const error of [new UnknownOutcome("?"), new ConnectionError("no")]) {
  Deno.test(`of a call that ends with ${error.name} a copy may have been done, if a connection was cut meanwhile`, async () => {
    const history = new History();
    const driver = memory();
    let cuts = 0;
    const way = { sends: () => 1, cuts: () => cuts };
    const other = history.record("other", driver, way);
    const [mine, theirs] = [acquire("lock:a"), acquire("lock:a")];
    await other.apply([mine]);
    // Done once, and a second time if it has an unknown outcome itself.
    const twice: Driver = {
      ...driver,
      async apply(ops) {
        await driver.apply(ops);
        cuts++;
        if (!(error instanceof UnknownOutcome)) throw error;
        await other.apply([theirs]);
        await driver.apply(ops);
        throw error;
      },
    };
    const breaking = history.record("one", twice, way);
    await assert.rejects(breaking.apply([breakSeat(mine)]), error);
    await other.apply([acquire("lock:a")]);
    assert.equal(check(history.calls, seatModel).linearizable, true);
    // Without a cut there is no copy.
    const before = history.calls.length;
    const failing = history.record("one", { ...driver, apply: () => Promise.reject(error) }, way);
    await assert.rejects(failing.apply([mine]), error);
    assert.equal(history.calls.length - before, error instanceof UnknownOutcome ? 1 : 0);
  });
}
