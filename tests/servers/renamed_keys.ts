/** What a proxy that puts a prefix before every key does to a command: a tenant's, or Envoy's prefix routes. */
import { Buffer } from "node:buffer";
import type { RedisArgument, RedisCommand } from "./at_most_once.ts";

/** Commands that say how many keys follow their first argument. */
const COUNTED = new Set(["EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO"]);
/** Commands of one key. */
const SINGLE = new Set(["GET", "SET", "DEL", "INCR", "PTTL", "TTL", "TYPE", "EXPIRE", "PEXPIRE"]);
/** Commands without a key. */
const KEYLESS = new Set(["PING", "ECHO", "SCRIPT", "TIME", "INFO", "CONFIG", "DBSIZE"]);

/**
 * The command with its keys renamed.
 *
 * @throws {Error} when it is none whose keys are known here.
 */
export function renamed(prefix: string, command: RedisCommand): RedisCommand {
  const [name, ...args] = command;
  const upper = name.toUpperCase();
  if (KEYLESS.has(upper)) return command;
  if (!COUNTED.has(upper) && !SINGLE.has(upper)) {
    throw new Error(`the keys of ${upper} are not known`);
  }
  const [first, last] = COUNTED.has(upper) ? [2, 2 + Number(args[1])] : [0, 1];
  const rename = (arg: RedisArgument, n: number): RedisArgument =>
    n < first || n >= last
      ? arg
      : typeof arg === "string"
      ? `${prefix}${arg}`
      : Buffer.concat([Buffer.from(prefix), arg]);
  return [name, ...args.map(rename)];
}
