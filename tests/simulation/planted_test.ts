/**
 * Bugs that the simulation must find within a thousand seeds: what cannot fail proves nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { planted } from "../mutation/plant.ts";
import { productOf, sources } from "../mutation/project.ts";
import { type Story, told } from "../mutation/stories.ts";
import { SIZES } from "../tools/size_of_proofs.ts";

/** A bug, and the laws of which it breaks one. */
interface Planted extends Story {
  readonly breaks: RegExp;
}

const BUGS: readonly Planted[] = [
  {
    name: "a deadline is counted from the reply",
    at: "Session.send",
    find: "part.ops.length), sent)",
    put: "part.ops.length), instant(this.runtime))",
    breaks: /disjoint|has it/,
  },
  {
    name: "no margin is left for clocks",
    at: "validity",
    find: "ttl * (1 - bounds.rate) - bounds.step",
    put: "ttl",
    breaks: /disjoint|has it/,
  },
  {
    name: "time is measured by the monotonic clock alone",
    at: "between",
    find: "Math.max(end.wall - start.wall, end.mono - start.mono)",
    put: "end.mono - start.mono",
    breaks: /disjoint|has it/,
  },
  {
    name: "time is measured by the wall clock alone",
    at: "between",
    find: "Math.max(end.wall - start.wall, end.mono - start.mono)",
    put: "end.wall - start.wall",
    breaks: /disjoint|has it/,
  },
  {
    name: "an answer after the deadline revives a lease",
    at: "HeldLease.#renewed",
    find: "if (this.#look(now) === 0) return false;",
    put: 'if (ok && this.#state === "lost") this.#state = "held";',
    breaks: /for ever|has it|disjoint|both/,
  },
  {
    name: "whoever releases goes on believing until it is answered",
    at: "HeldLease.releasing",
    find: 'this.#state === "held"',
    put: "false",
    breaks: /has it|disjoint/,
  },
  {
    name: "a release ends whatever lease is there",
    near: "kit/step",
    at: "release",
    find: "id !== undefined && holder.id !== id",
    put: "!holder",
    breaks: /has it|disjoint|one token|keeps its claim/,
  },
  {
    name: "a renewal revives what has ended",
    near: "kit/step",
    at: "renew",
    find: "if (holder?.id !== op.id) return REFUSED;",
    put: 'if (holder?.id !== op.id) return acquire({ value: "", ...op, op: "acquire" }, table);',
    breaks: /./,
  },
  {
    name: "tokens are the clock's",
    at: "MemoryTable.nextToken",
    find: "Math.max(this.#lastToken + 1, Math.floor(this.#now()))",
    put: "Math.floor(this.#now() / 10_000)",
    breaks: /tokens grow|term|growing tokens|no write is lost/,
  },
  {
    name: "a replay makes a new token",
    near: "kit/step",
    at: "acquire",
    find: "if (holder) return",
    put: "if (holder && holder.id !== id) return",
    breaks: /./,
  },
  {
    name: "writers look at no readers",
    at: "Lock.begin",
    find: '{ resource: lock, guard: { when: "vacant", resource: readers } }',
    put: "{ resource: lock }",
    breaks: /disjoint/,
  },
  {
    name: "a semaphore has one seat too many",
    at: "Semaphore.begin",
    find: "{ length: permits }",
    put: "{ length: permits + 1 }",
    breaks: /permits/,
  },
  {
    name: "each claims a slot of its own",
    at: "Cron.#claim",
    find: "seat: `${slot}`",
    put: "seat: `${slot}${this.#session.memberId}`",
    breaks: /slot|done/,
  },
  {
    name: "nobody looks whether a slot is done",
    at: "Cron.#claim",
    find: 'guard: { when: "vacant", resource, seat: doneSeat(slot) },',
    put: "",
    breaks: /done/,
  },
  {
    name: "whoever joins does not look whether the group exists",
    at: "Groups.#joining",
    find: 'guard: { when: "held", resource: resources.groups, seat: group },',
    put: "",
    breaks: /group exists/,
  },
  {
    name: "a leave is not told",
    at: "memberChanges",
    find: "[...seen].map(",
    put: "[...seen].slice(1).map(",
    breaks: /events/,
  },
  {
    name: "a join is told twice",
    at: "changes",
    find: "before.members ?? {}",
    put: "{}",
    breaks: /events/,
  },
  {
    name: "a leader's work is not told of the loss",
    at: "LeaderLoop.#term",
    find: "firstOf(leadership.signal, this.#signal)",
    put: "firstOf(this.#signal)",
    breaks: /leads at a time/,
  },
  {
    name: "a waiter never looks again",
    at: "waitFor",
    find: "Math.min(backoff, afterHolder, Math.max(0, left()))",
    put: "Infinity",
    breaks: /./,
  },
  {
    name: "a timer outlives its request",
    at: "sendOnce",
    near: "retrying",
    find: "const cancel = runtime.after(timeout, () => {",
    put: "const cancel = () => {}; runtime.after(timeout + 1e6, () => {",
    breaks: /timer|ends/,
  },
  {
    name: "what is granted after a stop is kept",
    at: "Session.send",
    find: "if (!outcomes || stopped())",
    put: "if (!outcomes)",
    breaks: /asked for before it/,
  },
  {
    name: "a stop leaves those who wait waiting",
    at: "Session.stop",
    find: "for (const stop of this.#running) stop(wasStopped());",
    put: "",
    breaks: /asked for before it|who is stopped ends/,
  },
  {
    name: "a stop releases the claims of runs",
    at: "Session.#granted",
    find: "if (own) return;",
    put: "",
    breaks: /keeps its claim/,
  },
  {
    name: "a wait ends with the first refusal to serve",
    at: "waitFor",
    find: "if (over || !mayPass || !isOutage(error)) throw error;",
    put: "throw error;",
    breaks: /outlasts an outage/,
  },
  {
    name: "a changed password ends a candidacy",
    at: "LeaderLoop.#campaign",
    find: "if (!isOutage(error)) throw error;",
    put: "if (!(error as { retryable?: boolean }).retryable) throw error;",
    breaks: /candidate waits/,
  },
  {
    name: "a wait's pauses have no limit",
    at: "waitFor",
    find: "Math.min(LONGEST_PAUSE, 50 * 2 ** look)",
    put: "50 * 2 ** look",
    breaks: /gets on again/,
  },
  {
    name: "a candidate's pauses have no limit",
    at: "growing",
    find: "Math.min(LONGEST_PAUSE, first * 2 ** times)",
    put: "first * 2 ** times",
    breaks: /campaigns again|leader is found/,
  },
  {
    name: "a slot is forgotten before a slow clock's last trigger",
    at: "keptFor",
    find: "+ WALL",
    put: "",
    breaks: /at most once|done again/,
  },
  {
    name: "a slot is forgotten while its last trigger's claim is on its way",
    at: "keptFor",
    find: "+ onItsWay",
    put: "",
    breaks: /at most once|done again/,
  },
  {
    name: "a slot that began early is forgotten early",
    at: "keptFor",
    find: "Math.max(0, ahead)",
    put: "0",
    breaks: /at most once|done again/,
  },
  {
    name: "a fast backend forgets a slot before its last trigger",
    at: "keptFor",
    find: "window / (1 - bounds.rate)",
    put: "window",
    breaks: /at most once|done again/,
  },
];

Deno.test("each bug, also those of the long proofs, is in one place of the code as it is now", async () => {
  assert.equal(told(BUGS, productOf(await sources())).length, BUGS.length);
});

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
