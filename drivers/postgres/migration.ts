/**
 * How statements that create things are run.
 *
 * @module
 */

import { nonces } from "../kit/nonce.ts";
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
    // Such a block takes no parameter, so its nonce is a comment; it is sent too seldom to fill a cache
    // of plans. The commit is refused within an open transaction, which nobody else would see.
    await query(
      `do $do$ begin -- ${nonces()()}
commit;
perform pg_advisory_xact_lock(7366140);
${statements.map((sql) => `execute $migrate$${sql}$migrate$;`).join("\n")}
end $do$`,
      [],
    );
  } catch (error) {
    throw postgresError("postgres", error);
  }
}
