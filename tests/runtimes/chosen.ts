/**
 * Which cases of the published suite are run in which runtime. `tests/laws/driver_test.ts` runs them all,
 * in Deno; here they are to prove the runtime, not the backend.
 *
 * @module
 */

import { driverCases } from "../conformance/mod.ts";

/**
 * Left to `driver_test.ts`: what sixteen clients race for, or two hundred grants order, is decided in
 * the server, and these take ten times as many requests as all others together. The texts, and a
 * value as long as may be, are in the short script, in one request each.
 */
const DECIDED_BY_THE_SERVER = [
  "rule 3: of sixteen that race for a seat one wins, and all others see it",
  "rule 3: joins and a delete that race never leave a member without a group",
  "rule 3: readers and a writer that race never hold a lock together",
  "rule 3: clients that come and go never hold a seat together",
  "rule 4: sixteen copies of one acquire at once make one lease with one token",
  "rule 4: sixteen copies of one release at once release once",
  "rule 5: the token grows over two hundred quick grants, whichever handle asks",
  "rule 8: every text is a value and comes back as it was given, from acquire and renew",
  "rule 8: every text is an id that proves its holder, and no other text does",
  "rule 11: a value of no bytes and one of 65,536 are carried",
  "rule 8: a guard means the very seat and resource it names, and none that look alike",
  "rule 9: a handle remembers nothing: each sees at once what another did",
];

/** These wait for a lease to end. */
const TAKE_TIME = [
  "rule 4: an acquire sent again half way does not prolong its lease",
  "rule 4: an acquire sent again after a renewal does not take the renewal back",
  "rule 4: an acquire that arrives again after its lease has expired is a new grant",
  "rule 5: the token grows after an expiry, looked at or not",
  "rule 5: the token never goes back when the seat's rows are many and old",
  "rule 7: an inspect of all seats lists the live ones and only those",
];
const RULES_OF_TIME = /^rule [26]:/;

const all = driverCases.map(({ name }) => name);
const listed = [...DECIDED_BY_THE_SERVER, ...TAKE_TIME];
const unknown = listed.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`the suite has no such cases: ${unknown.join("; ")}`);

const takesTime = (name: string): boolean => RULES_OF_TIME.test(name) || TAKE_TIME.includes(name);
const chosen = all.filter((name) => !DECIDED_BY_THE_SERVER.includes(name));

/**
 * For each engine, on one database: whose clock decides is the server's, and what the engine adds is
 * the same for all vendors. They go together, for what they do is wait.
 */
export const timedCases: readonly string[] = chosen.filter(takesTime);

/**
 * For each engine on every database. Older Workers are the same engine and differ in what `fetch`
 * takes, which the short script shows with its first request.
 */
export const otherCases: readonly string[] = chosen.filter((name) => !takesTime(name));
