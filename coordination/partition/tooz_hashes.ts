/**
 * The hashes of Tooz's rings: MD5, which is its default, and SHA-1 and SHA-256, which share MD5's
 * frame. They are our own, because WebCrypto has no MD5 and is asynchronous. They are for rings,
 * not for security.
 *
 * @module
 */

import { placeOf, type RingHash, rotate } from "./ring_hash.ts";

/** What differs among these hashes. */
interface Digest {
  readonly start: ArrayLike<number>;
  readonly littleEndian: boolean;
  /** Mixes one block of 64 bytes into the state. */
  mix(state: Int32Array, block: DataView): void;
}

/** A hash that can go on: it takes more data after each reading of its place. */
class Running {
  readonly #digest: Digest;
  readonly #state: Int32Array;
  readonly #bytes = new Uint8Array(64);
  #length = 0;

  constructor(digest: Digest) {
    this.#digest = digest;
    this.#state = Int32Array.from(digest.start);
  }

  add(data: Uint8Array, length = data.length): void {
    for (let at = 0; at < length; at++) {
      this.#bytes[this.#length++ & 63] = data[at]!;
      if ((this.#length & 63) === 0) {
        this.#digest.mix(this.#state, new DataView(this.#bytes.buffer));
      }
    }
  }

  /** The place of all data so far. The end of the data is marked in a copy. */
  place(): number {
    const { littleEndian, mix } = this.#digest;
    const state = this.#state.slice();
    const bytes = this.#bytes.slice();
    const block = new DataView(bytes.buffer);
    const end = this.#length & 63;
    bytes.fill(0, end);
    bytes[end] = 0x80;
    if (end >= 56) {
      mix(state, block);
      bytes.fill(0);
    }
    block.setBigUint64(56, BigInt(this.#length) * 8n, littleEndian);
    mix(state, block);
    block.setInt32(0, state[0]!, littleEndian);
    block.setInt32(4, state[1]!, littleEndian);
    return placeOf(block.getInt32(0), block.getInt32(4));
  }
}

/**
 * Tooz's places. A key's place is its hash. A node's points are the places of a running hash, each
 * after the node's name is added once more.
 */
function ringHash(digest: Digest): RingHash {
  return {
    place(data, length) {
      const running = new Running(digest);
      running.add(data, length);
      return running.place();
    },
    points(name, count) {
      const running = new Running(digest);
      running.add(name);
      return Float64Array.from({ length: count }, () => {
        running.add(name);
        return running.place();
      });
    },
  };
}

function addTo(state: Int32Array, values: readonly number[]): void {
  values.forEach((value, i) => state[i]! += value);
}

/** Where in the block each round of MD5 begins, and how far away its next word is. */
const FIRSTS = [0, 1, 5, 0];
const STEPS = [1, 5, 3, 7];

/** How far each step of MD5 turns its sum: four steps in turn, for each round. */
const TURNS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];

/** RFC 1321's table. No sine is so near to a 32-bit step that engines could differ. */
const SINES: Int32Array = /* @__PURE__ */ Int32Array.from(
  { length: 64 },
  (_, i) => Math.abs(Math.sin(i + 1)) * 2 ** 32,
);

/** The first 64 primes, from whose roots SHA-256 takes its constants. */
const PRIMES: readonly number[] = /* @__PURE__ */ firstPrimes(64);

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  }
  return primes;
}

/**
 * MD5 (RFC 1321). A ring with this hash gives the same answers as Tooz's default ring.
 *
 * A place is the first 53 bits of Tooz's 128. Only a key that agrees with a point in these 53 bits,
 * and not in the rest, can have another owner. Among 32,000 points that happens to 4 keys in 10^12.
 * Names that repeat each other ("1" and "11") share points. In Tooz, which has no order of nodes,
 * their owner is chance; here the names decide it.
 *
 * @example
 * ```ts
 * import { HashRing } from "@baton/baton/hash-ring";
 * import { md5 } from "@baton/baton/md5";
 *
 * const ring = new HashRing(["compute-1", "compute-2"], { hash: md5 });
 * console.log(ring.getNodes("instance-42"));
 * ```
 */
export const md5: RingHash = /* @__PURE__ */ ringHash({
  start: [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476],
  littleEndian: true,
  mix(state, block) {
    let [a = 0, b = 0, c = 0, d = 0] = state;
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      let mixed = c ^ (b | ~d);
      if (round === 0) mixed = d ^ b & (c ^ d);
      else if (round === 1) mixed = c ^ d & (b ^ c);
      else if (round === 2) mixed = b ^ c ^ d;
      const place = STEPS[round]! * i + FIRSTS[round]!;
      const word = block.getInt32((place & 15) * 4, true);
      const sum = a + mixed + SINES[i]! + word | 0;
      a = d;
      d = c;
      c = b;
      b = b + rotate(sum, TURNS[round * 4 + (i & 3)]!) | 0;
    }
    addTo(state, [a, b, c, d]);
  },
});

/** SHA-1 (FIPS 180-4), for rings that Tooz makes with `hash_function="sha1"`. */
export const sha1: RingHash = /* @__PURE__ */ ringHash({
  start: [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0],
  littleEndian: false,
  mix(state, block) {
    const words = Array.from({ length: 16 }, (_, i) => block.getInt32(i * 4));
    const word = (i: number): number => words[i]!;
    for (let i = 16; i < 80; i++) {
      words.push(rotate(word(i - 3) ^ word(i - 8) ^ word(i - 14) ^ word(i - 16), 1));
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
    for (let i = 0; i < 80; i++) {
      let mixed = b ^ c ^ d;
      if (i < 20) mixed = d ^ b & (c ^ d);
      else if (i >= 40 && i < 60) mixed = b & c | d & (b | c);
      const constant = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6][Math.floor(i / 20)]!;
      const sum = rotate(a, 5) + mixed + e + constant + word(i) | 0;
      [e, d, c, b, a] = [d, c, rotate(b, 30), a, sum];
    }
    addTo(state, [a, b, c, d, e]);
  },
});

/** SHA-256 (FIPS 180-4), for rings that Tooz makes with `hash_function="sha256"`. */
export const sha256: RingHash = /* @__PURE__ */ ringHash({
  start: /* @__PURE__ */ firstPrimes(8).map((prime) => Math.sqrt(prime) * 2 ** 32),
  littleEndian: false,
  mix(state, block) {
    const words = Array.from({ length: 16 }, (_, i) => block.getInt32(i * 4));
    const word = (i: number): number => words[i]!;
    const turns = (x: number, i: number, j: number): number =>
      rotate(x, 32 - i) ^ rotate(x, 32 - j);
    for (let i = 16; i < 64; i++) {
      const [early, late] = [word(i - 15), word(i - 2)];
      const first = turns(early, 7, 18) ^ early >>> 3;
      const second = turns(late, 17, 19) ^ late >>> 10;
      words.push(word(i - 16) + first + word(i - 7) + second | 0);
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
    PRIMES.forEach((prime, i) => {
      const constant = Math.cbrt(prime) * 2 ** 32 | 0;
      const sum = h + (turns(e, 6, 11) ^ rotate(e, 7)) + (g ^ e & (f ^ g)) + constant + word(i);
      const other = (turns(a, 2, 13) ^ rotate(a, 10)) + (a & b | c & (a | b));
      [h, g, f, e, d, c, b, a] = [g, f, e, d + sum | 0, c, b, a, sum + other | 0];
    });
    addTo(state, [a, b, c, d, e, f, g, h]);
  },
});
