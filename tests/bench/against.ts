/** The same operations in this checkout and in another one, in turns: what has a change cost? */
import { fileURLToPath } from "node:url";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import { startBackend } from "./backend.ts";
import { type Child, startChild } from "./child.ts";
import type { Effort } from "./contest.ts";
import { type Duel, duel } from "./duel.ts";

/** What is measured. */
export interface AgainstOptions {
  /** Another checkout of Baton. This one, `.`, shows what is noise. */
  readonly folder: string;
  /** What part of the rounds to run. Default: 1, all of them. */
  readonly part?: number;
  /** Shows a table. */
  print(text: string): void;
}

/** Turns of a millisecond or two, which a busy machine seldom interrupts, and many of them. */
const EFFORTS: Readonly<Record<string, Effort>> = {
  memory: { rounds: 400, turns: 50 },
  sqlite: { rounds: 200, turns: 5 },
  upstash: { rounds: 120, turns: 3 },
};

/** Prints how long this checkout takes, in units of the other. */
export async function against({ folder, part = 1, print }: AgainstOptions): Promise<void> {
  const here = fileURLToPath(new URL("../../", import.meta.url));
  const there = await Deno.realPath(folder);
  const temporary = await temporaryFolder("baton-against-");
  try {
    await using backend = await startBackend();
    const start = (checkout: string) =>
      startChild<string[]>("against_side.ts", [checkout, temporary, backend.url, backend.token], [
        "--no-check",
        // Nothing is written into the other checkout.
        "--no-lock",
        "--config",
        `${checkout}/deno.json`,
      ]);
    await using ours = await start(here);
    await using theirs = await start(there);
    print(`This checkout in units of ${there}, ratios of medians`);
    for (const name of ours.hello) {
      const { rounds, turns } = EFFORTS[name.split(":")[0] ?? ""] ?? { rounds: 100, turns: 1 };
      const side = (child: Child<unknown>) => () =>
        child.ask<number>(JSON.stringify({ name, turns }));
      print(lineOf(name, await duel(side(ours), side(theirs), Math.ceil(rounds * part))));
    }
  } finally {
    await removeFolder(temporary);
  }
}

function lineOf(name: string, { ratio, low, high }: Duel): string {
  const range = `${low.toFixed(2)}–${high.toFixed(2)}`;
  return `  ${name.padEnd(34)}${ratio.toFixed(2).padStart(6)}   half of the rounds: ${range}`;
}
