/**
 * A MySQL behind PlanetScale's front end, and an account whose secrets must not be seen anywhere.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../../drivers/driver.ts";
import { migrate } from "../../../drivers/mysql/schema.ts";
import { planetscale, planetscaleQuery } from "../../../drivers/mysql/planetscale.ts";
import type { PlanetscaleOptions, PlanetscaleServer } from "../../servers/planetscale.ts";
import { type PlanetscaleFixture, withPlanetscale } from "../../servers/with_planetscale.ts";
import { shown } from "../../tools/shown.ts";

/** No URL takes it as it is, and Basic takes no more than ASCII. */
const PASSWORD = 'p@ss:w/rd%41?&#" x';

export async function withTable(
  test: (fixture: PlanetscaleFixture & { readonly driver: Driver }) => Promise<void>,
  options: PlanetscaleOptions = {},
): Promise<void> {
  await withPlanetscale("mysql", async (fixture) => {
    const url = fixture.server.databaseUrl;
    await migrate(planetscaleQuery({ url }));
    await test({ ...fixture, driver: planetscale({ url }) });
  }, { password: PASSWORD, ...options });
}

/** Neither who we are, nor a statement, nor an id in any of its forms; but in outcomes. */
export function assertNoSecret(
  thing: unknown,
  { username, password }: PlanetscaleServer,
  mayBeOutcomes = false,
): void {
  if (mayBeOutcomes && Array.isArray(thing)) return;
  const hex = [..."id-canary"].map((c) => c.charCodeAt(0).toString(16)).join("");
  const text = shown(thing);
  const account = [username, password, encodeURIComponent(password)];
  for (const secret of [...account, btoa(`${username}:${password}`), "canary", hex]) {
    assert(!text.includes(secret), text);
  }
  assert.doesNotMatch(text, /baton_leases|insert into|utc_timestamp|BindVars/i);
}
