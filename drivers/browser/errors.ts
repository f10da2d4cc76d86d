/**
 * What an error of IndexedDB shows about what happened.
 *
 * @module
 */

import { codeOf, ConnectionError, NotSupported } from "../../errors.ts";
import { noAnswer } from "../kit/failure.ts";
import { plain } from "../kit/plain_words.ts";

const NAME = "browser";

/**
 * The error of a call.
 *
 * @param error Why it failed.
 * @param committing Whether everything had been handed over. Before that, nothing is written.
 */
export function failed(error: unknown, committing: boolean, signal?: AbortSignal): Error {
  if (signal?.aborted) return noAnswer(NAME, "the call was aborted");
  if (codeOf(error)) return error as Error;
  const kind = kindOf(error);
  if (DENIED.has(kind)) return missing(error);
  const full = kind === "QuotaExceededError";
  const said = `${kind}: ${plain(error, "")}`;
  if (committing && !full) return noAnswer(NAME, said);
  const [advice, passes] = ADVICE[kind] ?? ["send the same again", true];
  return new ConnectionError(
    `${NAME} could not use its database and wrote nothing (${said}); ${advice}`,
    { retryable: passes },
  );
}

/** The errors that need somebody to do something, and whether it may do to wait for that. */
const ADVICE: Readonly<Record<string, readonly [advice: string, passes: boolean]>> = {
  QuotaExceededError: [
    "this site has no room left, so delete data of the site, or make room on the disk",
    true,
  ],
  VersionError: ["a newer Baton has made it, so load the page again for the newer one", false],
  NotFoundError: ["somebody else has made it, so choose another name", false],
};

/** The error when there is no IndexedDB, or it must not be used. */
export function missing(error?: unknown): NotSupported {
  return new NotSupported(
    `Cannot keep leases here${
      error ? ` (${kindOf(error)})` : ""
    }: there is no IndexedDB. It is only in ` +
      "browsers; some lack it in private windows, in sandboxed frames, and where a site may not keep data",
  );
}

/** What browsers say where a page may not keep data. */
const DENIED: ReadonlySet<string> = new Set(["SecurityError", "NotAllowedError"]);

function kindOf(error: unknown): string {
  const { name } = Object(error) as { name?: unknown };
  return typeof name === "string" && /^\w{1,40}$/.test(name) ? name : "an error without a name";
}
