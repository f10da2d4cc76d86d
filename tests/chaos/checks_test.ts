/**
 * The judge finds every planted breach of every law, and nothing in a history that is in order.
 *
 * @module
 */

import assert from "node:assert/strict";
import { unsettled } from "./check_stops.ts";
import { checks, judge } from "./checks.ts";
import type {
  Entry,
  History,
  HoldEntry,
  Mode,
  Note,
  RegisterEntry,
  WithinEntry,
} from "./history.ts";

type Planted = Partial<Omit<History, "entries">> & { readonly entries?: readonly Entry[] };

function historyOf(planted: Planted): History {
  const nothing = { entries: [], register: [], kills: [], steps: [], refusals: [] };
  return { ...nothing, durable: true, ...planted };
}

/** The laws that a history breaks. */
function broken(planted: Planted): string[] {
  return judge(historyOf(planted)).violations.map(({ law }) => law);
}

function by(who: string, ...notes: readonly Note[]): Entry[] {
  return notes.map((note) => ({ ...note, who }));
}

/** A belief that is sampled at its end. */
function belief(
  who: string,
  what: string,
  [from, to]: readonly [number, number],
  more: Partial<HoldEntry> = {},
): Entry[] {
  const handle = `${who} ${what} ${from}`;
  const hold: HoldEntry = {
    ...{ kind: "hold", handle, what, mode: "exclusive", token: from, ttl: 1_000 },
    ...{ sent: from - 5, at: from },
    ...more,
  };
  return by(who, hold, { kind: "seen", handle, at: to }, { kind: "end", handle, at: to + 1 });
}

function grant(who: string, token: number, sent: number, at: number, seat = ""): Entry {
  return { kind: "grant", resource: "lock:a", seat, token, sent, at, who };
}

function asked(
  verb: RegisterEntry["verb"],
  token: number,
  value: number,
  accepted = true,
): RegisterEntry {
  return { at: token, who: "c", name: "lock:a", verb, token, value, accepted };
}

const BELIEF = "no two believe at once, and of a semaphore at most N";
const ENDED = "a belief that has ended does not come back";
const TOKENS = "tokens of a seat are unique and grow";
const LOST = "no lease is lost that was acknowledged";
const REGISTER = "the fenced register never goes back and loses no update";
const TERMS = "a term has one leader, and terms grow";
const ONCE = "a slot in once begins at most once";
const RETRY = "runs of a slot in retry have growing tokens";
const LISTED = "a member that believes is listed";
const FOLDS = "the events of a watch add up to the list";
const STOPPED = "what was stopped acquires nothing, and holds nothing";
const WITHIN = "nothing is answered within an application's open transaction";
const ERRORS = "no error but those that faults explain";

Deno.test("each law is one of those that are planted here", () => {
  const planted = [
    BELIEF,
    ENDED,
    TOKENS,
    LOST,
    REGISTER,
    TERMS,
    ONCE,
    RETRY,
    LISTED,
    FOLDS,
    STOPPED,
    WITHIN,
    ERRORS,
  ];
  assert.deepEqual(checks.map(({ law }) => law), planted);
});

Deno.test("beliefs that touch are in order, those that overlap are not", () => {
  const apart = [...belief("c", "lock:a", [10, 20]), ...belief("d", "lock:a", [20, 30])];
  assert.deepEqual(broken({ entries: apart }), []);
  const other = [...belief("c", "lock:a", [10, 20]), ...belief("d", "lock:b", [15, 30])];
  assert.deepEqual(broken({ entries: other }), []);
  const inside = [...belief("c", "lock:a", [10, 40]), ...belief("d", "lock:a", [15, 30])];
  assert.deepEqual(broken({ entries: inside }), [BELIEF]);
  const late = [...belief("d", "lock:a", [19, 30]), ...belief("c", "lock:a", [10, 20])];
  assert.deepEqual(broken({ entries: late }), [BELIEF]);
  for (const mode of ["leader", "run", "member"] satisfies Mode[]) {
    const two = ["c", "d"].flatMap((who, i) => belief(who, "x:a", [10 + i, 20], { mode }));
    assert.deepEqual(broken({ entries: two }), [BELIEF]);
  }
});

