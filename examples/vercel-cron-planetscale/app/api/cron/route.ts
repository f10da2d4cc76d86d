/** Vercel calls this by the schedule in `vercel.json`, and sometimes more than once. */

import process from "node:process";
import { Coordinator, type Run } from "@baton/baton";
import { planetscale } from "@baton/baton/drivers/planetscale";
import { cronEndpoint } from "@baton/baton/http";

/** How long Vercel lets a call run, in seconds. */
export const maxDuration = 60;

/** `next build` loads this file without the variables, so each call reads them. */
const baton = () => new Coordinator(planetscale({ url: process.env["DATABASE_URL"] ?? "" }));

export const GET = cronEndpoint(baton, "invoices", sendInvoices, {
  // Vercel sends it if a variable of this name is set.
  secret: () => process.env["CRON_SECRET"],
  every: 3_600_000,
  // Less than `maxDuration`, so that the run's signal aborts before Vercel stops the call.
  ttl: 55_000,
});

/** The work. Its receiver should accept each `idempotency-key` once. */
async function sendInvoices({ slot, token, signal }: Run): Promise<void> {
  const headers = { "idempotency-key": `${slot}`, "fencing-token": `${token}` };
  const target = process.env["TARGET_URL"] ?? "";
  const { ok, status } = await fetch(target, {
    method: "POST",
    headers,
    signal,
  });
  if (!ok) throw new Error(`the target answered ${status}`);
}
