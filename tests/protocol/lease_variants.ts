/**
 * The lease protocol with one rule taken away at a time: what breaks, what holds all the same, and
 * what is not promised in the first place.
 *
 * @module
 */

import { PROMISED, type Property } from "./lease_properties.ts";
import type { Question } from "./lease_protocol.ts";
import type { Rules } from "./lease_rules.ts";
import { AGAIN, LAWLESS, PUNCTUAL, REPLAY, RESENT, THREE, TWICE, WRITING } from "./lease_scopes.ts";
import type { Scope } from "./lease_state.ts";

/** A named question, and how it is answered. */
export interface Variant extends Question {
  /** What is different. */
  readonly name: string;
  /** The steps of the shortest way to break it; none when it holds. */
  readonly steps?: number;
}

/** The whole of a world in which all that is promised holds. */
export interface World extends Variant {
  /** How many states there are. */
  readonly states: number;
  /** How many steps the furthest is away. */
  readonly depth: number;
}

/** What can be seen where nobody writes to a resource. */
const UNFENCED = PROMISED.filter((each) => each !== "fenced");
/** What can be seen where nobody renews either. */
const UNRENEWED = UNFENCED.filter((each) => each !== "noRevival" && each !== "lostIsLost");
/** What holds whatever clocks do, and after a restart that forgets the last moments. */
const LAWFUL = ["tokensGrow", "oneToken", "ownOnly", "noLies", "endsWithTtl", "fenced"] as const;

/** The protocol as it is: all that it promises holds. */
export const RIGHT_WORLDS: readonly World[] = [
  {
    name: "two acquisitions, and a request that arrives twice",
    scope: AGAIN,
    properties: UNFENCED,
    states: 215_257,
    depth: 27,
  },
  {
    name: "requests sent again, and one that arrives twice",
    scope: REPLAY,
    properties: UNFENCED,
    states: 197_304,
    depth: 30,
  },
  {
    name: "three clients",
    scope: THREE,
    properties: UNRENEWED,
    states: 110_996,
    depth: 21,
  },
  {
    name: "clocks that stand still, and a restart that forgets",
    scope: LAWLESS,
    properties: LAWFUL,
    states: 80_204,
    depth: 20,
  },
];

/** One rule is taken away, and one promise is broken. */
function without(
  name: string,
  rules: Partial<Rules>,
  property: Property,
  steps: number,
  scope: Scope = TWICE,
): Variant {
  return { name, rules, properties: [property], steps, scope };
}

/** Each rule, taken away: the promise that it keeps is broken. */
export const BROKEN: readonly Variant[] = [
  without("deadline from the answer", { acquireCountsFrom: "answer" }, "exclusion", 9),
  without(
    "deadline from the last send",
    { acquireCountsFrom: "last send" },
    "exclusion",
    10,
    RESENT,
  ),
  without(
    "deadline from the acknowledged send, expiry kept",
    { acquireCountsFrom: "acknowledged send" },
    "exclusion",
    11,
    RESENT,
  ),
  without(
    "deadline from the last send, expiry prolonged",
    { acquireCountsFrom: "last send", replayKeepsExpiry: false },
    "exclusion",
    10,
    RESENT,
  ),
  without("a renewal's deadline from its answer", { renewalCountsFrom: "answer" }, "exclusion", 12),
  without("no margin for clocks", { margin: 0 }, "exclusion", 9),
  without("release sent before belief ends", { beliefEndsBeforeRelease: false }, "exclusion", 8),
  without("a late renewal revives", { lostIsTerminal: false }, "lostIsLost", 8),
  without("one id for all of a client's acquisitions", { idsAreFresh: false }, "exclusion", 9),
  without("no answer reported as refused", { silenceIsNotRefusal: false }, "noLies", 3),
  without("no answer reported as released", { silenceIsNotRelease: false }, "noLies", 5),
  without("cancel by seat", { cancel: "by seat" }, "exclusion", 9),
  without("cancel by seat", { cancel: "by seat" }, "ownOnly", 5),
  without("grants whoever has the seat", { grantsOnlyVacant: false }, "exclusion", 6),
  without("new token on replay", { replayKeepsToken: false }, "oneToken", 4, RESENT),
  without("new token on replay", { replayKeepsToken: false }, "backed", 5, RESENT),
  without("replay prolongs the lease", { replayKeepsExpiry: false }, "endsWithTtl", 7, RESENT),
  without("renewal by owner", { renewById: false }, "ownOnly", 9),
  without("renewal of what has ended", { renewNeedsLive: false }, "noRevival", 8),
  without("release by owner", { releaseById: false }, "ownOnly", 5),
  without("release by owner", { releaseById: false }, "exclusion", 9),
  without("token reset by a release", { tokenOutlivesRelease: false }, "tokensGrow", 6, WRITING),
  without("token reset by a release", { tokenOutlivesRelease: false }, "fenced", 12, WRITING),
  without("token not from the clock", { tokenFollowsClock: false }, "tokensGrow", 5, LAWLESS),
  without("token not from the clock", { tokenFollowsClock: false }, "fenced", 11, LAWLESS),
  without("resource that checks no token", { resourceChecksToken: false }, "fenced", 11, LAWLESS),
];

/** Other than the protocol, and this promise holds all the same. */
export const HARMLESS: readonly Variant[] = [
  {
    name: "replay prolongs the lease, deadline from the first send",
    rules: { replayKeepsExpiry: false },
    scope: RESENT,
    properties: ["exclusion"],
  },
  {
    name: "replay prolongs the lease, deadline from the acknowledged send",
    rules: { replayKeepsExpiry: false, acquireCountsFrom: "acknowledged send" },
    scope: RESENT,
    properties: ["exclusion"],
  },
  {
    name: "nothing released of what was given up",
    rules: { cancel: "never" },
    scope: TWICE,
    properties: UNFENCED,
  },
  {
    name: "no margin, where clocks agree",
    rules: { margin: 0 },
    scope: PUNCTUAL,
    properties: ["exclusion", "backed"],
  },
  {
    name: "renewal of what has ended",
    rules: { renewNeedsLive: false },
    scope: TWICE,
    properties: ["exclusion"],
  },
  {
    name: "a late renewal revives",
    rules: { lostIsTerminal: false },
    scope: TWICE,
    properties: ["exclusion"],
  },
  {
    name: "token not from the clock, where nothing is forgotten",
    rules: { tokenFollowsClock: false },
    scope: { ...LAWLESS, restarts: 0 },
    properties: ["tokensGrow", "fenced"],
  },
];

/** The protocol as it is, asked for more than it promises. */
export const NOT_PROMISED: readonly Variant[] = [
  {
    name: "an acquire that comes again after its lease has ended is granted anew, to nobody",
    scope: AGAIN,
    properties: ["grantedOnce"],
    steps: 5,
  },
  {
    name: "the same after its release was answered",
    scope: AGAIN,
    properties: ["releasedForGood"],
    steps: 7,
  },
  {
    name: "an acquire sent twice is refused first and granted then, to nobody",
    scope: RESENT,
    properties: ["refusedForGood"],
    steps: 9,
  },
  {
    name: "a clock that misses more than the margin",
    scope: { ...TWICE, unheard: "any" },
    properties: ["exclusion"],
    steps: 9,
  },
  {
    name: "a restart that forgets an acknowledged grant",
    scope: { ...LAWLESS, unheard: 0 },
    properties: ["exclusion"],
    steps: 7,
  },
  {
    name: "a restart that takes less time than tokens run ahead of the clock",
    scope: { ...LAWLESS, slowRestart: false },
    properties: ["tokensGrow"],
    steps: 5,
  },
];
