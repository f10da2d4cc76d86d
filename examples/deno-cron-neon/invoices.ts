/** The job, separate from its trigger, so that a test or a button can trigger it too. */

import { cronJob, type Run, slotAt, type SlotResult } from "@baton/baton/cron";
import { neon } from "@baton/baton/drivers/neon";

/** The variables to set in Deno Deploy. */
export interface Env {
  /** Neon's connection string, as Neon shows it. */
  readonly DATABASE_URL: string;
  /** The URL that does the work. */
  readonly TARGET_URL: string;
}

/** The time from one slot to the next, as in the schedule `0 * * * *`. */
const HOUR = 3_600_000;

/** Runs the slot that is due at `now`, unless another trigger has. */
export async function hourly(env: Env, now: number): Promise<SlotResult<void>> {
  const job = cronJob(neon({ url: env.DATABASE_URL }), "invoices");
  return await job.run(
    { slot: slotAt(now, { every: HOUR }), ttl: 60_000 },
    (run) => sendInvoices(env, run),
  );
}

/** The work. Its receiver should accept each `idempotency-key` once. */
async function sendInvoices({ TARGET_URL }: Env, { slot, token, signal }: Run): Promise<void> {
  const headers = { "idempotency-key": `${slot}`, "fencing-token": `${token}` };
  const { ok, status } = await fetch(TARGET_URL, { method: "POST", headers, signal });
  if (!ok) throw new Error(`the target answered ${status}`);
}
