/**
 * How statements that create things are run.
 *
 * @module
 */

import { postgresError } from "./errors.ts";

/**
 * Runs them in one request and one transaction, and one process after the other: `if not exists`
 * alone fails when two do it at once.
 *
 * @throws {ConnectionError} where the role may not, and nothing was changed.
 */
export async function migrateBy(
  query: (text: string, params: string[]) => PromiseLike<unknown>,
  statements: readonly string[],
): Promise<void> {
  try {
    await query(
      `do $do$ begin
perform pg_advisory_xact_lock(7366140);
${statements.map((sql) => `execute $migrate$${sql}$migrate$;`).join("\n")}
end $do$`,
      [],
    );
  } catch (error) {
    throw postgresError("postgres", error);
  }
}
