/**
 * How Baton's keys in Redis are named.
 *
 * @module
 */

/**
 * How many lists of the index one resource is spread over, so that a large one is not a single
 * text.
 */
const SHARDS = 16;
/** How many groups of lists a namespace has; the seats of one resource are in one group. */
const GROUPS = 32;

/** A place in the form that the script reads. Each text is a key's name without its namespace. */
export interface Named {
  /** The key of its lease. For a whole resource, the key of the seat `""`. */
  readonly at: string;
  /** The index's list that the seat is in, if the operation writes and the seat is not `""`. */
  readonly list?: string | undefined;
  /** For a whole resource, the number of the first of its lists. */
  readonly all?: string | undefined;
}

/**
 * Escapes "/", space, "{" and "}", so that keys and rows can be joined and taken apart. It escapes
 * each character by itself. So if a text begins with another text, its escaped form begins with the
 * other's.
 */
export function escape(text: string): string {
  // Most names need no escape, and this test is cheaper than escaping.
  return /^[\w.:-]*$/.test(text) ? text : encodeURIComponent(text).replaceAll("%3A", ":");
}

/** The names of a seat's keys, or of a whole resource's. */
export function namesOf(resource: string, seat: string | undefined, write: boolean): Named {
  const group = hash(resource) % GROUPS * SHARDS;
  const at = `/${escape(resource)}/${escape(seat ?? "")}`;
  if (seat === undefined) return { at, all: `${group}` };
  return write && seat ? { at, list: `/${group + hash(seat) % SHARDS}` } : { at };
}

/** The names of all keys that a look at a place reads. */
export function* keysIn({ at, list, all }: Named): Generator<string> {
  yield at;
  if (list) yield list;
  for (let shard = 0; all && shard < SHARDS; shard++) yield `/${Number(all) + shard}`;
}

/** FNV-1a, with its high bits mixed into the low ones that are used. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ hash >>> 15) >>> 0;
}
