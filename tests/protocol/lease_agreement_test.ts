/**
 * A model proves nothing about a product that does otherwise. So the model's server is compared with
 * what the drivers run, and its client with the lease that users hold, in every state there is.
 *
 * @module
 */

import assert from "node:assert/strict";
import { HeldLease } from "../../coordination/leases/held_lease.ts";
import { type Instant, instant } from "../../coordination/runtime.ts";
import type { Lease, SeatOp } from "../../drivers/driver.ts";
import { step, type Table } from "../../drivers/kit/step.ts";
import { FakeRuntime } from "../core/fake_runtime.ts";
import { believes } from "./lease_client.ts";
import { leaseProtocol, modelOf } from "./lease_protocol.ts";
import { AGAIN, REPLAY } from "./lease_scopes.ts";
import { arrivals, TOKENS_PER_TICK } from "./lease_server.ts";
import { keyOf } from "./lease_key.ts";
import {
  clientOf,
  initial,
  type Seat,
  type State,
  withClient,
  withRequests,
} from "./lease_state.ts";

const TICK = 1_000;
const model = modelOf({ scope: { ...AGAIN, horizon: 9 }, properties: [] });
const { ttl } = model.scope;

/** The product's step on a table that is the model's seat. */
function productStep(op: SeatOp, { id, left, token }: Seat, now: number) {
  const there = { seat: "", id: `${id}`, token, value: "", left: left * TICK };
  let row: Lease | undefined = left > 0 ? there : undefined;
  const table: Table = {
    live: () => row ? [row] : [],
    put: (_, lease) => void (row = lease),
    drop: () => void (row = undefined),
    scan: () => [],
    nextToken: () => Math.max(token + 1, now * TOKENS_PER_TICK),
  };
  const { ok } = step(op, table);
  return { ok, row: row as Lease | undefined };
}

Deno.test("the model's server does what the drivers do with each request on each seat", () => {
  let compared = 0;
  const at = { resource: "r", seat: "", ttl: ttl * TICK, value: "" };
  const lefts = Array.from({ length: ttl + 1 }, (_, left) => left);
  for (const [left, id, asking, now] of product(lefts, [1, 2, 3], [1, 2, 3], [0, 1, 2])) {
    const seat: Seat = { id: left > 0 ? id : 0, left, token: 7, grant: 1, unrenewed: 0 };
    const [owner, attempt] = asking < 3 ? [0, asking] : [1, 1];
    const base: State = { ...initial(model), seat, now, tokens: [0, 7] };
    for (const op of ["acquire", "renew", "release"] as const) {
      const phase = ({ acquire: "trying", renew: "held", release: "releasing" } as const)[op];
      const waiting = withClient(base, owner, {
        phase,
        attempt,
        renewalAge: op === "renew" ? 0 : -1,
      });
      const asked = withRequests(waiting, asking, { [op]: 1 });
      const [arrival] = [...arrivals({ ...model, scope: { ...model.scope, copies: 0 } }, {
        ...asked,
        copiesLeft: 0,
      })];
      assert.ok(arrival);
      const { seat: after } = arrival.state;
      const client = clientOf(arrival.state, owner);
      const { ok, row } = productStep({ op, ...at, id: `${asking}` }, seat, now);
      const said = `${arrival.label}, of ${JSON.stringify(seat)}`;
      assert.deepEqual(
        { live: after.left > 0, left: after.left * TICK },
        { live: row !== undefined, left: row?.left ?? 0 },
        said,
      );
      if (row) assert.deepEqual([`${after.id}`, after.token], [row.id, row.token], said);
      if (op === "acquire") assert.equal(client.granted > 0, ok, said);
      if (op === "acquire") assert.equal(client.refused, !ok, said);
      if (op === "renew") assert.equal(client.renewed, ok ? 1 : 2, said);
      if (op === "release") assert.equal(client.released, true, said);
      compared++;
    }
  }
  assert.equal(compared, (ttl + 1) * 27 * 3);
});

/** Every combination. */
function* product(
  ...[first, second, third, fourth]: readonly (readonly number[])[]
): Generator<[number, number, number, number]> {
  for (const a of first ?? []) {
    for (const b of second ?? []) {
      for (const c of third ?? []) {
        for (const d of fourth ?? []) yield [a, b, c, d];
      }
    }
  }
}

/** The product's client, told what the model's client is told. */
class Shadow {
  readonly runtime = new FakeRuntime();
  lease: HeldLease | undefined;
  #sent: Instant = instant(this.runtime);
  #renewing: Instant = instant(this.runtime);

  /** Does what the label of a step says. */
  follow(label: string): void {
    if (/^a tick passes$/.test(label)) this.runtime.stop(TICK);
    if (/^a sends acquire/.test(label)) this.#sent = instant(this.runtime);
    if (/^a hears that a1 is granted/.test(label)) this.lease = this.#granted();
    if (/^a sends renew/.test(label)) this.#renewing = instant(this.runtime);
    if (/^a hears that a1 is renewed/.test(label)) this.#renewed(true);
    if (/^a hears that a1 was not/.test(label)) this.#renewed(false);
    if (/sends release/.test(label)) this.lease?.releasing();
  }

  /** Hands the lease the answer to its renewal. */
  #renewed(ok: boolean): void {
    this.lease?.renewal().take([{ ok, leases: [] }], this.#renewing);
  }

  #granted(): HeldLease {
    const owner = {
      ask: () => Promise.reject(new Error("nothing is sent")),
      runtime: this.runtime,
      bounds: { rate: 0, step: model.rules.margin * TICK },
      report: () => {},
      watched: false,
      leases: new Map<string, HeldLease>(),
    };
    const at = { resource: "r", seat: "", id: "a1", ttl: ttl * TICK, value: "" };
    return new HeldLease(owner, { op: "acquire", ...at }, 1, this.#sent);
  }
}

Deno.test("the lease that users hold is believed exactly where the model's client believes", () => {
  const question = { scope: { ...REPLAY, attempts: [1], renewals: 2 }, properties: [] };
  const [space, alone] = [leaseProtocol(question), modelOf(question)];
  const ways: { state: State; way: readonly string[] }[] = [{ state: space.initial, way: [] }];
  const seen = new Set([keyOf(space.initial)]);
  const phases = new Map<string, number>();
  for (const { state, way } of ways) {
    for (const { label, state: after } of space.next(state)) {
      const shadow = new Shadow();
      const whole = [...way, label];
      whole.forEach((each) => shadow.follow(each));
      const held = believes(alone, after, 0);
      assert.equal(shadow.lease?.held ?? false, held, whole.join("\n"));
      const { phase } = clientOf(after, 0);
      phases.set(phase, (phases.get(phase) ?? 0) + 1);
      if (phase === "lost" || phase === "releasing") {
        shadow.lease?.renewal().take([{ ok: true, leases: [] }], instant(shadow.runtime));
        assert.equal(shadow.lease?.held ?? false, false, "what is lost stays lost");
      }
      const key = keyOf(after);
      if (seen.has(key)) continue;
      seen.add(key);
      ways.push({ state: after, way: whole });
    }
  }
  assert.deepEqual([...phases.keys()].sort(), ["held", "idle", "lost", "releasing", "trying"]);
  assert(seen.size > 1_000, `only ${seen.size} states`);
});
