/**
 * The tokens that etcd's revisions make, without a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Keys } from "../../../drivers/etcd/keys.ts";
import { type Done, Steps } from "../../../drivers/etcd/txn.ts";
import { UnknownOutcome } from "../../../errors.ts";
import { acquire, inspect } from "../../conformance/operations.ts";

const { MAX_SAFE_INTEGER: MOST } = Number;
const STEPS = new Steps(new Keys("baton/"));

/** What a transaction found when tokens begin at `epoch`: one lease, or none. */
function done(epoch: number, lease?: { readonly create_revision: string }): Done {
  const [key, value] = [btoa("baton/leases/lock:a\0\0id"), btoa("1000 v")];
  const found = lease ? [[{ key, value, ...lease }]] : [];
  return { succeeded: true, found, count: 0, revision: 7, epoch };
}

Deno.test("etcd: a token that JavaScript cannot hold exactly is not given, nor shown", () => {
  const [mine, look] = [acquire("lock:a"), inspect("lock:a")];
  const tokenOf = (op: typeof mine | typeof look, found: Done) =>
    STEPS.outcome(op, found).leases.map(({ token }) => token);
  assert.deepEqual(tokenOf(mine, done(MOST - 7)), [MOST]);
  assert.deepEqual(tokenOf(look, done(MOST - 7, { create_revision: "7" })), [MOST]);
  assert.throws(() => tokenOf(mine, done(MOST - 6)), UnknownOutcome);
  assert.throws(() => tokenOf(look, done(MOST - 6, { create_revision: "7" })), UnknownOutcome);
  for (const create_revision of ["9007199254740993", "x", "7.5"]) {
    assert.throws(() => tokenOf(look, done(0, { create_revision })), UnknownOutcome);
  }
});
