/** The bench's own Redis and Upstash front end, in a child process. */
import { fileURLToPath } from "node:url";
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
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", fileURLToPath(new URL("server.ts", import.meta.url))],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());
  const reader = lines.getReader();
  const writer = child.stdin.getWriter();
  const line = async <T>(): Promise<T> => {
    const { value, done } = await reader.read();
    if (done) throw new Error("the bench's server ended before its time");
    return JSON.parse(value) as T;
  };
  const { url, token } = await line<{ url: string; token: string }>();
  let delay = 0;
  const count = async (): Promise<Counts> => {
    await writer.write(new TextEncoder().encode(`${delay}\n`));
    return await line<Counts>();
  };
  return {
    url,
    token,
    count,
    async delay(ms) {
      delay = ms;
      await count();
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await reader.cancel();
      await child.status;
    },
  };
}

function splitLines(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(chunk, controller) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) controller.enqueue(part);
    },
  });
}