Deno.test("readers may believe together, a reader and a writer may not", () => {
  const shared = { mode: "shared" } as const;
  const readers = ["c", "d"].flatMap((who) => belief(who, "lock:a", [10, 20], shared));
  assert.deepEqual(broken({ entries: readers }), []);
  const writer = [...readers, ...belief("e", "lock:a", [15, 30])];
  assert.deepEqual(broken({ entries: writer }), [BELIEF]);
  const reader = [...belief("e", "lock:a", [5, 30]), ...belief("c", "lock:a", [10, 20], shared)];
  assert.deepEqual(broken({ entries: reader }), [BELIEF]);
});

Deno.test("as many hold a permit as there are permits, and one more is too many", () => {
  const permit = { mode: "permit", most: 2 } as const;
  const two = ["c", "d"].flatMap((who) => belief(who, "semaphore:s", [10, 20], permit));
  assert.deepEqual(broken({ entries: two }), []);
  const third = belief("e", "semaphore:s", [19, 20], permit);
  assert.deepEqual(broken({ entries: [...two, ...third] }), [BELIEF]);
});

Deno.test("a belief after its end is found", () => {
  const own = belief("c", "lock:a", [10, 20]);
  const handle = "c lock:a 10";
  assert.deepEqual(broken({ entries: own }), []);
  const again = [...own, ...by("c", { kind: "seen", handle, at: 30 })];
  assert.deepEqual(broken({ entries: again }), [ENDED]);
});

Deno.test("a token given twice is found, and one that goes back, but none of what was at once", () => {
  assert.deepEqual(broken({ entries: [grant("c", 7, 10, 20), grant("d", 9, 30, 40)] }), []);
  assert.deepEqual(broken({ entries: [grant("c", 7, 10, 20), grant("d", 7, 15, 40)] }), [TOKENS]);
  assert.deepEqual(broken({ entries: [grant("c", 9, 10, 20), grant("d", 7, 30, 40)] }), [TOKENS]);
  assert.deepEqual(broken({ entries: [grant("c", 9, 10, 20), grant("d", 7, 15, 40)] }), []);
  const seats = [grant("c", 9, 10, 20, "1"), grant("d", 7, 30, 40, "2")];
  assert.deepEqual(broken({ entries: seats }), []);
  const three = [grant("c", 9, 10, 20), grant("d", 12, 15, 60), grant("e", 8, 30, 40)];
  assert.deepEqual(broken({ entries: three }), [TOKENS]);
});

Deno.test("a lost lease is found, and excused only where a kill may forget it", () => {
  const gone: Note = {
    ...{ kind: "gone", resource: "lock:a", seat: "", token: 7, since: 100, at: 200 },
  };
  const entries = [grant("c", 7, 10, 20), ...by("c", gone)];
  assert.deepEqual(broken({ entries }), [LOST]);
  assert.deepEqual(broken({ entries, kills: [150] }), [LOST]);
  assert.deepEqual(broken({ entries, kills: [150], durable: false }), []);
  assert.deepEqual(broken({ entries, kills: [99, 201], durable: false }), [LOST]);
  const { forgotten } = judge(historyOf({ entries, kills: [150], durable: false }));
  assert.deepEqual([...forgotten], [[LOST, 1]]);
});

Deno.test("no kill excuses tokens, the register, or a belief that comes back", () => {
  const forgetful = { kills: [1, 10, 15, 20, 25, 30, 35], durable: false };
  const entries = [grant("c", 7, 10, 20), grant("d", 7, 15, 40)];
  assert.deepEqual(broken({ ...forgetful, entries }), [TOKENS]);
  const register = [asked("write", 9, 1), asked("read", 8, 1)];
  assert.deepEqual(broken({ ...forgetful, register }), [REGISTER]);
  const own = belief("c", "lock:a", [10, 20]);
  const again = [...own, ...by("c", { kind: "seen", handle: "c lock:a 10", at: 30 })];
  assert.deepEqual(broken({ ...forgetful, entries: again }), [ENDED]);
});

Deno.test("two beliefs are excused only by a kill that may have forgotten the first", () => {
  const first = belief("c", "lock:a", [5_000, 8_000]);
  const entries = [...first, ...belief("d", "lock:a", [7_500, 8_000])];
  assert.deepEqual(broken({ entries, kills: [7_000], durable: false }), []);
  assert.deepEqual(broken({ entries, kills: [6_000], durable: false }), [BELIEF]);
  assert.deepEqual(broken({ entries, kills: [7_600], durable: false }), [BELIEF]);
});

