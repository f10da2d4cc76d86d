/**
 * Where a backend's front end is, and the published driver that talks to it.
 *
 * @module
 */

import { neonConfig } from "@neondatabase/serverless";
import type { Driver } from "../../drivers/driver.ts";
import { neon } from "../../drivers/postgres/neon.ts";
import { planetscale } from "../../drivers/mysql/planetscale.ts";
import { upstash } from "../../drivers/redis/upstash.ts";

/** A front end. */
export type Address =
  | { readonly vendor: "upstash"; readonly url: string; readonly token: string }
  | { readonly vendor: "neon" | "planetscale"; readonly url: string };

/** A driver as a user makes it. */
export function open(address: Address): Driver {
  const { vendor, url } = address;
  switch (vendor) {
    case "upstash":
      return upstash({ url, token: address.token });
    case "neon":
      // The vendor's own rule leads to https://api.…, and there is no such setting for one client.
      neonConfig.fetchEndpoint = (_host, port) => `http://127.0.0.1:${port}/sql`;
      return neon({ url });
    case "planetscale":
      return planetscale({ url });
  }
}
