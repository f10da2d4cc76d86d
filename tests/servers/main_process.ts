/**
 * What programs have in common that run a server for another process: their port, and their end.
 */
import process from "node:process";

/** The port after `--port`; 0, any that is free, if there is none. */
export function portOf(args: readonly string[]): number {
  const at = args.indexOf("--port");
  const port = at === -1 ? 0 : Number(args[at + 1]);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error("--port needs a port");
  return port;
}

/**
 * Resolves on SIGINT, on SIGTERM, and when standard input closes, so that a parent that was killed leaves
 * nothing behind. Ask for it before the server is started: it may be over by then.
 */
export function ended(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
    process.stdin.once("end", () => resolve());
    process.stdin.once("error", () => resolve());
    process.stdin.resume();
  });
}
