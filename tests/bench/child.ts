/** A server of the bench in a process of its own, spoken to in lines. */
import { fileURLToPath } from "node:url";

/** A child that answers each line with a line of JSON. */
export interface Child<Hello> extends AsyncDisposable {
  /** What it said once it was ready. */
  readonly hello: Hello;
  ask<T>(line: string): Promise<T>;
}

/** Starts it with settings of Deno's; it ends with the bench, however that ends. */
export async function startChild<Hello>(
  script: string,
  args: readonly string[] = [],
  settings: readonly string[] = [],
): Promise<Child<Hello>> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", ...settings, path, ...args],
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
  return {
    hello: await line<Hello>(),
    async ask(text) {
      await writer.write(new TextEncoder().encode(`${text}\n`));
      return await line();
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
