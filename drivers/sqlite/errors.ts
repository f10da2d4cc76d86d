/**
 * What an error of SQLite shows about what happened.
 *
 * @module
 */

import { codeOf, ConnectionError } from "../../errors.ts";

/** Whether another process was writing (SQLITE_BUSY, SQLITE_LOCKED). Nothing was written then. */
export function isBusy(error: unknown): boolean {
  const { errcode = 0, message } = error as { errcode?: number; message?: string };
  // By Node's code, or by the text, because Deno gives nothing else.
  return [5, 6].includes(errcode & 0xff) || /database (table )?is locked/.test(message ?? "");
}

/**
 * The error for a failure before the commit, which was rolled back. It is definite; only "busy" may
 * pass.
 */
export function refused(error: unknown): Error {
  if (codeOf(error)) return error as Error;
  const busy = isBusy(error);
  return new ConnectionError(
    `sqlite could not use its file and wrote nothing: ${(error as Error).message}` +
      (busy ? "; another process is writing, so try again shortly" : ""),
    { retryable: busy },
  );
}

/** The error for a file that is not the one that was opened. */
export function replaced(): ConnectionError {
  return new ConnectionError(
    "sqlite wrote nothing: its file was deleted or replaced after it was opened, so nothing that was " +
      "held in it is held any more. Sending the same again uses the file that is there now",
    { retryable: true },
  );
}
