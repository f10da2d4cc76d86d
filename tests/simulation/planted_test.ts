/**
 * Bugs that the simulation must find within a thousand seeds: what cannot fail proves nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Edit, planted } from "../mutation/plant.ts";
import { SIZES } from "../tools/size_of_proofs.ts";

/** A bug, and the laws of which it breaks one. */
interface Planted extends Edit {
  readonly breaks: RegExp;
}

const BUGS: readonly Planted[] = [
  {
    name: "a deadline is counted from the reply",
    file: "coordination/leases/session.ts",
    find: "part.take(outcomes.slice(next, next += part.ops.length), sent);",
    put: "part.take(outcomes.slice(next, next += part.ops.length), instant(this.runtime));",
    breaks: /disjoint|has it/,
  },
  {
    name: "a renewal is counted from its reply",
    file: "coordination/leases/session.ts",
    find: "take(await this.#once.apply(ops, { ...(signal && { signal }) }), sent);",
    put: "take(await this.#once.apply(ops, { ...(signal && { signal }) }), instant(this.runtime));",
    breaks: /disjoint|has it/,
  },
  {
    name: "no margin is left for clocks",
    file: "coordination/leases/timings.ts",
    find: "ttl * (1 - bounds.rate) - bounds.step",
    put: "ttl",
    breaks: /disjoint|has it/,
  },
  {
    name: "time is measured by the monotonic clock alone",
    file: "coordination/runtime.ts",
    find: "Math.max(runtime.wall() - start.wall, runtime.mono() - start.mono)",
    put: "runtime.mono() - start.mono",
    breaks: /disjoint|has it/,
  },
  {
    name: "time is measured by the wall clock alone",
    file: "coordination/runtime.ts",
    find: "Math.max(runtime.wall() - start.wall, runtime.mono() - start.mono)",
    put: "runtime.wall() - start.wall",
    breaks: /disjoint|has it/,
  },
  {
    name: "an answer after the deadline revives a lease",
    file: "coordination/leases/held_lease.ts",
    find: "    if (!this.held) return false;\n    if (!ok) {",
    put: '    if (ok && this.#state === "lost") this.#state = "held";\n    if (!ok) {',
    breaks: /for ever|has it|disjoint|both/,
  },
  {
    name: "whoever releases goes on believing until it is answered",
    file: "coordination/leases/held_lease.ts",
    find:
      '    if (this.#state === "held") {\n      this.#state = "releasing";\n      this.#end();\n    }',
    put: "",
    breaks: /has it|disjoint/,
  },
  {
    name: "a release ends whatever lease is there",
    file: "drivers/kit/step.ts",
    find: "if (op.id !== undefined && holder.id !== op.id) return { ok: false, leases: [holder] };",
    put: "",
    breaks: /has it|disjoint|one token/,
  },
  {
    name: "a renewal revives what has ended",
    file: "drivers/kit/step.ts",
    find: "if (holder?.id !== op.id) return REFUSED;",
    put: 'if (holder?.id !== op.id) return acquire({ value: "", ...op, op: "acquire" }, table);',
    breaks: /./,
  },
  {
    name: "tokens are the clock's",
    file: "drivers/memory.ts",
    find: "Math.max(this.#lastToken + 1, Math.floor(this.#now()))",
    put: "Math.floor(this.#now() / 10_000)",
    breaks: /tokens grow|term|growing tokens|no write is lost/,
  },
  {
    name: "a replay makes a new token",
    file: "drivers/kit/step.ts",
    find: "if (holder) return { ok: holder.id === id, leases: [holder] };",
    put: "if (holder && holder.id !== id) return { ok: false, leases: [holder] };",
    breaks: /./,
  },
  {
    name: "writers look at no readers",
    file: "coordination/locks/lock.ts",
    find: ': { resource: lock, guard: { when: "vacant", resource: readers } }),',
    put: ": { resource: lock }),",
    breaks: /disjoint/,
  },
  {
    name: "a semaphore has one seat too many",
    file: "coordination/locks/semaphore.ts",
    find: "const seats = Array.from({ length: permits }",
    put: "const seats = Array.from({ length: permits + 1 }",
    breaks: /permits/,
  },
  {
    name: "each claims a slot of its own",
    file: "coordination/cron/cron.ts",
    find: "const claim = { resource, seat: `${slot}`, value, signal };",
    put: "const claim = { resource, seat: `${slot}${this.#memberId}`, value, signal };",
    breaks: /slot|done/,
  },
  {
    name: "nobody looks whether a slot is done",
    file: "coordination/cron/cron.ts",
    find: '          guard: { when: "vacant", resource, seat: doneSeat(slot) },\n',
    put: "",
    breaks: /done/,
  },
  {
    name: "whoever joins does not look whether the group exists",
    file: "coordination/groups/memberships.ts",
    find: '      guard: { when: "held", resource: resources.groups, seat: group },\n',
    put: "",
    breaks: /group exists/,
  },
  {
    name: "a leave is not told",
    file: "coordination/groups/changes.ts",
    find: "const leaves = [...seen].map(",
    put: "const leaves = [...seen].slice(1).map(",
    breaks: /events/,
  },
  {
    name: "a join is told twice",
    file: "coordination/groups/changes.ts",
    find: "if (before) events.push(...memberChanges(group, before.members ?? {}, now));",
    put: "if (before) events.push(...memberChanges(group, {}, now));",
    breaks: /events/,
  },
  {
    name: "a leader's work is not told of the loss",
    file: "coordination/election/leader_loop.ts",
    find: "signal: firstOf(leadership.signal, signal),",
    put: "signal: firstOf(signal),",
    breaks: /leads at a time/,
  },
  {
    name: "a waiter never looks again",
    file: "coordination/locks/acquirable.ts",
    find: "await sleep(runtime, Math.min(backoff, afterHolder, remaining), signal);",
    put: "await sleep(runtime, Infinity, signal);",
    breaks: /./,
  },
  {
    name: "a timer outlives its request",
    file: "coordination/leases/retrying.ts",
    find: "const cancel = runtime.after(timeout, () => end(late()));",
    put: "runtime.after(timeout + 1e6, () => end(late())); const cancel = () => {};",
    breaks: /timer|ends/,
  },
];

for (const bug of BUGS.filter((_, i) => i % SIZES.plantedStep === 0)) {
  Deno.test(`the simulation finds that ${bug.name}`, async () => {
    const copy = await planted(bug);
    try {
      const found = await search(copy.root);
      assert.match(found.law, bug.breaks);
      // deno-lint-ignore no-console -- how soon it is found tells how strong the simulation is
      console.log(`    seed ${found.seed}: ${found.law}`);
    } finally {
      await copy.remove();
    }
  });
}

/** Runs a thousand seeds on a copy until one breaks a law. */
async function search(root: string): Promise<{ seed: string; law: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "tests/simulation/main.ts", "--seeds=1000", "--from=1"],
    cwd: root,
    stdout: "piped",
  }).spawn();
  let text = "";
  try {
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      // It would go on to shrink it, which nobody waits for here.
      const [, seed, law] = /seed (\d+) breaks a law: (.*?)\. Leaving/.exec(text) ?? [];
      if (seed && law) return { seed, law };
    }
  } finally {
    try {
      child.kill();
    } catch {
      // It has ended.
    }
    await child.status;
  }
  return assert.fail(`nothing was found:\n${text}`);
}
