/**
 * Eight writers at once, some of whom do not know yet that they are no longer the holder, on one
 * backend. What each write left is compared with what its writer was told.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isStale } from "../../fencing/mod.ts";
import { chance, seedOfRun } from "../tools/chance.ts";

/** Adds the entry to the history of what is written to, or rejects and adds nothing. */
export type Write = (
  resource: string,
  token: number,
  entry: string,
  random: () => number,
) => Promise<void>;

/** What came of it. */
export interface Tally {
  applied: number;
  refused: number;
  /** Undone by the database, to end a deadlock or to keep transactions apart. */
  undone: number;
}

/** Names that are hard to carry, and two that only bytes tell apart. */
export const RESOURCES = [
  "account:42",
  "a'b\"c\\d`e;drop table accounts;--",
  "ÄÖ 👩‍🚀 {x} %s $1 ? :a",
  "ae\u0301",
  "aé",
];

/** Takes the largest a lease can have, so that every digit counts. */
const BASE = Number.MAX_SAFE_INTEGER - 100_000;

/** Until all writes are done; `isUndone` tells the errors by which a database undoes a write. */
export async function interleave(
  { writers, history, isUndone = () => false, rounds = 40 }: {
    writers: readonly Write[];
    history(resource: string): Promise<readonly string[]>;
    isUndone?(error: unknown): boolean;
    rounds?: number;
  },
): Promise<Tally> {
  const seed = seedOfRun();
  const newest = new Map(RESOURCES.map((resource) => [resource, BASE]));
  const applied = new Map(RESOURCES.map((resource) => [resource, new Set<string>()]));
  const refused: { resource: string; token: number }[] = [];
  const tally = { applied: 0, refused: 0, undone: 0 };
  await Promise.all(writers.map(async (write, writer) => {
    const random = chance(seed + writer);
    const mine = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      const resource = RESOURCES[Math.floor(random() * RESOURCES.length)]!;
      if (!mine.has(resource) || random() < 0.2) {
        const token = newest.get(resource)! + 1;
        newest.set(resource, token);
        mine.set(resource, token);
      }
      const token = mine.get(resource)!;
      const entry = `${token}/${writer}/${round}`;
      try {
        await write(resource, token, entry, random);
        applied.get(resource)!.add(entry);
        tally.applied++;
      } catch (error) {
        if (isUndone(error)) {
          tally.undone++;
          continue;
        }
        if (!isStale(error)) throw error;
        refused.push({ resource, token });
        tally.refused++;
      }
    }
  }));
  const why = `BATON_SEED=${seed}`;
  for (const resource of RESOURCES) {
    const entries = await history(resource);
    const tokens = entries.map((entry) => Number(entry.split("/")[0]));
    const grew = tokens.every((token, i) => i === 0 || token >= tokens[i - 1]!);
    assert(grew, `a stale write after a newer one, ${why}: ${entries}`);
    assert.deepEqual([...entries].sort(), [...applied.get(resource)!].sort(), why);
    for (const { token } of refused.filter((each) => each.resource === resource)) {
      assert(token < tokens.at(-1)!, `token ${token} was refused, and none was greater, ${why}`);
    }
  }
  assert(tally.applied > 0 && tally.refused > 0, `${JSON.stringify(tally)}, ${why}`);
  return tally;
}

/** The error of what must fail. */
export async function errorOf(call: PromiseLike<unknown>): Promise<Error> {
  return await call.then(() => assert.fail("it succeeded"), (error) => error);
}
