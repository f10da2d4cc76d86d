/**
 * How Baton's keys in Redis are named.
 *
 * @module
 */

/** How many lists of the index one resource is spread over, so that a large one is not one text. */
const SHARDS = 16;
/** How many groups of lists a namespace has; a resource is in one of them, so look at it there. */
const GROUPS = 32;

/** A place with its texts escaped; without a seat it is a whole resource. */
export interface KeyPlace {
  /** The resource. */
  readonly resource: string;
  /** The seat. */
  readonly seat?: string | undefined;
}

/**
 * Text without "/", space, "{" or "}", so that keys and rows can be joined and taken apart. It goes
 * character by character: what begins with a text begins with that text's escaped form.
 */
export function escape(text: string): string {
  // Most names need no escape, and looking is cheaper than escaping.
  return /^[\w.:-]*$/.test(text) ? text : encodeURIComponent(text).replaceAll("%3A", ":");
}

/** The number of the list that a seat is in; of a resource, of the first that its seats are in. */
export function listOf({ resource, seat }: KeyPlace): number {
  return hash(resource) % GROUPS * SHARDS + (seat === undefined ? 0 : hash(seat) % SHARDS);
}

/** The keys that one look at a place reads, and those that a `write` to it changes. */
export function keysOf(namespace: string, place: KeyPlace, write: boolean): string[] {
  const { resource, seat } = place;
  const keys = [`${namespace}/${resource}/${seat ?? ""}`];
  const lists = seat === undefined ? SHARDS : seat !== "" && write ? 1 : 0;
  for (let i = 0; i < lists; i++) keys.push(`${namespace}/${listOf(place) + i}`);
  return keys;
}

/** FNV-1a, with its high bits mixed into the low ones that are used. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ hash >>> 15) >>> 0;
}
