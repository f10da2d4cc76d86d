/**
 * The runtimes that the built package is run in.
 *
 * @module
 */

import { join } from "node:path";
import type { Installation } from "./install.ts";
import type { Objects, Order } from "./miniflare_main.ts";
import type { Job, Result } from "./package.ts";
import { startChild } from "./talk.ts";
import type { Question } from "./worker.ts";

/** A runtime that has been started. */
export interface Running {
  run(job: Job): Promise<Result>;
  stop(): Promise<void>;
}

/** A runtime under test. */
export interface Runtime {
  readonly name: string;
  /** How much is tried in it: all, all but what takes time, or the short script alone. */
  readonly part: "all" | "untimed" | "short";
  start(): Promise<Running>;
}

/** How old a compatibility date Workers may have; without one it is the newest. */
export const WORKERS: readonly (string | undefined)[] = [
  "2024-01-01",
  // The last date without `cache` in a request's options, and the first with it.
  "2024-11-10",
  "2024-11-11",
  undefined,
];

/** All of them, over what was built into the folder. */
export function runtimesOf(installed: Installation, folder: string): readonly Runtime[] {
  const main = join(folder, "process_main.mjs");
  return [
    // Its clock and timers are tried by `driver_test.ts` already.
    processes("Deno", Deno.execPath(), ["run", "--allow-all", "--no-config", main], "untimed"),
    processes("Node", installed.node, [main], "all"),
    processes("Bun", installed.bun, [main], "all"),
    ...WORKERS.map((date) => workerd(installed, folder, date)),
  ];
}

function processes(
  name: string,
  program: string,
  args: readonly string[],
  part: Runtime["part"],
): Runtime {
  return {
    name,
    part,
    start() {
      const child = startChild(program, args);
      return Promise.resolve({ run: (job) => child.ask<Result>({ ...job }), stop: child.stop });
    },
  };
}

function workerd(installed: Installation, folder: string, date: string | undefined): Runtime {
  return {
    name: `workerd as of ${date ?? "now"}`,
    part: date === undefined ? "all" : "short",
    async start() {
      const workers = startWorkers(installed, folder);
      await workers.start("cases", { ...(date !== undefined && { date }) });
      return { run: (job) => asked<Result>(workers, "cases", { job }), stop: workers.stop };
    },
  };
}

/** Asks the Worker of cases. */
export async function asked<T>(workers: Workers, name: string, question: Question): Promise<T> {
  return (await workers.fetch<{ answer: T }>(name, question)).answer;
}

/** What an isolate is started with. */
export interface WorkerOptions {
  readonly date?: string;
  /** Its code; the Worker of cases unless given. */
  readonly modules?: readonly string[];
  readonly bindings?: Readonly<Record<string, unknown>>;
  readonly objects?: Objects;
  /** The names of its bindings of D1. */
  readonly d1?: readonly string[];
}

/** Isolates, each in a workerd of its own. */
export interface Workers {
  /** Answers the compatibility date. */
  start(name: string, options?: WorkerOptions): Promise<{ readonly date: string }>;
  /** A POST with `body`, or a GET without one; answers the JSON that came back. */
  fetch<T>(name: string, body?: unknown): Promise<T>;
  /** Any request. */
  send(name: string, method: string, path: string): Promise<{ status: number; text: string }>;
  /** Runs statements in its D1 `DB`, and answers the rows of each. */
  sql<T>(name: string, ...statements: readonly string[]): Promise<readonly T[][]>;
  /** `"ok"`, or `"exception"` when the handler threw. */
  scheduled(name: string, time: number, cron?: string): Promise<{ readonly outcome: string }>;
  /** Ends one, whatever it is doing. */
  end(name: string): Promise<void>;
  /** Ends its process as a crash would. */
  kill(name: string): Promise<void>;
  /** Ends all. */
  stop(): Promise<void>;
}

/** The process that starts isolates. */
export function startWorkers({ node, modules }: Installation, folder: string): Workers {
  const child = startChild(node, [join(folder, "miniflare_main.mjs"), modules]);
  const ask = <T>(order: Order) => child.ask<T>({ ...order });
  const cases = ["worker.mjs", "package.mjs"].map((file) => join(folder, file));
  return {
    start: (name, { date, modules = cases, bindings = {}, d1 = [], objects } = {}) =>
      ask({
        start: name,
        modules,
        bindings,
        d1,
        ...(date !== undefined && { date }),
        ...objects && { objects },
      }),
    fetch: (name, body) => ask({ fetch: name, ...(body !== undefined && { body }) }),
    send: (name, method, path) => ask({ send: name, method, path }),
    sql: (name, ...statements) => ask({ sql: name, statements }),
    scheduled: (name, time, cron = "* * * * *") => ask({ scheduled: name, time, cron }),
    end: (name) => ask({ stop: name }),
    kill: (name) => ask({ kill: name }),
    stop: child.stop,
  };
}
