/** What a backend was asked for: HTTP requests, and commands as Upstash bills them. */
import type { UpstashServer } from "../servers/upstash.ts";

/** What happened since the last look. */
export interface Counts {
  readonly requests: number;
  /** Calls by command: the script and each command inside it. */
  readonly commands: Readonly<Record<string, number>>;
}

/** Answers what was counted since it was last called. */
export type Counter = () => Promise<Counts>;

/** A counter at the front end, where nothing can hide from it. */
export function counterOf(server: UpstashServer): Counter {
  let seen = 0;
  return async () => {
    const commands = await server.commandStats();
    await server.resetCommandStats();
    const requests = server.requests - seen;
    seen = server.requests;
    return { requests, commands };
  };
}

/** How many commands that is on the bill. */
export function billed({ commands }: Counts): number {
  return Object.values(commands).reduce((sum, calls) => sum + calls, 0);
}
