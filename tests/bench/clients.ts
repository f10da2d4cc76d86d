/** The vendor's client: as Baton's driver sets it up, and as it comes. */
import { Redis } from "@upstash/redis/cloudflare";
import type { Backend } from "./backend.ts";

/** As in `drivers/upstash.ts`, less the signal, which would only slow the baseline down. */
export function bareClient(
  { url, token }: Pick<Backend, "url" | "token">,
  signal?: () => AbortSignal,
): Redis {
  return new Redis({
    url,
    token,
    ...(signal && { signal }),
    retry: { retries: 0 },
    automaticDeserialization: false,
    responseEncoding: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: false,
    keepAlive: false,
  });
}

/** With the options it has by itself. */
export function defaultClient({ url, token }: Pick<Backend, "url" | "token">): Redis {
  return new Redis({ url, token });
}

/** The least that can be asked of a script: whatever is dearer than this is ours. */
export async function bareEval(client: Redis): Promise<void> {
  await client.eval("return 1", [], []);
}

const TAKE = "return redis.call('set', KEYS[1], ARGV[1], 'nx', 'px', ARGV[2])";
const GIVE_BACK = `if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('del', KEYS[1])`;

/** The two calls that any lock needs at the very least: no token, no deadline, no second try. */
export async function bareLock(client: Redis, name: string): Promise<void> {
  const id = crypto.randomUUID();
  const taken = await client.eval(TAKE, [name], [id, "30000"]);
  if (taken !== "OK" || await client.eval(GIVE_BACK, [name], [id]) !== 1) {
    throw new Error("the bare lock was not ours");
  }
}
