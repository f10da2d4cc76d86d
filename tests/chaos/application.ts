/**
 * An application that opens transactions on a connection, and has Baton use the same one.
 *
 * @module
 */

import { isUnknown } from "../../errors.ts";
import type { Table, Within } from "../backends/table.ts";
import type { WithinEntry } from "./history.ts";
import { oneOf, pause } from "./tools.ts";
import { LOCKS } from "./work_locks.ts";

/** What the application and the nemesis share. */
export interface Application {
  readonly table: Table;
  readonly random: () => number;
  readonly tell: (entry: WithinEntry) => void;
  /** Aborts when the run is over. */
  readonly over: AbortSignal;
}

/** Tries to take locks within transactions, again and again. */
export async function inTransactions({ table, random, tell, over }: Application): Promise<void> {
  let own: Within | undefined;
  while (!over.aborted) {
    await pause(400 * random());
    try {
      own ??= await table.within();
      await own.sql("begin");
      if (random() < 0.5) await own.sql("select 1");
      const resource = `lock:${oneOf(LOCKS, random)}`;
      const outcome = await outcomeOf(own, resource);
      tell({ kind: "within", resource, outcome, at: Date.now() });
      await own.sql(random() < 0.5 ? "commit" : "rollback");
    } catch {
      // The server is down, or it was: this connection is of no use any more.
      own = undefined;
    }
  }
}

async function outcomeOf({ driver }: Within, resource: string): Promise<WithinEntry["outcome"]> {
  const id = crypto.randomUUID();
  try {
    await driver.apply([{ op: "acquire", resource, seat: "", id, ttl: 1_000, value: "" }]);
    return "done";
  } catch (error) {
    return isUnknown(error) ? "unknown" : "refused";
  }
}