Deno.test("a register that lets an old token in is found, and one that loses an update", () => {
  const good = [
    asked("read", 7, 0),
    asked("write", 7, 1),
    asked("read", 9, 1),
    asked("write", 9, 2),
  ];
  assert.deepEqual(broken({ register: good }), []);
  assert.deepEqual(broken({ register: [...good, asked("write", 7, 2, false)] }), []);
  assert.deepEqual(broken({ register: [...good, asked("read", 8, 2)] }), [REGISTER]);
  assert.deepEqual(broken({ register: [...good, asked("write", 9, 2)] }), [REGISTER]);
  assert.deepEqual(broken({ register: [...good, asked("write", 9, 4)] }), [REGISTER]);
});

Deno.test("two leaders of one term are found, and terms that go back", () => {
  const lead = (who: string, from: number, token: number) =>
    belief(who, "leader:x", [from, from + 5], { mode: "leader", token });
  assert.deepEqual(broken({ entries: [...lead("c", 10, 1), ...lead("d", 20, 2)] }), []);
  assert.deepEqual(broken({ entries: [...lead("c", 10, 1), ...lead("d", 20, 1)] }), [TERMS]);
  assert.deepEqual(broken({ entries: [...lead("c", 10, 2), ...lead("d", 20, 1)] }), [TERMS]);
});

Deno.test("a slot that begins twice in once is found, and in retry only if its tokens do not grow", () => {
  const begin = (mode: "once" | "retry", token: number, sent: number, at: number): Note => ({
    ...{ kind: "begin", job: "j", slot: 60_000, mode, token, sent, at },
  });
  const other: Note = { ...begin("once", 9, 30, 40), slot: 120_000 } as Note;
  assert.deepEqual(broken({ entries: by("c", begin("once", 7, 10, 20), other) }), []);
  const twice = by("c", begin("once", 7, 10, 20), begin("once", 9, 30, 40));
  assert.deepEqual(broken({ entries: twice }), [ONCE]);
  const retried = (first: number, second: number, sent: number) =>
    broken({ entries: by("c", begin("retry", first, 10, 20), begin("retry", second, sent, 40)) });
  assert.deepEqual(retried(7, 9, 30), []);
  assert.deepEqual(retried(9, 7, 15), []);
  assert.deepEqual(retried(9, 7, 30), [RETRY]);
  assert.deepEqual(retried(7, 7, 15), [RETRY]);
});

Deno.test("a member that believes all the while and is not listed is found", () => {
  const member = belief("c", "group:g/m", [10, 50], { mode: "member" });
  const list = (members: string[], sent: number, at: number) =>
    by("d", { kind: "list", group: "g", members, sent, at });
  assert.deepEqual(broken({ entries: [...member, ...list(["m"], 20, 30)] }), []);
  assert.deepEqual(broken({ entries: [...member, ...list([], 5, 30)] }), []);
  assert.deepEqual(broken({ entries: [...member, ...list([], 30, 51)] }), []);
  assert.deepEqual(broken({ entries: [...member, ...list(["n"], 20, 30)] }), [LISTED]);
});

Deno.test("events that do not follow from each other are found", () => {
  const chain = (...ticks: readonly (readonly (readonly [string, string?])[])[]) =>
    broken({
      entries: ticks.flatMap((tick, i) => {
        const events = tick.map(([type, member = "m"]) =>
          type === "resync" ? { type, members: [member] } : { type, member }
        );
        return by("c", { kind: "watch", chain: "c", group: "g", events, sent: i, at: i });
      }),
    });
  assert.deepEqual(chain([["resync"], ["joined", "n"]], [["left"], ["restarted", "n"]]), []);
  assert.deepEqual(chain([["resync", "m"], ["left"], ["group-deleted"]]), []);
  assert.deepEqual(chain([["joined"]]), [FOLDS]);
  assert.deepEqual(chain([["resync"]], [["joined"]]), [FOLDS]);
  assert.deepEqual(chain([["resync"]], [["left"]], [["left"]]), [FOLDS]);
  assert.deepEqual(chain([["resync"]], [["capabilities", "n"]]), [FOLDS]);
  assert.deepEqual(chain([["resync"], ["group-deleted"]]), [FOLDS]);
});

