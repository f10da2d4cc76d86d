/**
 * A driver by the URL of a front end on this host, in whatever runtime. This file is bundled for the
 * runtimes under test, so it starts nothing.
 *
 * @module
 */

import { neonConfig } from "@neondatabase/serverless";
import type { Driver } from "../../drivers/driver.ts";
import { SCHEMES } from "../../drivers/schemes.ts";

/** The driver that `getCoordinator()` would make. */
export async function open(url: string): Promise<Driver> {
  // Neon's own rule leads to https://api.…, and there is no such setting for one client.
  neonConfig.fetchEndpoint = (_host, port) => `http://127.0.0.1:${port}/sql`;
  const scheme = url.slice(0, url.indexOf(":"));
  const load = SCHEMES[scheme];
  if (!load) throw new Error(`no driver for ${scheme}:`);
  const [address = "", parameters] = url.split("?");
  return await load({ url: address, parameters });
}
