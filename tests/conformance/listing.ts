/**
 * Goes through all pages of a list, and says what they must hold.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver, Lease } from "../../drivers/driver.ts";
import { step } from "./expect.ts";
import { list } from "./operations.ts";

/** A lease that was granted, and its resource. */
export interface Held {
  readonly resource: string;
  readonly lease: Lease;
}

/** No list of the suite needs more pages; one that does never ends. */
const MOST_PAGES = 100_000;

/**
 * Everything that is listed under a prefix, in pages of about `limit`, whatever order they come in. A
 * lease that was listed twice is here twice.
 */
export async function listed(
  driver: Driver,
  prefix: string,
  limit = 1_000,
  eachPage: () => void | Promise<void> = () => {},
): Promise<Lease[]> {
  const all: Lease[] = [];
  let after: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const outcome = await step(driver, list(prefix, limit, after));
    assert.equal(outcome.ok, true, "a list is always ok");
    for (const lease of outcome.leases) {
      const { resource } = lease;
      assert.equal(typeof resource, "string", "a lease that is listed names its resource");
      assert.ok(
        resource!.startsWith(prefix),
        `${JSON.stringify(resource)} is listed under ${JSON.stringify(prefix)}`,
      );
    }
    all.push(...outcome.leases);
    if (outcome.after === undefined) return all;
    assert.notEqual(outcome.after, after, "a page whose cursor leads to itself never ends");
    after = outcome.after;
    await eachPage();
  }
  return assert.fail(`the list has not ended after ${MOST_PAGES} pages`);
}

/** Exactly those leases are listed, in any order, each at least once. */
export function isListed(leases: readonly Lease[], held: readonly Held[]): void {
  const expected = held.map(({ resource, lease }) => {
    const { seat, id, token, value } = lease;
    return JSON.stringify({ resource, seat, id, token, value });
  });
  const found = leases.map(({ resource, seat, id, token, value }) =>
    JSON.stringify({ resource, seat, id, token, value })
  );
  assert.deepEqual([...new Set(found)].sort(), expected.sort());
  const mosts = new Map(held.map(({ lease }) => [lease.id, lease.left]));
  for (const { id, left } of leases) {
    const most = mosts.get(id) ?? 0;
    assert.ok(left <= most, `${left} ms left of a lease of ${most}`);
    assert.equal(left === Infinity, most === Infinity, `${left} ms left of a lease of ${most}`);
  }
}
