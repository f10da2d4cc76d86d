/**
 * How Baton's keys in Consul are named.
 *
 * - `PREFIX/lease/RESOURCE/SEAT,`: a live lease.
 * - `PREFIX/mark/N,`: changes whenever a seat with a name is taken in one of the resources of that
 *   number. A transaction in Consul cannot require that a folder is empty. So a transaction that
 *   needs an empty resource requires that its mark has not changed. The number of marks is fixed, so
 *   no name leaves anything behind.
 * - `PREFIX/epoch`: what is added to Consul's index to make a token.
 *
 * @module
 */

/** How many marks there are: so many that two resources seldom share one, and few enough to stay. */
const MARKS = 4_096;

/** The names of one namespace. */
export interface Keys {
  /** Of what is added to the index. */
  readonly epoch: string;
  /** What the keys of all resources begin with whose names begin so. */
  under(prefix: string): string;
  /** What the keys of a resource's seats begin with. */
  folder(resource: string): string;
  /** Of one seat. The comma ends it, so that no other key begins with it. */
  seat(resource: string, seat: string): string;
  /** Of a resource's mark. */
  mark(resource: string): string;
  /** Which seat a key is of; `undefined` if it is of none. */
  placeOf(key: string): { resource: string; seat: string } | undefined;
}

/** Names everything under a prefix. */
export function keysUnder(prefix: string): Keys {
  const leases = `${prefix}/lease/`;
  const under = (text: string): string => leases + escape(text);
  const folder = (resource: string): string => `${under(resource)}/`;
  return {
    epoch: `${prefix}/epoch`,
    under,
    folder,
    seat: (resource, seat) => `${folder(resource)}${escape(seat)},`,
    mark: (resource) => `${prefix}/mark/${hash(resource) % MARKS},`,
    placeOf(key) {
      const [, resource, seat] = /^([\w-]+)\/([\w-]*),$/.exec(key.slice(leases.length)) ?? [];
      if (!key.startsWith(leases) || resource === undefined || seat === undefined) return undefined;
      return { resource: unescape(resource), seat: unescape(seat) };
    },
  };
}

/**
 * Leaves letters, digits and "-" as they are, because newer versions of Consul refuse most other
 * characters. Each character is escaped by itself. So if a text begins with another text, its escaped
 * form begins with the other's.
 */
export function escape(text: string): string {
  const percent = encodeURIComponent(text).replace(
    /[_.!~*'()]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return percent.replaceAll("%", "_");
}

function unescape(text: string): string {
  return decodeURIComponent(text.replaceAll("_", "%"));
}

/** FNV-1a, with its high bits mixed into the low ones that are used. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ hash >>> 15) >>> 0;
}
