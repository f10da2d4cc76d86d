/**
 * Fences in Redis and Upstash: one script compares the token with the highest seen, records it, and
 * runs your commands; nothing comes in between.
 *
 * What it does **not** promise. Redis has no roll-back: if one of your commands fails by itself (a
 * wrong type, a missing argument), those before it stay, as in MULTI. Redis replicates
 * asynchronously: a fail-over that forgets the last writes forgets with them that their token was
 * seen. And the commands are yours, so a client that sends again by itself after a lost reply may run
 * them twice: turn that off (`autoResendUnfulfilledCommands: false` in ioredis, `retry: { retries: 0
 * }` in `@upstash/redis`), or use commands that may run twice. Keep eviction off.
 *
 * A client or proxy that puts a prefix before keys (`keyPrefix` of ioredis) puts it before the fence's key
 * and before each command's first argument, if that is its only key. Other commands are refused there.
 *
 * @module
 */

import { CoordinationError, isUnknown, UnknownOutcome } from "../errors.ts";
import { refuse } from "../drivers/kit/check.ts";
import { plain } from "../drivers/kit/plain_words.ts";
import { redisError } from "../drivers/redis/errors.ts";
import { scriptRunner, type SendCommand } from "../drivers/redis/send.ts";
import { checkFence } from "./fence.ts";
import { FENCE_SCRIPT, FENCE_SCRIPT_SHA1 } from "./redis_script.ts";
import { StaleToken } from "./stale.ts";

/** Where the highest token is kept, and the writer's. */
export interface RedisFence {
  /**
   * The key that keeps the highest token seen, and nothing else. It never expires. On a cluster it must
   * have the hash tag of the keys that are written to: `fence:{account:42}`.
   */
  readonly key: string;
  /** The writer's `lease.token`, `term` or, in a cron's work, `token`. */
  readonly token: number;
}

/** A command and its arguments, the key first. */
export type RedisCommand = readonly (string | number)[];

/**
 * Runs commands in one step with the check, and answers their replies.
 *
 * @throws {InvalidArgument} before anything is sent.
 * @throws {StaleToken} when a greater token has been seen; none of the commands has run.
 * @throws {CoordinationError} with code `"misuse"` when a command failed by itself; says which.
 * @throws {ConnectionError} when certainly nothing happened.
 * @throws {UnknownOutcome} when they may have run or not; look before you send them again.
 */
export type FencedRedis = (
  fence: RedisFence,
  commands: readonly RedisCommand[],
) => Promise<unknown[]>;

/**
 * Makes the function over one that sends a command, as for the Redis driver.
 *
 * @example
 * ```ts
 * import { fencedRedis } from "@baton/baton/fencing";
 *
 * declare const lease: { token: number };
 * declare const client: { call(...command: string[]): Promise<unknown> }; // ioredis
 *
 * const fenced = fencedRedis((command) => client.call(...command));
 * await fenced({ key: "fence:{account:42}", token: lease.token }, [
 *   ["HINCRBY", "{account:42}", "balance", -10],
 *   ["SET", "{account:42}:charged", "yes"],
 * ]);
 * ```
 */
export function fencedRedis(send: SendCommand): FencedRedis {
  const run = scriptRunner(send, { text: FENCE_SCRIPT, sha1: FENCE_SCRIPT_SHA1 });
  return async ({ key, token }, commands) => {
    checkFence({ resource: key, token });
    const wired = commands.map((command) => wire(command, key));
    const keys = [key, ...wired.map(([, first]) => first ?? key)];
    const words = wired.flatMap((command) => [`${command.length}`, ...command]);
    const tail = [`${keys.length}`, ...keys, `${token}`, ...words];
    const reply = await run(tail, (error) => {
      const failure = redisError("redis", error, tail.join(" "));
      // Never the client's own error: some append the whole command to it.
      return isUnknown(failure) ? unknown(failure) : failure;
    });
    const [kind, answer, why] = Array.isArray(reply) ? reply : [];
    if (kind === 1 && Array.isArray(answer) && answer.length === commands.length) return answer;
    if (kind === 0) throw new StaleToken({ resource: key, token });
    const index = Number(answer);
    if (kind === 2 && wired[index]) throw failed(wired, index, why);
    if (kind === 3) refuse("fence key", "something else is kept there than a token");
    if (kind === 4) refuse("command", renamed(wired[index]));
    throw unknown(new Error("the reply is not from Baton's script"));
  };
}

function wire(command: RedisCommand, key: string): string[] {
  const words = Array.isArray(command) ? command.map(String) : [];
  if (!words[0] || words.some((word) => !word.isWellFormed())) {
    refuse("command", "it must be a list of words, the command's name first");
  }
  // The script's language takes some thousand arguments at most, and would stop in the middle.
  if (words.length > 1_000) refuse("command", "it has more than 1,000 words; make several of it");
  if (words[1] === key) refuse("command", "it touches the fence's own key");
  return words;
}

function failed(commands: readonly string[][], index: number, why: unknown): CoordinationError {
  const before = index === 0 ? "so nothing was written" : `and the ${index} before it stay written`;
  return new CoordinationError(
    `Redis did not take command ${index + 1} of ${commands.length}, ${commands[index]?.[0]}, ` +
      `${before}: ${plain(why, commands.flat().join(" "))}`,
    "misuse",
  );
}

/** Nothing was written. */
function renamed([command = ""]: readonly string[] = []): string {
  return "your client or proxy puts a prefix before declared keys, and the server does not say that " +
    `the first argument of ${command} is its only key; send it through a client without prefix`;
}

/** Unlike a lease's operations these have no id, so to send them again is not safe. */
function unknown(cause: unknown): UnknownOutcome {
  return new UnknownOutcome(
    "Redis gave no valid answer, so the commands may have run or not; look before you send them again",
    { retryable: false, cause },
  );
}
