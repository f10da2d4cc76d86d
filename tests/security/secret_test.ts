/**
 * How an endpoint's secret is compared: by digests, all of them, each to its end. A measurement could
 * not prove that; what is computed can be watched.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isAuthorized } from "../../http/secret.ts";
import { trigger } from "../http/ask.ts";

const ONE = "the-first-secret-of-the-house";
const TWO = "the-other-secret-of-the-house";

const original = crypto.subtle.digest;

/** The texts that are hashed while `run` runs; `alter` may change what comes of one. */
async function hashed(
  run: () => Promise<boolean>,
  alter: (text: string, digest: Uint8Array<ArrayBuffer>) => void = () => {},
): Promise<{ answer: boolean; texts: string[]; algorithms: Set<string> }> {
  const texts: string[] = [];
  const algorithms = new Set<string>();
  crypto.subtle.digest = async (algorithm, data) => {
    const text = new TextDecoder().decode(data as Uint8Array);
    texts.push(text);
    algorithms.add(String(algorithm));
    const digest = new Uint8Array(await original.call(crypto.subtle, algorithm, data));
    alter(text, digest);
    return digest.buffer;
  };
  try {
    return { answer: await run(), texts, algorithms };
  } finally {
    crypto.subtle.digest = original;
  }
}

const ask = (given: string, secrets = [ONE, TWO]) => () =>
  isAuthorized(trigger("/", `Bearer ${given}`), secrets);

Deno.test("what is given and every secret are hashed by SHA-256, whether the first fits, the last or none", async () => {
  const guesses = [ONE, TWO, "x", ONE.slice(0, -1), `${ONE}x`, "the-first", TWO.toUpperCase()];
  for (const guess of guesses) {
    const { answer, texts, algorithms } = await hashed(ask(guess));
    assert.equal(answer, guess === ONE || guess === TWO, guess);
    assert.deepEqual(texts, [guess, ONE, TWO]);
    assert.deepEqual([...algorithms], ["SHA-256"]);
  }
});

Deno.test("a digest that differs in any one of its bits is another", async () => {
  for (let bit = 0; bit < 256; bit++) {
    let seen = 0;
    const { answer } = await hashed(ask(ONE, [ONE]), (_text, digest) => {
      // Of the secret's digest, not of that of what was given.
      if (seen++ === 1) digest[bit >> 3]! ^= 1 << (bit & 7);
    });
    assert.equal(seen, 2);
    assert.equal(answer, false, `bit ${bit}`);
  }
});

Deno.test("bytes are compared to the end, though the first differ", async () => {
  const reads = new Map<string, number>();
  const real = Uint8Array.prototype.reduce;
  Uint8Array.prototype.reduce = function (this: Uint8Array, ...args: unknown[]) {
    const [step, first] = args as [(all: number, byte: number, i: number) => number, number];
    let all = first;
    // As the original, but noting how far it went.
    for (let i = 0; i < this.length; i++) {
      all = step(all, this[i]!, i);
      reads.set(`${this.join()}`, i + 1);
    }
    return all;
  } as typeof real;
  try {
    assert.equal(await ask("wrong from the very first byte on")(), false);
  } finally {
    Uint8Array.prototype.reduce = real;
  }
  assert.deepEqual([...reads.values()], [32, 32]);
});

Deno.test("who gives nothing, or in another scheme, is a stranger, and so is an empty secret", async () => {
  for (const given of ["", "Bearer", "Bearer ", "Basic " + btoa(ONE), ONE, `bearer${ONE}`]) {
    const request = new Request("https://x.example/", { headers: { authorization: given } });
    assert.equal(await isAuthorized(request, [ONE, TWO]), false, given);
  }
  assert.equal(await isAuthorized(new Request("https://x.example/"), [ONE]), false);
});
