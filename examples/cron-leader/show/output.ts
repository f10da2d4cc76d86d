/** Writes to standard output or standard error, until its reader is gone. */

export class Output {
  readonly #stream: { writeSync(bytes: Uint8Array): number };
  readonly #closed: () => void;
  #open = true;

  constructor(stream: { writeSync(bytes: Uint8Array): number }, closed: () => void) {
    this.#stream = stream;
    this.#closed = closed;
  }

  /** Writes all of it. Never throws: a reader that is gone must not prevent the clean-up. */
  readonly write = (text: string): void => {
    let bytes = new TextEncoder().encode(text);
    try {
      while (this.#open && bytes.length > 0) {
        bytes = bytes.subarray(this.#stream.writeSync(bytes));
      }
    } catch {
      this.#open = false;
      this.#closed();
    }
  };
}
