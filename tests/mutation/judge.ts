/**
 * Whether any test notices a bug, which the compiler did not refuse.
 *
 * A run that has no end within its time limit has noticed the bug only if the same run ends well within it
 * on a copy without one: a busy machine is no bug.
 *
 * A test that fails by chance, or without the bug too, notices nothing. So whatever finds something
 * must find it twice in three runs, and must pass on a copy without a bug.
 *
 * @module
 */

import { diffOf, type Mutant } from "./mutant.ts";
import { plant } from "./plant.ts";
import type { Verdict } from "./report.ts";
import { type Result, runTests } from "./run_tests.ts";
import type { Run } from "./runs.ts";

/** What a judge needs. */
export interface Court {
  /** The runs that may notice it, in order. */
  readonly runs: (file: string) => readonly Run[];
  /** A copy without a bug, which one run at a time may use. Absent: every test is known to pass. */
  readonly clean?: () => Promise<string>;
  /** Called with what a reader should know. */
  readonly print: (line: string) => void;
  /** Runs the tests of a copy. Default: {@link runTests}. */
  readonly tried?: typeof runTests;
}

/** The share of a time limit within which a run ends well within it. */
const WELL = 0.5;

/** Judges bugs. */
export class Judge {
  readonly #court: Court;
  /** What runs say on the copy without a bug; each is asked once. */
  readonly #sound = new Map<string, Promise<Result>>();
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
      let endless: string | undefined;
      for (const run of this.#court.runs(mutant.file)) {
        const { failed, hung } = await this.#try(root, run);
        if (failed === undefined) continue;
        const by = `${failed} (${run.title})`;
        if (!hung) return verdict("found", by);
        if (await this.#endsWithout(run)) return verdict("hung", by);
        // Another run may tell.
        endless ??= by;
      }
      return endless === undefined ? verdict("survived") : verdict("not judged", endless);
    } finally {
      await undo();
    }
  }

  /** The test of a run that fails because of the bug. */
  async #try(root: string, run: Run): Promise<{ failed?: string; hung?: boolean }> {
    const { print, tried = runTests } = this.#court;
    const result = await tried(root, run);
    if (result.failed === undefined || result.hung) return result;
    // The same file alone is as good, and cheaper.
    const again = result.path === undefined ? run : { ...run, paths: [result.path] };
    if (!run.steady && !await this.#failsAgain(root, again)) {
      print(`BY CHANCE  ${run.title}: failed once: ${result.failed}`);
      return {};
    }
    const anyway = (await this.#without(again))?.failed;
    if (anyway !== result.failed) return result;
    print(`UNSOUND    ${run.title}: fails without a bug, too: ${anyway}`);
    return {};
  }

  async #failsAgain(root: string, run: Run): Promise<boolean> {
    for (let more = 0; more < 2; more++) {
      const { tried = runTests } = this.#court;
      if ((await tried(root, run)).failed !== undefined) return true;
    }
    return false;
  }

  /** Whether a run ends well within its time limit without a bug. Nobody knows without a copy. */
  async #endsWithout(run: Run): Promise<boolean> {
    const result = await this.#without(run);
    return result !== undefined && result.failed === undefined &&
      result.seconds <= WELL * run.limit;
  }

  /** What comes of a run on a copy without a bug, if there is one. */
  async #without(run: Run): Promise<Result | undefined> {
    const { clean, tried = runTests } = this.#court;
    if (!clean) return undefined;
    const key = JSON.stringify([run.paths, run.filter]);
    const known = this.#sound.get(key);
    if (known) return await known;
    const asked = this.#turn.then(async () => {
      const root = await clean();
      const first = await tried(root, run);
      // Once may be chance.
      return first.failed === undefined ? first : await tried(root, run);
    });
    // One after the other, for they share a copy.
    this.#turn = asked.catch(() => {});
    this.#sound.set(key, asked);
    return await asked;
  }

  /** Whether every run that was asked passes without a bug. */
  async isSound(): Promise<boolean> {
    return (await Promise.all(this.#sound.values())).every(({ failed }) => failed === undefined);
  }
}
