/** Commands without Baton: by plain `fetch`, as its driver sends them, and by the vendor's client. */
import { Redis } from "@upstash/redis/cloudflare";
import type { Backend } from "./backend.ts";

type Address = Pick<Backend, "url" | "token">;

/** Sends one command, and answers its result. */
export type Send = (
  command: readonly [name: string, ...args: string[]],
  signal?: AbortSignal,
) => Promise<unknown>;

/** The least that a request over Upstash's protocol takes: whatever is dearer than this is ours. */
export function bareSender({ url, token }: Address): Send {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return async (command, signal) => {
    const body = JSON.stringify(command);
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      ...(signal && { signal }),
    });
    const { result, error } = await response.json();
    if (error) throw new Error(error);
    return result;
  };
}

/** The vendor's client, with everything off that a lock does not need. */
export function vendorsClient({ url, token }: Address): Redis {
  return new Redis({
    url,
    token,
    retry: { retries: 0 },
    automaticDeserialization: false,
    responseEncoding: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: false,
    keepAlive: false,
  });
}

/** What a client of the vendor's sends a command by. */
export function senderOf(client: Redis): Send {
  return (command) => client.exec([...command]);
}

/** With the options it has by itself. */
export function defaultClient({ url, token }: Address): Redis {
  return new Redis({ url, token });
}

/** The least that can be asked of a script. */
export async function bareEval(send: Send): Promise<void> {
  await send(["EVAL", "return 1", "0"]);
}

const TAKE = "return redis.call('set', KEYS[1], ARGV[1], 'nx', 'px', ARGV[2])";
const GIVE_BACK = `if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])`;

/** The two calls that any lock needs at the very least: no token, no deadline, no second try. */
export async function bareLock(send: Send, name: string): Promise<void> {
  const id = crypto.randomUUID();
  const taken = await send(["EVAL", TAKE, "1", name, id, "30000"]);
  if (taken !== "OK" || await send(["EVAL", GIVE_BACK, "1", name, id]) !== 1) {
    throw new Error("the bare lock was not ours");
  }
}
