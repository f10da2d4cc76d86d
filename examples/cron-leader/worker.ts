/**
 * One of four processes that compete to be the cron. It campaigns to become the leader. While it
 * leads, it runs every slot (one scheduled run); a new leader first catches up on the slots that the
 * last leader left. Leadership decides who *normally* runs a slot. The claim of each slot guarantees
 * that it runs at most once, even while leadership moves.
 */

import { parseArgs } from "node:util";
import {
  CoordinationError,
  Coordinator,
  type CoordinatorEvent,
  type Cron,
  type Leadership,
} from "@baton/baton";
import { openDriver } from "./show/backend.ts";
import { type LedgerEntry, openLedger } from "./show/ledger.ts";
import { lines, type Schedule, SECOND, type WorkerEvent } from "./show/messages.ts";
import type { BackendName } from "./show/options.ts";

/** How many slots a new leader looks back: far more than can pass without a leader. */
const LOOK_BACK = 10;
/** How long the backend remembers that a slot has run, in ms; longer than any demo. */
const RETAIN = 2 * 60 * 60 * SECOND;
/** How long to wait before a slot is tried again after the backend failed, in ms. */
const PAUSE_IN_TROUBLE = 200;

const { values } = parseArgs({
  options: {
    name: { type: "string", default: "" },
    backend: { type: "string", default: "" },
    folder: { type: "string", default: "" },
    run: { type: "string", default: "" },
    ttl: { type: "string", default: "" },
  },
});
const name = values.name;
const ttl = Number(values.ttl);
const stop = new AbortController();
/** Slots that need no second try: they ran here, or another worker has claimed them. */
const settled = new Set<number>();

function tell(event: WorkerEvent): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(event)}\n`));
}

function report(event: CoordinatorEvent): void {
  switch (event.type) {
    case "elected":
    case "leadership-lost":
    case "stood-down":
      return tell({ type: event.type, term: event.term });
    case "heartbeat-failed":
    case "campaign-failed":
    case "release-failed":
      return tell({ type: "trouble", message: `${event.type}: ${(event.error as Error).message}` });
  }
}

/** Waits until the wall clock shows `time`, or the signal aborts. */
async function untilTime(time: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && Date.now() < time) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, Math.min(time - Date.now(), 2 ** 31 - 1));
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      }
      signal.addEventListener("abort", done, { once: true });
    });
  }
}

async function runSlot(
  cron: Cron,
  slot: number,
  { term, signal }: Leadership,
  append: (entry: LedgerEntry) => void,
): Promise<void> {
  const run = await cron.run({ slot, ttl, retain: RETAIN, signal }, (claim) => {
    // Checked right before the work: a process that was frozen after its claim stops here.
    if (signal.aborted || claim.signal.aborted) return false;
    append({ slot, worker: name, token: claim.token, term, at: Date.now() });
    return true;
  });
  settled.add(slot);
  if (run.outcome === "skipped") tell({ type: "skipped", slot, holder: run.holder });
  else if (run.value) tell({ type: "ran", slot, token: run.token, term });
}

/** Runs the slots for as long as this worker leads. */
async function beCron(
  cron: Cron,
  { first, last }: Schedule,
  leadership: Leadership,
  append: (entry: LedgerEntry) => void,
): Promise<void> {
  const { signal } = leadership;
  const now = Math.floor(Date.now() / SECOND) * SECOND;
  let slot = Math.max(first, now - LOOK_BACK * SECOND);
  while (slot <= last && !signal.aborted) {
    await untilTime(slot, signal);
    if (signal.aborted) return;
    try {
      if (!settled.has(slot)) await runSlot(cron, slot, leadership, append);
      slot += SECOND;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof CoordinationError && error.retryable)) throw error;
      tell({ type: "trouble", message: error.message });
      await untilTime(Date.now() + PAUSE_IN_TROUBLE, signal);
    }
  }
  // Nothing is left to run. To leave now would start an election.
  await untilTime(Infinity, signal);
}

async function main(): Promise<void> {
  const driver = await openDriver(values.backend as BackendName, values.folder);
  const baton = new Coordinator(driver, {
    memberId: name,
    namespace: "demo",
    ttl,
    leaderTtl: ttl,
    on: report,
  });
  await baton.start();
  const append = openLedger(`${values.folder}/ledger.jsonl`);
  tell({ type: "ready" });
  const orders = lines(Deno.stdin.readable);
  const { value: order } = await orders.next();
  if (order === undefined) return;
  const schedule = JSON.parse(order) as Schedule;
  orders.next().then(() => {
    // Standard input closed: the demo is over, or its process died and this one must end too.
    stop.abort();
    setTimeout(() => Deno.exit(0), SECOND);
  });
  // Named after this run of the demo, because another run may share the database.
  const cron = baton.cron(`tick-${values.run}`);
  await baton.lead(
    `cron-${values.run}`,
    (leadership) => beCron(cron, schedule, leadership, append),
    { signal: stop.signal },
  );
}

if (import.meta.main) {
  // Ctrl-C reaches every process of the terminal, but the demo's main process decides when to end.
  Deno.addSignalListener("SIGINT", () => {});
  try {
    await main();
    Deno.exit(0);
  } catch (error) {
    tell({ type: "trouble", message: (error as Error).message });
    Deno.exit(1);
  }
}
