/**
 * One run: a backend, its clients, and what goes wrong; then the verdict.
 *
 * @module
 */

import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chance } from "../tools/chance.ts";
import { requireRuntimes } from "../runtimes/install.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import { inTransactions } from "./application.ts";
import { build } from "./bundle.ts";
import { unsettled } from "./check_stops.ts";
import { judge, type Verdict } from "./checks.ts";
import type { Runtime } from "./client_process.ts";
import { fakedClock, faketimeLibrary } from "../servers/faked_clock.ts";
import { faultMix } from "./fault_mix.ts";
import { type Fleet, startFleet, type Sum } from "./fleet.ts";
import type { Entry, History, Note } from "./history.ts";
import { type Damage, type Plan, rage, type Wanted } from "./nemesis.ts";
import { startRegister } from "./register.ts";
import type { Target } from "./targets.ts";
import type { Volume } from "./tools.ts";

/** What to run. */
export interface ChaosOptions extends Plan {
  readonly target: Target;
  /** What the clients run in; eight of them unless given. */
  readonly runtimes?: readonly Runtime[];
  /** Where to write the whole history, one JSON line for each entry. */
  readonly history?: string;
}

/** How it went. */
export interface Result extends Verdict {
  readonly options: ChaosOptions;
  readonly sum: Sum;
  readonly damage: Damage;
  readonly faults: Readonly<Record<string, number>>;
  /** HTTP requests that the front end has seen. */
  readonly requests: number;
  /** Stretches of belief, by how the seat is shared. */
  readonly windows: Readonly<Record<string, number>>;
  /** Requests that a cache on the way has answered. */
  readonly fromMemory: number;
  /** Calls that were under way when their coordinator was stopped, by kind. */
  readonly stopped: Readonly<Record<string, number>>;
  /** What came of operations within an application's open transaction. */
  readonly within: Readonly<Record<string, number>>;
  /** Requests to the fenced register, and how many of them it refused. */
  readonly register: { readonly accepted: number; readonly refused: number };
  readonly seconds: number;
  /** What was asked for and not reached, or went wrong with the run itself. */
  readonly shortfalls: readonly string[];
}

const RUNTIMES: readonly Runtime[] = [
  ...["node", "deno", "node", "workerd", "node", "deno", "node", "deno"] as const,
];
const VOLUME: Volume = { batch: 40, calm: 0.6, pause: 80 };
/** Where an acquisition and a release are a request each, and a refusal is two. */
const COSTLY_VOLUME: Volume = { batch: 96, calm: 0.9, pause: 100 };

/** How far a server's clock may be stepped, in ms, as far as clients know. */
const SERVER_STEP = 500;

