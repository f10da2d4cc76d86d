/**
 * The vendor's client takes any JSON for an answer without rows: the driver must not.
 *
 * @module
 */

import assert from "node:assert/strict";
import { UnknownOutcome } from "../../../mod.ts";
import type { Acquire, Lease, Op, Outcome } from "../../../drivers/driver.ts";
import { migrate } from "../../../drivers/mysql/schema.ts";
import { planetscale, planetscaleQuery } from "../../../drivers/mysql/planetscale.ts";
import { withPlanetscale } from "../../servers/with_planetscale.ts";

const BODIES = ["{}", "[]", "7", '"text"', '{"result":{}}', '{"result":{"rowsAffected":"0"}}'];
const SEATS = ["1", "2", "3"];
const TTL = 60_000;

function at(seat: string): { resource: string; seat: string; id: string } {
  return { resource: "many", seat, id: `id-${seat}` };
}

function acquire(seat: string, id: string, ttl: number): Acquire {
  return { op: "acquire", ...at(seat), id, ttl, value: "" };
}

const renewal = (seat: string): Op => ({ op: "renew", ...at(seat), ttl: TTL });
const release = (seat: string): Op => ({ op: "release", ...at(seat) });
const LOOK: Op = { op: "inspect", resource: "many" };

/** A batch, and what is true if it is answered: of its outcomes, and of what is there afterwards. */
interface Truth {
  readonly ops: readonly Op[];
  readonly ok: boolean;
  holds(there: readonly Lease[], outcomes: readonly Outcome[]): boolean;
}

const TRUTHS: Readonly<Record<string, Truth>> = {
  "a grant": {
    ops: [acquire("4", "id-4", TTL)],
    ok: true,
    holds: (there, [outcome]) => there[3]?.token === outcome?.leases[0]?.token,
  },
  "two grants": {
    ops: [acquire("4", "id-4", TTL), acquire("5", "id-5", TTL)],
    ok: true,
    holds: (there) => there.length === 5,
  },
  "a refusal": {
    ops: [acquire("1", "other", TTL)],
    ok: false,
    holds: (there, [outcome]) => there[0]?.id === outcome?.leases[0]?.id,
  },
  "a renewal": {
    ops: [renewal("1")],
    ok: true,
    holds: ([first]) => Number(first?.left) > TTL / 2,
  },
  "three renewals": {
    ops: SEATS.map(renewal),
    ok: true,
    holds: (there) => there.every(({ left }) => left > TTL / 2),
  },
  "a release": { ops: [release("1")], ok: true, holds: (there) => there.length === 2 },
  "three releases": { ops: SEATS.map(release), ok: true, holds: (there) => there.length === 0 },
  "a look": {
    ops: [LOOK],
    ok: true,
    holds: (there, [outcome]) => there.length === outcome?.leases.length,
  },
};

Deno.test("JSON that is no answer is never an outcome, whichever request of an operation it answers", async (t) => {
  await withPlanetscale("mysql", async ({ server, mysql }) => {
    const { databaseUrl: url } = server;
    await migrate(planetscaleQuery({ url }));
    const driver = planetscale({ url });
    for (const [what, { ops, ok, holds }] of Object.entries(TRUTHS)) {
      await t.step(what, async () => {
        for (const body of BODIES) {
          for (const before of [0, 1, 2]) {
            await mysql.query("delete from baton_leases");
            await driver.apply(SEATS.map((seat) => acquire(seat, `id-${seat}`, TTL / 2)));
            const passing = Array.from({ length: before }, () => "pass" as const);
            server.faults.next(...passing, { status: 200, body });
            const answer = await driver.apply(ops).catch((error: unknown) => error);
            server.faults.clear();
            if (answer instanceof UnknownOutcome) continue;
            assert(Array.isArray(answer), `${answer}`);
            const [looked] = await driver.apply([LOOK]);
            const said = `${body} after ${before}: ${Deno.inspect([answer, looked], { depth: 9 })}`;
            assert(answer.length === ops.length && answer.every((each) => each.ok === ok), said);
            assert(holds(looked?.leases ?? [], answer), said);
          }
        }
      });
    }
  });
});
