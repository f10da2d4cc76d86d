/**
 * What the demo's processes send each other: one JSON object per line, to a worker's standard input
 * and from its standard output.
 */

/** Distance between two slots, in ms: every whole second is one. */
export const SECOND = 1_000;

/** What a worker receives once all are ready: the first and the last slot, in ms since the epoch. */
export interface Schedule {
  readonly first: number;
  readonly last: number;
}

/** What a worker reports. */
export type WorkerEvent =
  | { readonly type: "ready" }
  | { readonly type: "elected" | "leadership-lost" | "stood-down"; readonly term: number }
  | { readonly type: "ran"; readonly slot: number; readonly token: number; readonly term: number }
  | { readonly type: "skipped"; readonly slot: number; readonly holder: string }
  | { readonly type: "trouble"; readonly message: string };

/** What the demo did to a worker, or what happened to it. */
export type WorkerFate =
  | { readonly type: "started"; readonly pid: number; readonly replaces?: string }
  | { readonly type: "killed" | "paused" | "resumed" }
  | { readonly type: "ended"; readonly message: string };

/** Something on the demo's time line; `at` is in ms since the first slot, by the parent's clock. */
export type Happening =
  | ({ readonly at: number; readonly worker: string } & (WorkerEvent | WorkerFate))
  | { readonly at: number; readonly type: "note"; readonly text: string };

/** The lines of a stream. Text after the last line break is an incomplete line, and is dropped. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
