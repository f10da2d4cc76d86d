/**
 * Which names users may give, and the resource of each thing that has a name.
 *
 * @module
 */

import { checkText, refuse } from "../drivers/kit/check.ts";

/**
 * The most bytes of UTF-8 in a name. With its kind and namespace it then fits into every backend's
 * key.
 */
const LONGEST_NAME = 256;

/**
 * Throws for a name that is empty, too long, or would not read the same everywhere.
 *
 * @throws {InvalidArgument} when the name cannot be used; the message says why.
 */
export function checkName(what: string, name: string): void {
  const field = `${what} name`;
  checkText(field, name, 1, LONGEST_NAME);
  if (/\p{Cc}/u.test(name)) refuse(field, "it has a control character");
}

/**
 * The resource of each thing. The kind ends at the first ":", so no name can reach into another
 * kind: a lock with the name "leader:x" is not the leader of x.
 */
export const resources = {
  /** A lock's holder, on seat `""`. */
  lock: (name: string): string => `lock:${name}`,
  /** The readers that share a lock, one seat each. */
  readers: (name: string): string => `readers:${name}`,
  /** A group's leader, on seat `""`. */
  leader: (group: string): string => `leader:${group}`,
  /** A semaphore's permits, one seat each. */
  semaphore: (name: string): string => `semaphore:${name}`,
  /** The groups that exist, one seat each. */
  groups: "groups",
  /** A group's members, one seat each. */
  group: (group: string): string => `group:${group}`,
  /** Notes of memberships that ended on purpose lately, one seat each. */
  left: (group: string): string => `left:${group}`,
  /** A job's slots, one seat each. */
  cron: (job: string): string => `cron:${job}`,
} as const;
