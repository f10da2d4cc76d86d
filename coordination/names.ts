/**
 * Which names users may give, and which resource each thing they name is.
 *
 * @module
 */

import { checkText, refuse } from "../drivers/kit/check.ts";

/** Bytes of UTF-8 in a name; with its kind and namespace it stays within every backend's key. */
const LONGEST_NAME = 256;

/**
 * Refuses a name that is empty, too long, or would not read the same everywhere.
 *
 * @throws {InvalidArgument} saying what is wrong with it.
 */
export function checkName(what: string, name: string): void {
  const field = `${what} name`;
  checkText(field, name, 1, LONGEST_NAME);
  if (/\p{Cc}/u.test(name)) refuse(field, "it has a control character");
}

/**
 * The resource of each thing. The kind ends at the first ":", so no name can reach into another
 * kind: a lock called "leader:x" is not the leader of x.
 */
export const resources = {
  /** A lock's holder, on seat `""`. */
  lock: (name: string): string => `lock:${name}`,
  /** Those who share a lock, one seat each. */
  readers: (name: string): string => `readers:${name}`,
  /** A group's leader, on seat `""`. */
  leader: (group: string): string => `leader:${group}`,
  /** A semaphore's permits, one seat each. */
  semaphore: (name: string): string => `semaphore:${name}`,
  /** The groups that exist, one seat each. */
  groups: "groups",
  /** A group's members, one seat each. */
  group: (group: string): string => `group:${group}`,
  /** Who has left a group on purpose lately, one seat for each membership. */
  left: (group: string): string => `left:${group}`,
  /** A job's slots, one seat each. */
  cron: (job: string): string => `cron:${job}`,
} as const;
