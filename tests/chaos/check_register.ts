/**
 * The resource that checks tokens: whatever clocks and backends do, its log must be in order. The
 * register itself is not trusted; its log is judged.
 *
 * @module
 */

import type { Finding } from "./checks.ts";
import type { History, RegisterEntry } from "./history.ts";

/**
 * Accepted tokens never go back, and each accepted write continues the one before it: whoever wrote
 * had read, under its own token, what the last one had written.
 */
export function* registerIsSafe({ register }: History): Iterable<Finding> {
  for (const [name, log] of Map.groupBy(register, (entry) => entry.name)) {
    let last: RegisterEntry | undefined;
    let written: RegisterEntry | undefined;
    for (const entry of log.filter(({ accepted }) => accepted)) {
      if (last && entry.token < last.token) {
        const message = `${name}: token ${entry.token} was let in after ${last.token}`;
        yield { message, entries: [last, entry] };
      }
      last = entry;
      if (entry.verb === "read") continue;
      const expected = (written?.value ?? 0) + 1;
      if (entry.value !== expected) {
        const message = `${name}: ${entry.value} was written where ${expected} comes next`;
        yield { message, entries: written ? [written, entry] : [entry] };
      }
      written = entry;
    }
  }
}