Deno.test("a watch that differs from the lists around it is found, unless a member was just joining", () => {
  const joined = (sent: number, at: number) =>
    by(
      "m1",
      { kind: "joining", group: "g", member: "m", sent },
      { kind: "joined", group: "g", member: "m", at },
      // Of whom nothing is heard any more, nobody knows what he did last.
      { kind: "list", group: "g", members: ["m"], sent: 99_990, at: 99_999 },
    );
  const watch = (there: string[], listed: string[]) =>
    by("c", {
      ...{ kind: "watch", chain: "c", group: "g", events: [{ type: "resync", members: there }] },
      ...{ before: listed, after: listed, sent: 50_000, at: 50_010 },
    });
  const long = joined(10, 20);
  assert.deepEqual(broken({ entries: [...long, ...watch(["m"], ["m"])] }), []);
  assert.deepEqual(broken({ entries: [...long, ...watch([], ["m"])] }), [FOLDS]);
  assert.deepEqual(broken({ entries: [...long, ...watch(["m"], [])] }), [FOLDS]);
  const extra = [...long, ...watch(["m"], [])];
  assert.deepEqual(broken({ entries: extra, steps: [49_999, 50_011] }), [FOLDS]);
  assert.deepEqual(broken({ entries: extra, steps: [50_005] }), []);
  assert.deepEqual(broken({ entries: [...joined(50_005, 50_007), ...watch(["m"], [])] }), []);
  assert.deepEqual(broken({ entries: [...long.slice(0, 2), ...watch(["m"], [])] }), []);
});

Deno.test("an error that no fault explains is found", () => {
  const odd = (code: string, at: number, message = "?") =>
    by("c", { kind: "odd", code, message, at });
  assert.deepEqual(broken({ entries: odd("odd", 1) }), [ERRORS]);
  const unread = odd(
    "unauthorized",
    6,
    "consul refused the request (status 403: ACL not found); …",
  );
  assert.deepEqual(broken({ entries: unread, kills: [5] }), []);
  assert.deepEqual(broken({ entries: unread, kills: [7] }), [ERRORS]);
  assert.deepEqual(broken({ entries: odd("unauthorized", 6), kills: [5] }), [ERRORS]);
  const time = { why: "another password", unauthorized: true, from: 5, to: 9 };
  const entries = odd("unauthorized", 6);
  assert.deepEqual(broken({ entries, refusals: [time] }), []);
  assert.deepEqual(broken({ entries: odd("unauthorized", 99), refusals: [time] }), []);
  assert.deepEqual(broken({ entries: odd("unauthorized", 4), refusals: [time] }), [ERRORS]);
  assert.deepEqual(broken({ entries, refusals: [{ ...time, unauthorized: false }] }), [ERRORS]);
  assert.deepEqual(broken({ entries: odd("misuse", 6), refusals: [time] }), [ERRORS]);
});

Deno.test("a coordinator that acquires after its stop, or holds, is found, and so is a call that hangs", () => {
  const [coordinator, pending] = ["c.1-stopped1", ["wait"]];
  const stop = by("c.1", { kind: "stop", coordinator, pending, at: 10 });
  const settled = (...held: string[]) =>
    by("c.1", { kind: "settled", coordinator, held, cut: false, at: 20 });
  assert.deepEqual(broken({ entries: [...stop, ...settled()] }), []);
  assert.deepEqual(broken({ entries: [...stop, ...settled("wait")] }), [STOPPED]);
  const late = by("c.1", { kind: "late", coordinator, resource: "lock:a", at: 11 });
  assert.deepEqual(broken({ entries: [...stop, ...late, ...settled()] }), [STOPPED]);
  const hanging = (entries: Entry[], mark: number, ...living: string[]) =>
    unsettled(entries, mark, (who) => living.includes(who)).map(({ coordinator }) => coordinator);
  assert.deepEqual(hanging(stop, 1, "c.1"), [coordinator]);
  assert.deepEqual(hanging(stop, 0, "c.1"), []);
  assert.deepEqual(hanging(stop, 1, "c.2"), []);
  assert.deepEqual(hanging([...stop, ...settled()], 1, "c.1"), []);
});

Deno.test("what is answered within an open transaction is found", () => {
  const within = (outcome: WithinEntry["outcome"]) =>
    by("application", { kind: "within", resource: "lock:a", outcome, at: 1 });
  assert.deepEqual(broken({ entries: within("refused") }), []);
  assert.deepEqual(broken({ entries: within("unknown") }), []);
  assert.deepEqual(broken({ entries: within("done") }), [WITHIN]);
});
