/**
 * What a ring needs of a hash, and the default hash of rings.
 *
 * @module
 */

/** Puts keys and nodes on a ring, whose places are whole numbers from 0 to below 2^53. */
export interface RingHash {
  /** The place of the first `length` bytes (default: all). It must not keep the array. */
  place(data: Uint8Array, length?: number): number;
  /** The places of a node's points. */
  points(name: Uint8Array, count: number): Float64Array;
}

/**
 * The most points of one node, and of all members of a partitioned group together. It takes a
 * fraction of a second to make and sort them. A huge weight must not stop all members.
 */
export const MOST_POINTS = 2 ** 18;

/** Any odd number will do. This one is 2^32 over the golden ratio, with no pattern in its bits. */
const SECOND_SEED = 0x9e3779b9;

/**
 * Baton's own hash: two MurmurHash3_x86_32 (Austin Appleby, public domain) with the seeds 0 and
 * 0x9e3779b9. The second breaks the ties of the first. A node's point `i` is the place of its name
 * followed by `i` in four bytes, lowest first.
 *
 * It spreads keys as evenly as MD5 and is several times as fast. It is not secret, so somebody who
 * can choose keys can choose many with the same owner. That is true of all of Tooz's hashes, too.
 */
export const native: RingHash = {
  place(data, length = data.length) {
    return placeOf(murmur3(data, length, 0), murmur3(data, length, SECOND_SEED));
  },
  points(name, count) {
    const data = new Uint8Array(name.length + 4);
    data.set(name);
    const index = new DataView(data.buffer, name.length);
    return Float64Array.from({ length: count }, (_, i) => {
      index.setUint32(0, i, true);
      return native.place(data);
    });
  },
};

/** The first 53 of 64 bits: as many as a number holds exactly. */
export function placeOf(high: number, low: number): number {
  return (high >>> 0) * 2 ** 21 + (low >>> 11);
}

/** MurmurHash3_x86_32 of the first `length` bytes, as 32 bits with a sign. */
export function murmur3(data: Uint8Array, length: number, seed: number): number {
  const byte = (at: number): number => data[at]!;
  const whole = length & ~3;
  let hash = seed | 0; // a number of 32 bits throughout, which engines keep in a register
  for (let at = 0; at < whole; at += 4) {
    const word = byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16 | byte(at + 3) << 24;
    hash = Math.imul(rotate(hash ^ scramble(word), 13), 5) + 0xe6546b64 | 0;
  }
  let tail = 0;
  for (let at = length - 1; at >= whole; at--) tail = tail << 8 | byte(at);
  hash ^= scramble(tail) ^ length; // an empty tail stays 0
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return hash ^ hash >>> 16;
}

function scramble(word: number): number {
  return Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

/** The 32 bits of `word`, turned left. */
export function rotate(word: number, by: number): number {
  return word << by | word >>> (32 - by);
}
