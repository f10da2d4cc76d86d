/** The bench's own Redis and Upstash front end, in a child process. */
import { startChild } from "./child.ts";
import type { Counter, Counts } from "./counter.ts";

/** Where clients send to, and what they are counted by. */
export interface Backend extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  readonly count: Counter;
  /** Delays every answer by so many ms, as a network would, until told otherwise. */
  delay(ms: number): Promise<void>;
}

/** Starts it; it ends with the bench, however that ends. */
export async function startBackend(): Promise<Backend> {
  const child = await startChild<{ url: string; token: string }>("server.ts");
  let delay = 0;
  const count = () => child.ask<Counts>(`${delay}`);
  return {
    ...child.hello,
    count,
    async delay(ms) {
      delay = ms;
      await count();
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