/** Runs it to its end. */
export async function runChaos(options: ChaosOptions): Promise<Result> {
  const { target, seed } = options;
  const { stepped } = target;
  const { runtimes = stepped ? ["stepped", ...RUNTIMES.slice(1)] : RUNTIMES } = options;
  const installed = await requireRuntimes();
  const folder = await temporaryFolder("baton-chaos-");
  const undo: (() => Promise<unknown>)[] = [() => removeFolder(folder)];
  try {
    await build(folder, installed.modules);
    // The server runs as somebody else, and reads its clock here.
    await chmod(folder, 0o755);
    const clock = stepped &&
      fakedClock(await faketimeLibrary(stepped), join(folder, "server.clock"));
    const library = stepped && await faketimeLibrary("threads");
    const backend = await target.start(clock);
    const { wire, server } = backend;
    undo.push(() => backend.stop());
    const register = await startRegister();
    undo.push(() => register.stop());
    const mix = faultMix(chance(seed));
    wire.faults.always(() => mix.choose());
    const settings = {
      ...{ url: wire.url, registerUrl: register.url },
      step: stepped ? SERVER_STEP : 0,
      volume: target.costly ? COSTLY_VOLUME : VOLUME,
    };
    const start = performance.now();
    const fleet = startFleet({ folder, installed, runtimes, settings, seed, library });
    undo.push(() => fleet.stop());
    const { table } = backend;
    const beside: Entry[] = [];
    const tell = (note: Note) => void beside.push({ ...note, who: "application" });
    const application = table &&
      ((over: AbortSignal) => inTransactions({ table, random: chance(seed + 5), tell, over }));
    const wanted: Wanted = {
      unheld: (since) => unheldIn(fleet.entries, since),
      missing: (mark) => [
        ...missingIn(fleet, mix.counts),
        ...unsettled(fleet.entries, mark, fleet.lives)
          .map(({ coordinator, pending }) =>
            `settled of ${pending} after ${coordinator} was stopped`
          ),
        ...(table && beside.length === 0 ? ["refused within a transaction"] : []),
      ],
    };
    const damage = await rage({ plan: options, server, fleet, clock }, wanted, application);
    wire.faults.clear();
    mix.end();
    undo.pop();
    await fleet.stop();
    const entries = [...fleet.entries, ...beside];
    const history: History = {
      entries,
      register: register.log,
      kills: damage.kills,
      steps: damage.steps,
      refusals: damage.refusals,
      durable: server.loses === "nothing",
    };
    if (options.history !== undefined) await save(options.history, history);
    const verdict = judge(history);
    const refused = register.log.filter(({ accepted }) => !accepted).length;
    const of = <K extends Entry["kind"]>(kind: K) =>
      entries.filter((entry): entry is Extract<Entry, { kind: K }> => entry.kind === kind);
    const result = {
      ...verdict,
      ...{ options, damage, sum: fleet.sum, requests: wire.requests },
      faults: Object.fromEntries([...mix.counts].sort()),
      fromMemory: wire.faults.cache?.hits ?? 0,
      windows: countBy(of("hold").map(({ mode }) => mode)),
      stopped: countBy(of("stop").flatMap(({ pending }) => pending)),
      within: countBy(of("within").map(({ outcome }) => outcome)),
      register: { accepted: register.log.length - refused, refused },
      seconds: (performance.now() - start) / 1_000,
    };
    const unseen =
      server.loses === "everything" && damage.kills.length > 0 && verdict.forgotten.size === 0
        ? ["every kill loses all, and no loss was seen"]
        : [];
    return { ...result, shortfalls: [...shortfalls(result), ...unseen, ...fleet.deserters] };
  } finally {
    for (const each of undo.reverse()) await each();
  }
}

/** Without these a run has shown nothing; how soon they happen is a matter of speed. */
const MODES = ["exclusive", "permit", "leader", "member", "run"] as const;
const KINDS_OF_FAULTS = 6;

/** Calls that are under way when coordinators are stopped, sooner or later. */
const STOPPED = ["wait", "wait for a permit", "campaign", "events"] as const;

/** What nobody was granted since then. */
function unheldIn(entries: readonly Entry[], since: number): string[] {
  const seen = new Set(
    entries.flatMap((entry) => entry.kind === "hold" && entry.at >= since ? [entry.mode] : []),
  );
  return MODES.filter((mode) => !seen.has(mode)).map((mode) => `held as ${mode}`);
}

function missingIn({ entries, sum }: Fleet, faults: ReadonlyMap<string, number>): string[] {
  const stopped = new Set(entries.flatMap((entry) => entry.kind === "stop" ? entry.pending : []));
  return [
    ...unheldIn(entries, -Infinity),
    ...STOPPED.filter((call) => !stopped.has(call)).map((call) => `stopped in a ${call}`),
    ...(sum.granted === 0 ? ["granted"] : []),
    ...(sum.unanswered === 0 ? ["unanswered"] : []),
    ...(faults.size < KINDS_OF_FAULTS ? [`of ${KINDS_OF_FAULTS} kinds of faults`] : []),
  ];
}

function shortfalls(
  { options, sum, damage }: Pick<Result, "options" | "sum" | "damage">,
): string[] {
  const counts: [string, number, number][] = [
    ["operations", sum.operations, options.operations],
    ["kills", damage.down.length, options.kills],
    ["pauses", damage.clientPauses, options.pauses],
    ["refusals", damage.refusals.length, options.refusals],
  ];
  const missed = counts.filter(([, done, asked]) => done < asked)
    .map(([what, done, asked]) => `${done} of ${asked} ${what}`);
  return damage.trouble === undefined ? missed : [damage.trouble, ...missed];
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

async function save(file: string, history: History): Promise<void> {
  const { entries, register, kills, steps, refusals } = history;
  const lines = [
    ...entries,
    ...register.map((entry) => ({ kind: "register", ...entry })),
    ...kills.map((at) => ({ kind: "kill", at })),
    ...steps.map((at) => ({ kind: "step", at })),
    ...refusals.map((refusal) => ({ kind: "refusal", ...refusal })),
  ].map((entry) => JSON.stringify(entry));
  await writeFile(file, `${lines.join("\n")}\n`);
}
