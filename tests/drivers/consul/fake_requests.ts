/** Requests that find what a test has made up. */
import type { Done, Requests, Undone } from "../../../drivers/consul/client.ts";
import { keysUnder } from "../../../drivers/consul/keys.ts";
import { encodeRecord, type Found } from "../../../drivers/consul/record.ts";
import type { Verb } from "../../../drivers/consul/transaction.ts";

export const KEYS = keysUnder("p");
const EPOCH: Found = { Key: "p/epoch", Value: btoa("1000"), CreateIndex: 1, ModifyIndex: 1 };
export const WEEK = 7 * 86_400_000;

/** Requests that find these keys, and which names there are; what was asked is kept. */
export function requests(found: readonly Found[], names: readonly string[] = []) {
  const asked: (readonly Verb[])[] = [];
  const fake = {
    transact: (verbs: readonly Verb[], _reads: boolean): Promise<Done | Undone> => {
      asked.push(verbs);
      return Promise.resolve({ found: [EPOCH, ...found], now: 5_000 });
    },
    names: () => Promise.resolve(names),
  };
  return { asked, requests: fake as unknown as Requests };
}

/** A lease for a week that ends then. */
export const lease = (seat: string, ends: number, more: Partial<Found> = {}): Found => ({
  Key: KEYS.seat("a", seat),
  Value: encodeRecord({ id: "i", ttl: WEEK, value: "", ends }),
  ...{ CreateIndex: 5, ModifyIndex: 6 },
  ...more,
});
