/**
 * Whether an error proves that nothing was sent.
 *
 * @module
 */

/** Whether no connection came about, by the codes of Node and Bun or the words of Deno. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, cause, sourceError } = error as { code?: unknown; sourceError?: unknown } & Error;
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ConnectionRefused)$/.test(String(code)) ||
    error.message.includes("client error (Connect)") ||
    isUnreachable(cause) || isUnreachable(sourceError);
}
