/** What Deno Deploy runs. It looks for crons at the top level of this very file. */

import { hourly } from "./invoices.ts";

const env = {
  DATABASE_URL: Deno.env.get("DATABASE_URL") ?? "",
  TARGET_URL: Deno.env.get("TARGET_URL") ?? "",
};

Deno.cron("invoices", "0 * * * *", async () => {
  // Deno does not say which hour it triggers; `hourly` rounds the clock to it.
  const { outcome, slot, holder } = await hourly(env, Date.now());
  // deno-lint-ignore no-console -- Deploy's log
  console.log(
    `invoices of ${new Date(slot).toISOString()}: ${outcome}, by ${holder}`,
  );
});

Deno.serve(() => new Response("Invoices go out every hour.\n"));
