/**
 * Whether any test notices a bug, which the compiler did not refuse.
 *
 * A test that fails by chance, or without the bug too, notices nothing. So whatever finds something
 * must find it twice in three runs, and must pass on a copy without a bug.
 *
 * @module
 */

import { diffOf, type Mutant } from "./mutant.ts";
import { plant } from "./plant.ts";
import type { Verdict } from "./report.ts";
import { runTests } from "./run_tests.ts";
import type { Run } from "./runs.ts";

/** What a judge needs. */
export interface Court {
  /** The runs that may notice it, in order. */
  readonly runs: (file: string) => readonly Run[];
  /** A copy without a bug, which one run at a time may use. Absent: every test is known to pass. */
  readonly clean?: () => Promise<string>;
  /** Called with what a reader should know. */
  readonly print: (line: string) => void;
}

/** Judges bugs. */
export class Judge {
  readonly #court: Court;
  /** What runs say on the copy without a bug; each is asked once. */
  readonly #sound = new Map<string, Promise<string | undefined>>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(court: Court) {
    this.#court = court;
  }

  /** What came of it, in the copy at `root`. */
  async judge(root: string, mutant: Mutant): Promise<Verdict> {
    const diff = diffOf(mutant, await Deno.readTextFile(`${root}/${mutant.file}`));
    const start = performance.now();
    const verdict = (fate: Verdict["fate"], by?: string): Verdict => {
      const seconds = (performance.now() - start) / 1_000;
      return { mutant, fate, seconds, diff, ...(by !== undefined && { by }) };
    };
    const undo = await plant(root, mutant);
    try {
      for (const run of this.#court.runs(mutant.file)) {
        const { failed, hung } = await this.#try(root, run);
        if (failed !== undefined) {
          return verdict(hung ? "hung" : "found", `${failed} (${run.title})`);
        }
      }
      return verdict("survived");
    } finally {
      await undo();
    }
  }

  /** The test of a run that fails because of the bug. */
  async #try(root: string, run: Run): Promise<{ failed?: string; hung?: boolean }> {
    const { print } = this.#court;
    const result = await runTests(root, run);
    if (result.failed === undefined) return {};
    // The same file alone is as good, and cheaper.
    const again = result.path === undefined ? run : { ...run, paths: [result.path] };
    if (!run.steady && !result.hung && !await this.#failsAgain(root, again)) {
      print(`BY CHANCE  ${run.title}: failed once: ${result.failed}`);
      return {};
    }
    const anyway = await this.#failsAnyway(again);
    if (anyway !== result.failed) return result;
    print(`UNSOUND    ${run.title}: fails without a bug, too: ${anyway}`);
    return {};
  }

  async #failsAgain(root: string, run: Run): Promise<boolean> {
    for (let more = 0; more < 2; more++) {
      if ((await runTests(root, run)).failed !== undefined) return true;
    }
    return false;
  }

  async #failsAnyway(run: Run): Promise<string | undefined> {
    const { clean } = this.#court;
    if (!clean) return undefined;
    const key = JSON.stringify([run.paths, run.filter]);
    const known = this.#sound.get(key);
    if (known) return await known;
    const asked = this.#turn.then(async () => {
      const root = await clean();
      const { failed } = await runTests(root, run);
      // Once may be chance.
      return failed === undefined ? undefined : (await runTests(root, run)).failed;
    });
    // One after the other, for they share a copy.
    this.#turn = asked.catch(() => {});
    this.#sound.set(key, asked);
    return await asked;
  }

  /** Whether every run that was asked passes without a bug. */
  async isSound(): Promise<boolean> {
    return (await Promise.all(this.#sound.values())).every((failed) => failed === undefined);
  }
}
