/**
 * Postgres through Supabase's `rpc()`: what depends on the way there, and on when a transaction ends.
 * (All laws of the suite were tried there once, and held; they take half a minute.)
 *
 * @module
 */

import { createClient } from "@supabase/supabase-js";
import { postgres } from "../../../drivers/postgres/postgres.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";
import { BY_REQUESTS, wait } from "../../backends/backend.ts";
import { driverCases } from "../../conformance/mod.ts";
import { sideBySide } from "../../laws/side_by_side.ts";
import { startPostgres } from "../../servers/postgres.ts";
import { startPostgrest } from "../../servers/postgrest.ts";

/** The server has nothing else to do, and most laws wait. */
const LANES = 12;
/** A race, replays, aborts, and what errors mean. */
const LAWS = driverCases.filter(({ name }) => /^rule (4|9|10): |of sixteen that race/.test(name));

Deno.test("through rpc() of Supabase races, replays and aborts end as they must", async (test) => {
  const database = await startPostgres();
  try {
    await database.query("create role service_role");
    await migrate((text, params) => database.query(text, params), { rpc: true });
    const server = startPostgrest(database);
    const supabase = createClient(server.url, "service_role", {
      // Or it starts a timer.
      auth: { persistSession: false, autoRefreshToken: false },
    });
    // As `docs/clients.md` has it.
    const driver = postgres(async (_, [request], signal) => {
      const call = supabase.schema("baton").rpc("rpc_3", { request });
      const { data, error } = await (signal ? call.abortSignal(signal) : call);
      if (error) throw error;
      return [{ outcomes: data }];
    });
    try {
      const backend = { connect: () => driver, pass: wait, tick: 100, ...BY_REQUESTS };
      const on = (law: (typeof LAWS)[number]) => ({ ...law, run: () => law.run(backend) });
      await sideBySide(test, LAWS.map(on), LANES);
    } finally {
      await server.stop();
    }
  } finally {
    await database.stop();
  }
});
