/**
 * What the lease protocol promises, and what it might seem to promise and does not.
 *
 * @module
 */

/** Each property as a sentence. */
export const PROPERTIES = {
  exclusion: "at most one client believes that it holds the seat",
  backed: "who believes has the seat on the server, under the very grant it was told of",
  tokensGrow: "every grant has a token above all earlier ones",
  oneToken: "an acquire that comes again is answered with the token of its grant",
  ownOnly: "a release or a renewal touches only the lease whose id it names",
  noRevival: "a renewal never revives a lease that has ended",
  lostIsLost: "a lost lease is never held again",
  noLies: "what a client is told of an outcome is true on the server",
  endsWithTtl: "a lease that is not renewed ends with its ttl",
  fenced: "a fenced resource applies no older grant's write after a newer one's",
  grantedOnce: "an id is granted once at most",
  refusedForGood: "an id that was reported as refused does not get the seat",
  releasedForGood: "an id that was reported as released does not get the seat again",
} as const;

/** A property's short name. */
export type Property = keyof typeof PROPERTIES;

/** What the protocol promises within the published bounds of clocks. */
export const PROMISED: readonly Property[] = [
  ...["exclusion", "backed", "tokensGrow", "oneToken", "ownOnly", "noRevival"] as const,
  ...["lostIsLost", "noLies", "endsWithTtl", "fenced"] as const,
];
