/**
 * Runs some tests of a copy until the first that fails.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { removeFolder } from "../servers/folders.ts";
import type { Run } from "./runs.ts";

/** What came of a run. */
export interface Result {
  /** The test that failed first, or what else went wrong; `undefined` when all passed. */
  readonly failed?: string;
  /** The file that this test is in. */
  readonly path?: string;
  /** Whether it did not come to its end. */
  readonly hung?: boolean;
  /** How long it took, in seconds. */
  readonly seconds: number;
}

/** A bug that collects things for ever must not take all memory. */
const HEAP = "--v8-flags=--max-old-space-size=1024";

/**
 * Runs tests in the copy at `root`, and ends at the first failure or with the time limit.
 *
 * @throws The signal's reason when it aborts meanwhile, after the run has ended.
 */
export async function runTests(root: string, run: Run, signal?: AbortSignal): Promise<Result> {
  signal?.throwIfAborted();
  const start = performance.now();
  // What a run leaves in it when it is cut short goes with it.
  const scratch = `${root}/.scratch`;
  await Deno.mkdir(scratch, { mode: 0o755 });
  await Deno.chmod(scratch, 0o755);
  try {
    const result = await firstFailure(root, scratch, run, signal);
    signal?.throwIfAborted();
    return { ...result, seconds: (performance.now() - start) / 1_000 };
  } finally {
    await removeFolder(scratch);
  }
}

async function firstFailure(
  root: string,
  scratch: string,
  { paths, filter, limit }: Run,
  signal?: AbortSignal,
): Promise<Omit<Result, "seconds">> {
  // Types were checked before.
  const args = ["test", "-A", "--no-check", "--sanitize-ops", "--sanitize-resources", HEAP];
  const child = spawn(
    Deno.execPath(),
    [...args, "--fail-fast", ...(filter ? ["--filter", filter] : []), ...paths],
    {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1", TMPDIR: scratch },
      stdio: ["ignore", "pipe", "ignore"],
      // A process group of its own, to be ended as one.
      detached: true,
    },
  );
  const aborted = (): void => end(child);
  signal?.addEventListener("abort", aborted);
  // In seconds that we have seen go by: a machine that slept, or stopped us all, is no hang.
  let seconds = 0;
  const clock = setInterval(() => {
    if (++seconds === limit) end(child);
  }, 1_000);
  let output = "";
  let failed: string | undefined;
  let path: string | undefined;
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    output = (output + chunk).slice(-20_000);
    path = [...output.matchAll(/^running \d+ tests? from (?:\.\/)?(\S+)$/gm)].at(-1)?.[1] ?? path;
    failed ??= /^ *(.*?) \.\.\.(?: .*)? (FAILED|cancelled)/m.exec(output)?.[1]?.trim();
    // The rest of the tests, and of the steps, would tell nothing new.
    if (failed !== undefined) end(child);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(clock);
  signal?.removeEventListener("abort", aborted);
  if (failed !== undefined) return { failed, ...(path !== undefined && { path }) };
  if (seconds >= limit) return { failed: `nothing within ${limit} s`, hung: true };
  if (code !== 0) return { failed: `the run itself ended with code ${code}` };
  // Of tests that only share a file, a filter may leave none.
  if (filter !== undefined || / [1-9]\d* passed/.test(output)) return {};
  return { failed: "no test was run" };
}

/** Ends a run and what it has started. Servers have a guard that ends them. */
function end(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
