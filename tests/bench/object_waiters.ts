/** How long it takes until the next of many who wait at a Durable Object has the lock. */

import { fileURLToPath } from "node:url";
import { bundled } from "../servers/objects.ts";
import { startWorkerd } from "../servers/workerd.ts";
import type { Round } from "./object_worker.ts";
import type { Row } from "./row.ts";
import { ratios } from "./statistics.ts";

const WAITERS = 64;
const TABLE = "Those who wait for a lock (durable-object)";

/** The rows, measured within workerd. */
export async function objectRows({ rounds }: { readonly rounds: number }): Promise<Row[]> {
  const measured: Round[] = [];
  const code = await bundled(fileURLToPath(new URL("object_worker.ts", import.meta.url)));
  const server = await startWorkerd({ code, objects: { BATON: "BatonObject" } });
  try {
    for (let round = -1; round < rounds; round++) {
      const answer = await fetch(server.url, { method: "POST", body: `${WAITERS}` });
      if (!answer.ok) throw new Error(await answer.text());
      const each: Round = await answer.json();
      if (round >= 0) measured.push(each);
    }
  } finally {
    await server.stop();
  }
  const all = (of: "handOvers" | "writes" | "looks") => measured.map((each) => each[of]);
  const late = measured.map(({ order }) => order.filter((who, n) => who !== n).length);
  const row = (name: string, of: "writes" | "looks", limit?: number): Row => {
    const { median, low, high } = ratios(all("handOvers"), all(of));
    return { table: TABLE, name, value: median, low, high, timed: true, ...limit && { limit } };
  };
  return [
    {
      table: TABLE,
      name: `of ${WAITERS} those that were not served in their turn`,
      value: Math.max(...late),
      limit: 0,
      timed: false,
    },
    row("from a release to the next grant, in bare calls that write", "writes", 2),
    row("the same in bare calls that only look", "looks"),
  ];
}
