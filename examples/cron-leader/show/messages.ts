/**
 * What the demo's processes tell each other: one JSON object per line, down a worker's standard
 * input and up its standard output.
 */

/** Distance between two slots, in ms: every whole second is one. */
export const SECOND = 1_000;

/** What a worker is told once all are ready: which slots there are, in ms since the epoch. */
export interface Schedule {
  readonly first: number;
  readonly last: number;
}

/** What a worker tells. */
export type WorkerEvent =
  | { readonly type: "ready" }
  | { readonly type: "elected" | "leadership-lost" | "stood-down"; readonly term: number }
  | { readonly type: "ran"; readonly slot: number; readonly token: number; readonly term: number }
  | { readonly type: "skipped"; readonly slot: number; readonly holder: string }
  | { readonly type: "trouble"; readonly message: string };

/** What was done to a worker, or became of it. */
export type WorkerFate =
  | { readonly type: "started"; readonly pid: number; readonly replaces?: string }
  | { readonly type: "killed" | "paused" | "resumed" }
  | { readonly type: "ended"; readonly message: string };

/** Something on the demo's time line; `at` is in ms since the first slot, by the parent's clock. */
export type Happening =
  | ({ readonly at: number; readonly worker: string } & (WorkerEvent | WorkerFate))
  | { readonly at: number; readonly type: "note"; readonly text: string };

/** The lines of a stream. What follows the last line break is a line cut short, and is dropped. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
