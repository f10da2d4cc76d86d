/**
 * Generated mutants that nobody could tell from the code as it is, each with the reason. Those of an
 * older code are reported by `deno task mutate`.
 *
 * @module
 */

/** Mutants that are equal for one reason. */
function all(why: string, ...titles: readonly string[]): [string, string][] {
  return titles.map((title) => [title, why]);
}

/** By title, why nothing is different. */
export const EQUIVALENT: ReadonlyMap<string, string> = new Map([
  ...all(
    "it counts the bytes of more texts than it has to",
    'drivers/kit/check.ts checkText: ">" became ">="',
    "drivers/kit/check.ts checkText: 3 became 4",
    "drivers/kit/check.ts checkText: 3 became 6",
    "drivers/document/document.ts fitting: condition always true",
    'drivers/document/document.ts fitting: ">" became ">="',
    "drivers/document/document.ts fitting: 3 became 4",
    "drivers/document/document.ts fitting: 3 became 6",
  ),
  [
    "coordination/cron/run.ts CronRun.occupy: 0 became 1",
    "the larger of it and a ttl, which is 1 at least",
  ],
  [
    "coordination/groups/memberships.ts Groups.#join: push became unshift",
    "the group is created and its old member released on seats of their own, in whichever order",
  ],
  [
    "coordination/partition/tooz_hashes.ts Running.add: 0 became 1 (2)",
    "there is a byte at every place below the length; only the compiler does not know",
  ],
  [
    "drivers/consul/url.ts consulAt: /^consul(\\+https)?:\\/\\// lost its ^",
    "no other scheme leads here",
  ],
  [
    "drivers/kit/check.ts checkWhole: 1000000000 became 2000000000",
    "no limit lies between the two; those of times are above both",
  ],
  [
    "drivers/redis/errors.ts redisError: /^\\w+/ lost its ^",
    "each of the three patterns has found a word at the beginning",
  ],
  [
    "drivers/sqlite/table.ts SqlTable.#sweep: 1 became 2",
    "the next sweep looks at one row a second time, and finds the same",
  ],
  [
    "drivers/kit/waiting.ts isShut: 0 became 1",
    "who is let through to look is refused by what it finds, and waits all the same",
  ],
  ...all(
    "the first write in etcd has the revision 2",
    "drivers/etcd/leases.ts Leases.#seen: 0 became 1",
  ),
  ...all(
    "nothing is watched, and no token is made, where there are no leases",
    "drivers/etcd/leases.ts Leases.#transact: 0 became 1 (2)",
    "drivers/etcd/leases.ts Leases.#transact: 0 became 1 (3)",
  ),
  ...all(
    "a frame begins larger, or grows earlier or by more",
    "drivers/zookeeper/wire.ts Frame.#view: 512 became 1024",
    "drivers/zookeeper/wire.ts Frame.#view: 512 became 0",
    "drivers/zookeeper/wire.ts Frame.int: 4 became 5",
    "drivers/zookeeper/wire.ts Frame.int: 4 became 8",
    "drivers/zookeeper/wire.ts Frame.bool: 1 became 2",
    'drivers/zookeeper/wire.ts Frame.#room: ">" became ">="',
    "drivers/zookeeper/wire.ts Frame.#room: 2 became 3",
    "drivers/zookeeper/wire.ts Frame.#room: 2 became 1",
    "drivers/zookeeper/wire.ts Frame.#room: 2 became 4",
  ),
  [
    "drivers/zookeeper/call.ts Call.news: await dropped: this.#leave(false)",
    "the session is left at once, and nobody has to wait until it is closed",
  ],
]);
