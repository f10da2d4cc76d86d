/**
 * How a statement goes out.
 *
 * @module
 */

/**
 * Sends one statement with its parameters, `$1`…, and answers its rows; rejects with the server's
 * error, its `code` being the SQLSTATE. It must not send twice by itself, and must go to the primary.
 */
export type PostgresQuery = (
  text: string,
  params: readonly string[],
  signal?: AbortSignal,
) => Promise<readonly Readonly<Record<string, unknown>>[]>;
