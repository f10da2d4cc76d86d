/** What was read, as a test has it. */
import { keysUnder } from "../../../drivers/consul/keys.ts";
import type { Entry } from "../../../drivers/consul/record.ts";
import type { Snapshot } from "../../../drivers/consul/transaction.ts";

export const KEYS = keysUnder("p");
export const NOW = 1_000_000;
export const [WEEK, TTL] = [7 * 86_400_000, 10_000];

/** A lease as it was read: in the session `s1`, unless it ends by the clock. */
export function entry(id: string, more: Partial<Entry> = {}): Entry {
  return { id, ttl: TTL, value: "v", ends: 0, session: "s1", created: 5, modified: 6, ...more };
}

/** Places are `RESOURCE` or `RESOURCE/SEAT`. */
export function snapshot(
  there: Record<string, Entry>,
  marks: Record<string, number> = {},
): Snapshot {
  const entries = new Map(
    Object.entries(there).map(([place, entry]) => {
      const [resource = "", seat = ""] = place.split("/");
      return [KEYS.seat(resource, seat), entry];
    }),
  );
  const at = Object.entries(marks).map(([name, index]) => [KEYS.mark(name), index] as const);
  return { now: NOW, epoch: 1_000, entries, marks: new Map(at) };
}
