/**
 * Every operation on every vendor's wire, with all that networks and proxies do to a request: no
 * outcome is ever made up, and sending the same again finds out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, systemRuntime, UnknownOutcome } from "../../mod.ts";
import type { Acquire, Driver, Op, Outcome } from "../../drivers/driver.ts";
import { retrying } from "../../coordination/leases/retrying.ts";
import { apply, granted, isGranted, released, step } from "../conformance/expect.ts";
import {
  acquire,
  breakSeat,
  ifHeld,
  ifVacant,
  inspect,
  release,
  renew,
} from "../conformance/operations.ts";
import type { Fault } from "../servers/faults.ts";
import { until } from "../servers/process.ts";
import { having, type RunningWith } from "../backends/mod.ts";

const HTML = "<html>bad gateway</html>";

/** Sends again at once, for what comes between two sends is not the matter here. */
const AT_ONCE = { retries: 5, runtime: { ...systemRuntime(), random: () => 0 } };

/** Something between us and the vendor answers for it. */
function proxy(status: number, body: string): [what: string, faults: Fault[]] {
  return [`a proxy answers ${status} ${body}`, [{ status, body }]];
}

/** Whatever is cut comes twice, for Deno's fetch sends once more over a connection it had used. */
const LOST: readonly (readonly [what: string, faults: readonly Fault[]])[] = [
  ["the request is lost", ["drop-request", "drop-request"]],
  ["the reply is lost", ["drop-reply", "drop-reply"]],
  ["the reply is cut in half", ["truncate"]],
  ...[429, 500, 502, 503].map((status) => proxy(status, HTML)),
  ...["", '{"message":"try later"}', '{"error":{"code":"unavailable","message":"later"}}']
    .map((body) => proxy(502, body)),
  ["a proxy answers 200", [{ status: 200, body: HTML }]],
  ["a proxy answers {}", [{ status: 200, body: "{}" }]],
  ["a proxy answers null", [{ status: 200, body: "null" }]],
  ...[200, 429, 500, 502].map((statusAfter): [string, Fault[]] => [
    `it is done, and a proxy answers ${statusAfter}`,
    [{ statusAfter, body: HTML }],
  ]),
];

/** An operation on a lease that is there unless it is yet to be acquired. */
interface Case {
  readonly what: string;
  /** Whether it acts on a lease that it finds. */
  readonly finds: boolean;
  of(lease: Acquire, guard: string): Op;
  /** What it must have come to, told by one look. */
  readonly leaves: boolean;
}

const CASES: readonly Case[] = [
  { what: "acquire", finds: false, of: (lease) => lease, leaves: true },
  {
    what: "guarded acquire",
    finds: false,
    of: (lease, resource) => ({ ...lease, guard: ifHeld(resource, "") }),
    leaves: true,
  },
  { what: "renew", finds: true, of: (lease) => renew(lease, "new"), leaves: true },
  { what: "release", finds: true, of: (lease) => release(lease), leaves: false },
  {
    what: "guarded release",
    finds: true,
    of: (lease, resource) => release(lease, ifVacant(`${resource}:nobody`)),
    leaves: false,
  },
  { what: "inspect", finds: true, of: ({ resource }) => inspect(resource), leaves: true },
];

/** A case made ready: its operation, and how things must be when it is done. */
async function ready(driver: Driver, { finds, of, leaves }: Case) {
  const name = crypto.randomUUID();
  const lease = acquire(`lock:${name}`, { value: "old" });
  const guard = acquire(`guard:${name}`);
  await granted(driver, guard);
  const before = finds ? await granted(driver, lease) : undefined;
  const op = of(lease, guard.resource);
  return {
    op,
    async done(outcome: Outcome | undefined): Promise<void> {
      const [there] = (await step(driver, inspect(lease.resource, ""))).leases;
      assert.equal(there?.id, leaves ? lease.id : undefined);
      if (before && there) assert.equal(there.token, before.token);
      if (op.op === "renew") assert.equal(there?.value, "new");
      if (op.op === "acquire") assert.equal(isGranted(outcome, op).token, there?.token);
      if (op.op === "inspect") assert.deepEqual(outcome?.leases.map(({ id }) => id), [lease.id]);
      // A release that was done before is refused, and says that nobody is there.
      if (op.op === "release" && !outcome?.ok) assert.deepEqual(outcome?.leases, []);
      else assert.equal(outcome?.ok, true);
    },
  };
}

/**
 * An error, a definite one only where nothing was executed; or an outcome learned from a request that
 * was sent afterwards and did get through, which has to be true.
 */
