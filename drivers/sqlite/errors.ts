/**
 * What an error of SQLite shows about what happened.
 *
 * @module
 */

import { codeOf, ConnectionError, UnknownOutcome } from "../../errors.ts";
import { plain, textOf } from "../kit/plain_words.ts";

/** Whether another process was writing (SQLITE_BUSY, SQLITE_LOCKED). Nothing was written then. */
export function isBusy(error: unknown): boolean {
  const { errcode = 0 } = Object(error) as { errcode?: number };
  // By Node's code, or by the text, because Deno gives nothing else.
  return [5, 6].includes(errcode & 0xff) || /database (table )?is locked/.test(textOf(error));
}

/**
 * The error for a failure before the commit, which was rolled back. It is definite; only "busy" may
 * pass.
 */
export function refused(error: unknown): Error {
  if (codeOf(error)) return error as Error;
  const busy = isBusy(error);
  return new ConnectionError(
    // What a user's own `open` runs can have the key of a file in it, and SQLite repeats what it is near.
    `sqlite could not use its file and wrote nothing: ${plain(error, "")}` +
      (busy ? "; another process is writing, so try again shortly" : ""),
    { retryable: busy },
  );
}

/** The error for a commit that failed. */
export function uncommitted(error: unknown): UnknownOutcome {
  return new UnknownOutcome(
    `sqlite could not finish its write, so the outcome is unknown (${plain(error, "")}); ` +
      "sending it again is safe",
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
