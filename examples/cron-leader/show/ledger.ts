/**
 * The work itself: each run of a slot appends one line to a file. The file knows nothing of Baton,
 * so at the end it is evidence, independent of what Baton reports.
 */

/** One run. */
export interface LedgerEntry {
  /** Which slot, in ms since the epoch. */
  readonly slot: number;
  /** Who ran it. */
  readonly worker: string;
  /** The fencing token of the slot's claim. */
  readonly token: number;
  /** The term in which its runner led. */
  readonly term: number;
  /** When, in ms since the epoch; all processes share one host's clock. */
  readonly at: number;
}

/** Opens the file for appending: with `O_APPEND` one short write is never mixed with another's. */
export function openLedger(path: string): (entry: LedgerEntry) => void {
  const file = Deno.openSync(path, { append: true, create: true });
  return (entry) => {
    file.writeSync(new TextEncoder().encode(`${JSON.stringify(entry)}\n`));
  };
}

/** Every run so far, in the order of the file; empty if there is no file yet. */
export function readLedger(path: string): LedgerEntry[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  // Text after the last line break is still being written.
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as LedgerEntry);
}
