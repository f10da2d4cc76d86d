/**
 * What an error of SQLite's says about what happened.
 *
 * @module
 */

import { codeOf, ConnectionError } from "../../errors.ts";

/** Whether another process was writing: SQLITE_BUSY or SQLITE_LOCKED, and nothing was written. */
export function isBusy(error: unknown): boolean {
  const { errcode = 0, message } = error as { errcode?: number; message?: string };
  // By Node's code, or by their text, which is all that Deno gives.
  return [5, 6].includes(errcode & 0xff) || /database (table )?is locked/.test(message ?? "");
}

/** What fails before the commit is rolled back: definite, and only "busy" may pass. */
export function refused(error: unknown): Error {
  if (codeOf(error)) return error as Error;
  const busy = isBusy(error);
  return new ConnectionError(
    `sqlite could not use its file and wrote nothing: ${(error as Error).message}` +
      (busy ? "; another process is writing, it may pass shortly" : ""),
    { retryable: busy },
  );
}

/** The file is not the one that was opened. */
export function replaced(): ConnectionError {
  return new ConnectionError(
    "sqlite wrote nothing: its file was deleted or replaced after it was opened, so nothing that was " +
      "held in it is held any more. The same again uses the file that is there now",
    { retryable: true },
  );
}
