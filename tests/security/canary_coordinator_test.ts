/**
 * The ids of leases are what holders prove themselves by: a coordinator shows them to nobody, neither
 * while all goes well nor when nothing does.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator, type CoordinatorEvent } from "../../mod.ts";
import { memory } from "../../drivers/memory.ts";
import type { Driver } from "../../drivers/driver.ts";
import { startBadServer } from "./bad_server.ts";
import { BREAKS, ECHOES } from "./fault_rows.ts";
import { type Leak, leaksIn, SECRETS } from "./secrets.ts";
import { assertNoSecret, outcomeOf, printed } from "./sinks.ts";
import { coordinatorAt, SUSPECTS } from "./suspects.ts";

/** One of each page, as an answer and as a refusal. */
const ROWS = [
  ...ECHOES.filter(({ name }) => /^(200|400) .* of all that was sent$/.test(name)),
  ...BREAKS,
];

/** A request for each of the verbs. */
const CALLS: readonly ((baton: Coordinator) => Promise<unknown>)[] = [
  (baton) => baton.start(),
  (baton) => baton.getLock("x").hold({ timeout: 0 }),
  (baton) => baton.getSemaphore("x", 3).acquire({ timeout: 0 }),
  (baton) => baton.getLock("x").holders(),
  (baton) => baton.election("g").campaign(),
  (baton) => baton.joinGroupCreate("g", { note: SECRETS.value }),
  (baton) => baton.tick({ watch: ["g"] }),
  (baton) => baton.cron("j").run({ slot: Date.now() }, () => "ran"),
];

for (const suspect of SUSPECTS.filter(({ url }) => url)) {
  Deno.test(`${suspect.name}: neither errors nor events of a coordinator by URL show a secret`, async () => {
    const server = await startBadServer();
    const events: CoordinatorEvent[] = [];
    try {
      const caught = await printed(async () => {
        for (const [turn, row] of ROWS.entries()) {
          server.behave(row.behave);
          const on = (event: CoordinatorEvent) => void events.push(event);
          const made = await coordinatorAt(suspect, server.host, { on });
          assert(made);
          const { baton, settled } = made;
          // Two of the verbs for each row, in turn.
          for (const call of [turn, turn + 3].map((at) => CALLS[at % CALLS.length])) {
            assertNoSecret(await outcomeOf(() => call?.(baton)), row.name);
          }
          await settled();
          assertNoSecret(baton, `the coordinator after ${row.name}`);
        }
      });
      assert.deepEqual(leaksIn(caught), []);
    } finally {
      await server.stop();
    }
    assertNoSecret(events, "the events");
    assert(events.length > ROWS.length, "no events were told");
  });
}

/** A coordinator over memory, all that it has told, and a search for the ids that it has sent. */
function scene() {
  const events: CoordinatorEvent[] = [];
  const ids = new Set<string>();
  const backend = memory();
  const wire: Driver = {
    ...backend,
    apply: (ops, options) => {
      for (const op of ops) if ("id" in op && op.id) ids.add(op.id);
      return backend.apply(ops, options);
    },
  };
  const find = (text: string): Leak[] =>
    [...ids].filter((id) => text.includes(id)).map((id) => {
      const at = text.indexOf(id);
      return { secret: "the id of a lease", around: text.slice(Math.max(0, at - 80), at + 80) };
    });
  const on = (event: CoordinatorEvent) => void events.push(event);
  return { baton: new Coordinator(wire, { memberId: "fra-1", on }), events, ids, find, backend };
}

Deno.test("no lease, lock, holder, leader, member, cursor, record or event shows the id of a lease", async () => {
  const { baton, events, ids, find } = scene();
  const caught = await printed(async () => {
    await baton.start();
    const lock = baton.getLock("x");
    const lease = await lock.hold();
    const semaphore = baton.getSemaphore("s", 2);
    const permit = await semaphore.hold();
    const shared = await baton.getLock("y").hold({ shared: true });
    const membership = await baton.joinGroupCreate("g", { zone: "fra" });
    const term = await baton.election("g").campaign();
    const told: unknown[] = [baton, lock, lease, semaphore, permit, shared, membership, term];
    told.push(await lock.holders(), await semaphore.holders(), await baton.getLock("y").holders());
    told.push(await baton.getLeader("g"), await baton.getMembers("g"), baton.election("g"));
    told.push(await baton.getMemberInfo("g", "fra-1"), await baton.getGroups());
    told.push(await baton.tick({ watch: ["g"] }), await baton.heartbeat());
    told.push(await outcomeOf(() => baton.getLock("x").hold({ timeout: 0 })));
    told.push(await outcomeOf(() => baton.getLock("y").hold({ timeout: 0 })));
    told.push(await outcomeOf(() => baton.joinGroup("g")));
    const run = { slot: Date.now(), mode: "retry", record: true } as const;
    told.push(await baton.cron("j").run(run, (given) => Object.keys(given)));
    told.push(await baton.cron("j").run(run, () => {}), await baton.cron("j").history(5));
    await lease.confirm();
    for (const [n, each] of told.entries()) assertNoSecret(each, `what was told as ${n}`, find);
    await lease.release();
    await baton.getLock("y").break();
    told.push(await outcomeOf(() => shared.confirm()), lease.signal.reason, shared.signal.reason);
    await baton.stop();
    for (const [n, each] of told.entries()) assertNoSecret(each, `what was told as ${n}`, find);
  });
  assert.deepEqual(find(caught), []);
  assertNoSecret(events, "the events", find);
  assert(events.some(({ type }) => type === "lost"), "no loss was told");
  assert(ids.size > 8, "no ids were sent");
});

Deno.test("an id that a coordinator did show would be found: in an event, an error, a lease", async () => {
  const { baton, events, backend, find } = scene();
  await using lease = await baton.getLock("x").hold();
  const [outcome] = await backend.apply([{ op: "inspect", resource: "lock:x", seat: "" }]);
  const id = outcome?.leases[0]?.id;
  const careless = [
    [...events, { type: "request", ops: [{ id }] }],
    new Error(`lock:x is held under ${id}`),
    Object.assign(Object.create(lease), { id }),
    outcome?.leases,
  ];
  for (const each of careless) {
    assert.throws(() => assertNoSecret(each, "a planted leak", find), assert.AssertionError);
  }
});
