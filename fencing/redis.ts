/**
 * Fences in Redis and Upstash: one script compares the token with the highest one seen, records it,
 * and runs your commands. Nothing else runs in between.
 *
 * What it does **not** promise:
 *
 * - Redis has no roll-back. If one of your commands fails by itself (a wrong type, a missing
 *   argument), the commands before it stay done, as in MULTI.
 * - Redis replicates asynchronously. A fail-over that forgets the last writes also forgets that it
 *   saw their token.
 * - A client that sends again by itself after a lost reply may run your commands twice. Turn that
 *   off (`autoResendUnfulfilledCommands: false` in ioredis, `retry: { retries: 0 }` in
 *   `@upstash/redis`), or use commands that may run twice. Deno's own `fetch` does so once, where a
 *   connection that it had used before breaks, and has no setting for it.
 *
 * Keep eviction off.
 *
 * A client or proxy may put a prefix before keys (`keyPrefix` in ioredis). The prefix then goes
 * before the fence's key, and before each command's first argument if that is the command's only
 * key. Other commands are refused then.
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

/** The key that keeps the highest token, and the writer's token. */
export interface RedisFence {
  /**
   * The key that keeps the highest token seen, and nothing else. It never expires. On a cluster it
   * must have the same hash tag as the keys that you write to: `fence:{account:42}`.
   */
  readonly key: string;
  /** The writer's `lease.token`; a leader's is its `term`, and a cron run's is its `token`. */
  readonly token: number;
}

/** A command and its arguments, the key first. */
export type RedisCommand = readonly (string | number)[];

/**
 * Runs commands in one step with the check, and returns their replies.
 *
 * @throws {InvalidArgument} before anything is sent, when the token or a command cannot be used.
 * @throws {StaleToken} when Redis has seen a greater token; none of the commands has run.
 * @throws {CoordinationError} with code `"misuse"` when a command failed by itself; the error says
 *   which one.
 * @throws {ConnectionError} when certainly nothing happened.
 * @throws {UnknownOutcome} when nobody knows whether they ran; look before you send them again.
 */
export type FencedRedis = (
  fence: RedisFence,
  commands: readonly RedisCommand[],
) => Promise<unknown[]>;

/**
 * Makes the function that runs fenced commands. `send` sends one command, as for the Redis driver.
 *
 * @example
 * ```ts
 * import { fencedRedis } from "@baton/baton/fencing";
 * import { Redis } from "ioredis";
 *
 * declare const lease: { token: number };
 * const client = new Redis("redis://localhost:6379", { maxRetriesPerRequest: 0 });
 * const fenced = fencedRedis((command) => client.call(...command));
 * await fenced({ key: "fence:{account:42}", token: lease.token }, [
 *   ["HINCRBY", "{account:42}", "balance", -10],
 *   ["SET", "{account:42}:charged", "yes"],
 * ]);
 * ```
 * @throws {InvalidArgument} when `send` is not a function.
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
      // Never the client's own error: some clients append the whole command to it.
      return isUnknown(failure) ? unknown(failure) : failure;
    });
    const [said, answer, why] = Array.isArray(reply) ? reply : [];
    // Some clients return numbers as texts.
    const kind = String(said);
    if (kind === "1" && Array.isArray(answer) && answer.length === commands.length) return answer;
    if (kind === "0") throw new StaleToken({ resource: key, token });
    const index = Number(answer);
    if (kind === "2" && wired[index]) throw failed(wired, index, why);
    if (kind === "3") {
      refuse("fence key", "it holds something that is not a token; nothing was written");
    }
    if (kind === "4") refuse("command", renamed(wired[index]));
    throw unknown(new Error("the reply is not from Baton's script"));
  };
}

function wire(command: RedisCommand, key: string): string[] {
  const words = Array.isArray(command) ? command.map(String) : [];
  if (!words[0] || words.some((word) => !word.isWellFormed())) {
    refuse("command", "it must be a list of words, the command's name first");
  }
  // Lua takes some thousand arguments at most, and would stop in the middle.
  if (words.length > 1_000) refuse("command", "it has more than 1,000 words; split it");
  if (words[1] === key) refuse("command", "it touches the fence's own key");
  return words;
}

function failed(commands: readonly string[][], index: number, why: unknown): CoordinationError {
  const before = index === 0 ? "so nothing was written" : `and the ${index} before it stay done`;
  return new CoordinationError(
    `Redis did not take command ${index + 1} of ${commands.length}, ${commands[index]?.[0]}, ` +
      `${before}: ${plain(why, commands.flat().join(" "))}`,
    "misuse",
  );
}

/** Why a command was refused; nothing was written then. */
function renamed([command = ""]: readonly string[] = []): string {
  return "nothing was written, because your client or proxy puts a prefix before declared keys, and the " +
    `server does not say that the first argument of ${command} is its only key; send it through a ` +
    "client without a prefix";
}

/** Unlike a lease's operations these have no id, so it is not safe to send them again. */
function unknown(cause: unknown): UnknownOutcome {
  return new UnknownOutcome(
    "Redis gave no valid answer, so the commands may or may not have run; look before you send them again",
    { retryable: false, cause },
  );
}
