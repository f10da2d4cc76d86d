/**
 * `deno task demo`: one cron, four processes. Kills the leader, freezes it past its ttl, kills it
 * again, and shows that no slot runs twice and how long each takeover takes. The demo itself is in
 * `show/`; `worker.ts` is the part that uses Baton.
 */

import { type Backend, startBackend } from "./show/backend.ts";
import { boardLines, type Scene } from "./show/board.ts";
import { chaos } from "./show/chaos.ts";
import { Crew } from "./show/crew.ts";
import { readLedger } from "./show/ledger.ts";
import { SECOND } from "./show/messages.ts";
import { BadArguments, HELP, type Options, parseOptions } from "./show/options.ts";
import { Output } from "./show/output.ts";
import { painted, plain, wrapped } from "./show/paint.ts";
import { pause, until } from "./show/pause.ts";
import { boardFits, fitting, type Show, showBoard, showLines } from "./show/report.ts";
import { sizeOf } from "./show/screen.ts";
import { Story } from "./show/story.ts";
import { summary } from "./show/summary.ts";
import { exitStatus, tally } from "./show/tally.ts";

const WORKERS = 4;
/** How long processes may take to start and reach the backend, in ms. */
const START_LIMIT = 30_000;
/** The first slot comes at least this long after all workers are ready, so that one can lead, in ms. */
const CAMPAIGN = 300;
/** The width of a report that does not go to a terminal. */
const PAGE = 80;
/** Exit statuses, after the shell's custom of 128 and the signal's number. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const BROKEN_PIPE = 141;

/** Thrown when the demo is stopped from outside. */
class Interrupted extends Error {
  constructor(readonly status: number) {
    super("interrupted");
  }
}

async function demo(options: Options, backend: Backend, stage: {
  readonly folder: string;
  readonly output: Output;
  readonly progress: Output;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { folder, output, progress, signal } = stage;
  const { seconds, json } = options;
  // Until the time of the first slot is known, everything counts as well before it.
  let zero = performance.now() + START_LIMIT;
  const now = (): number => performance.now() - zero;
  const story = new Story();
  const ledger = () => readLedger(`${folder}/ledger.jsonl`);
  const scene: Scene = { slots: seconds, backend: backend.label, leaderTtl: backend.leaderTtl };
  const show: Show = { scene, story, ledger, now, write: progress.write };
  const live = !json && boardFits();
  const crew = new Crew({ backend, folder, now, tell: (happening) => story.add(happening) });
  const view = live ? showBoard(show) : showLines(show);
  try {
    for (let i = 0; i < WORKERS; i++) crew.start();
    const ready = () => crew.ready === WORKERS || crew.living < WORKERS;
    await until(ready, START_LIMIT, signal);
    if (crew.ready < WORKERS) throw new Error(`the workers did not start: ${lastTrouble(story)}`);

    const first = Math.ceil((Date.now() + CAMPAIGN) / SECOND) * SECOND;
    zero = performance.now() + first - Date.now();
    story.schedule = { first, last: first + (seconds - 1) * SECOND };
    crew.begin(story.schedule);
    const blows = chaos({ crew, story, seconds, leaderTtl: backend.leaderTtl, now, signal });
    const fallen = until(() => crew.living === 0, Infinity, signal).then(() => {
      throw new Error(`no worker is left: ${lastTrouble(story)}`);
    });
    await Promise.race([fallen, Promise.all([blows, pause(seconds * SECOND - now(), signal)])]);
    // The last leader may still be catching up.
    const settled = () => {
      const ran = new Set(ledger().map((entry) => entry.slot));
      return ran.union(new Set(story.skipped.keys())).size >= seconds;
    };
    await until(settled, backend.leaderTtl + SECOND, signal);
  } finally {
    view[Symbol.dispose]();
    await crew.end();
  }
  const result = tally(seconds, ledger(), story.happenings);
  if (result.ran === 0) throw new Error(`nothing ran: ${lastTrouble(story)}`);
  const ending = { scene, story, ledger: ledger(), result };
  if (live) {
    const size = sizeOf();
    const board = boardLines({ ...ending, now: now(), width: size.columns, over: true });
    const lines = fitting([board, ...summary(ending)], size);
    output.write(lines.map((line) => `${painted(line)}\n`).join(""));
  } else {
    const lines = summary(ending).flatMap((part) => [[], ...part]);
    const text = lines.flatMap((line) => wrapped(line, PAGE)).map((line) => `${plain(line)}\n`);
    progress.write(text.join(""));
  }
  if (json) output.write(`${JSON.stringify(result)}\n`);
  return exitStatus(result);
}

function lastTrouble({ happenings }: Story): string {
  const messages = happenings.flatMap((each) => "message" in each && each.message || []);
  return messages.at(-1) ?? "no process gave a reason";
}

async function main(args: string[]): Promise<number> {
  const interrupted = new AbortController();
  const stop = (status: number) => interrupted.abort(new Interrupted(status));
  const output = new Output(Deno.stdout, () => stop(BROKEN_PIPE));
  const errors = new Output(Deno.stderr, () => stop(BROKEN_PIPE));
  // Never removed: a second Ctrl-C must not interrupt the clean-up.
  for (const [name, status] of Object.entries(SIGNALS)) {
    Deno.addSignalListener(name as Deno.Signal, () => stop(status));
  }
  let backend: Backend | undefined;
  let folder: string | undefined;
  try {
    const options = parseOptions(args);
    if (options.help) {
      output.write(HELP);
      return 0;
    }
    if (Deno.build.os === "windows") {
      throw new Error("this demo freezes processes with SIGSTOP, which Windows does not have");
    }
    const progress = options.json ? errors : output;
    backend = await startBackend(options, progress.write);
    interrupted.signal.throwIfAborted();
    folder = await Deno.makeTempDir({ prefix: "baton-demo-" });
    return await demo(options, backend, { folder, output, progress, signal: interrupted.signal });
  } catch (error) {
    const { reason } = interrupted.signal;
    if (reason instanceof Interrupted) {
      errors.write("\nstopped; cleaning up\n");
      return reason.status;
    }
    errors.write(`${(error as Error).message}\n`);
    if (!(error instanceof BadArguments)) return 3;
    errors.write("Try --help.\n");
    return 2;
  } finally {
    await backend?.stop();
    if (folder !== undefined) await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