async function unknownOrTrue(
  place: RunningWith<"wire">,
  driver: Driver,
  op: Op,
): Promise<Outcome | undefined> {
  const { seen } = place.wire.faults;
  const first = seen.length;
  try {
    const [outcome] = await driver.apply([op]);
    assert.equal(seen.at(-1)?.kind, "pass", `answered ${JSON.stringify(outcome)}`);
    return outcome;
  } catch (error) {
    const executed = seen.slice(first).some(({ executed }) => executed > 0);
    if (error instanceof ConnectionError) assert.ok(!executed, `${error} after it was done`);
    else assert.ok(error instanceof UnknownOutcome, `${error}`);
    return undefined;
  }
}

for (const { name, costs, start } of having("wire")) {
  Deno.test(`${name} over its vendor's wire, with everything lost`, async (t) => {
    const place = await start();
    const { faults } = place.wire;
    try {
      const driver = place.wire.connect();
      await granted(driver, acquire("lock:warm"));

      for (const each of CASES) {
        await t.step(
          `${each.what} is unknown whatever is lost, and a replay finds out`,
          async () => {
            for (const [what, lost] of LOST) {
              try {
                const { op, done } = await ready(driver, each);
                faults.next(...lost);
                const outcome = await unknownOrTrue(place, driver, op);
                faults.clear();
                if (outcome) await done(outcome);
                await done(await step(driver, op));
              } catch (error) {
                throw new Error(`when ${what}`, { cause: error });
              } finally {
                faults.clear();
              }
            }
          },
        );

        await t.step(`${each.what} ends right through retrying()`, async () => {
          const patient = retrying(driver, { ...AT_ONCE, timeout: 400 });
          for (const [, lost] of [...LOST, ["", ["hang-reply"]], ["", ["black-hole"]]] as const) {
            const { op, done } = await ready(driver, each);
            faults.next(...lost as readonly Fault[]);
            const outcome = await step(patient, op);
            faults.clear();
            if (op.op === "release" && !op.guard) assert.equal(outcome.ok, true);
            await done(outcome);
          }
        });

        await t.step(`${each.what} delivered twice is done once`, async () => {
          const { op, done } = await ready(driver, each);
          faults.next("duplicate");
          await done(await step(driver, op));
          assert.equal(faults.seen.findLast(({ kind }) => kind === "duplicate")?.executed, 2);
        });

        await t.step(`${each.what} whose reply comes too late is unknown`, async () => {
          const { op, done } = await ready(driver, each);
          const [first, stop] = [faults.seen.length, new AbortController()];
          faults.next({ delay: 600_000 });
          const call = assert.rejects(driver.apply([op], { signal: stop.signal }), UnknownOutcome);
          await until("it is done", () => faults.seen[first]?.executed === 1);
          stop.abort();
          await call;
          await done(await step(driver, op));
        });
      }

      await t.step("a break whose reply is lost is never sent again", async () => {
        const [first, next] = [acquire("lock:b"), acquire("lock:b")];
        await granted(driver, first);
        const before = place.wire.requests;
        await released(driver, breakSeat(first));
        // Of several requests the last one writes.
        const looks = place.wire.requests - before - 1;
        await granted(driver, first);
        faults.next(...Array<Fault>(looks).fill("pass"), { statusAfter: 502, body: HTML });
        await assert.rejects(retrying(driver).apply([breakSeat(first)]), UnknownOutcome);
        await granted(driver, next);
        await released(driver, release(next));
      });

      await t.step("a batch ends right whichever of its requests is lost", async () => {
        const patient = retrying(driver, AT_ONCE);
        for (let passed = 0; passed < 5; passed++) {
          for (const [what, lost] of LOST.slice(0, 3)) {
            const [a, b, c] = ["a", "b", "c"].map((seat) => acquire("batch", { seat })) as [
              Acquire,
              Acquire,
              Acquire,
            ];
            await apply(driver, [a, c]);
            faults.next(...Array<Fault>(passed).fill("pass"), ...lost);
            const outcomes = await apply(patient, [renew(a), b, release(c), inspect("batch")]);
            faults.clear();
            assert.deepEqual(outcomes.map(({ ok }) => ok), [true, true, true, true], what);
            assert.deepEqual(outcomes[3]?.leases.map(({ id }) => id), [a.id, b.id], what);
            await apply(driver, [release(a), release(b)]);
          }
          if (!costs) break; // One request, however many operations.
        }
      });
    } finally {
      await place.stop();
    }
  });
}
