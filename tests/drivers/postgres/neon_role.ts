/**
 * A PostgreSQL behind Neon's front end, and a role whose secrets must not be seen anywhere.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../../drivers/driver.ts";
import { neon, neonQuery } from "../../../drivers/postgres/neon.ts";
import { migrate } from "../../../drivers/postgres/schema.ts";
import { type NeonFixture, withNeon } from "../../servers/with_neon.ts";
import { errorOf as anyErrorOf, shown } from "../../tools/shown.ts";

/** A role whose name and password no URL takes as they are. */
export const USER = "we@ird:us/er%1";
export const PASSWORD = 'p@ss:w/rd%41?&#"é';
const SECRETS = [USER, PASSWORD].flatMap((text) => [text, encodeURIComponent(text)]);

export function urlOf(host: string, user = USER, password = PASSWORD): string {
  return `postgresql://${encodeURIComponent(user)}:${
    encodeURIComponent(password)
  }@${host}/postgres`;
}

/** With the schema, and with a role that has the rights that `schema()` says, and no more. */
export async function withRole(
  test: (fixture: NeonFixture & { readonly url: string; readonly driver: Driver }) => Promise<void>,
  redirectTo?: string,
): Promise<void> {
  await withNeon(async (fixture) => {
    const { postgres, server } = fixture;
    await migrate(neonQuery(server.connectionString));
    await postgres.query(
      `create role "${USER}" login password '${PASSWORD}';
      grant usage on schema baton to "${USER}";
      grant select, insert, update, delete on all tables in schema baton to "${USER}"`,
    );
    const url = urlOf(new URL(server.url).host);
    await test({ ...fixture, url, driver: neon({ url }) });
  }, redirectTo === undefined ? {} : { redirectTo });
}

export function assertNoSecret(thing: unknown): void {
  const text = shown(thing);
  for (const secret of SECRETS) assert(!text.includes(secret), text);
}

/** The error a call ends with, which shows no secret. */
export async function errorOf(call: Promise<unknown>): Promise<Error> {
  const error = await anyErrorOf(call);
  assertNoSecret(error);
  return error;
}
