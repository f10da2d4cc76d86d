/** The entry point for Deno Deploy, which looks for crons at the top level of this file. */

import { hourly } from "./invoices.ts";

/** Fails at the start, and not at the first full hour, if a variable is missing. */
function variable(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is not set; README.md says how`);
  return value;
}

const env = { DATABASE_URL: variable("DATABASE_URL"), TARGET_URL: variable("TARGET_URL") };

Deno.cron("invoices", "0 * * * *", async () => {
  // Deno does not say for which hour it triggers; `hourly` rounds the clock to it.
  const { outcome, slot, holder } = await hourly(env, Date.now());
  // deno-lint-ignore no-console -- Deploy's log
  console.log(
    `invoices of ${new Date(slot).toISOString()}: ${outcome}, by ${holder}`,
  );
});

Deno.serve(() => new Response("Invoices go out every hour.\n"));
