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
  // The core, the handlers and what is in the root.
  ...all(
    "the larger of it and a ttl, which is 1 at least",
    "coordination/cron/run.ts CronRun.occupy: 0 became 1",
  ),
  ...all(
    "the first instants of days are many ms apart",
    "coordination/cron/instants.ts parsed: 0 became 1",
  ),
  ...all(
    "all runs are sorted when they are read",
    "coordination/cron/remembered.ts rememberedRuns: push became unshift",
  ),
  ...all(
    "nothing is in the list yet, and both come in their order",
    "coordination/cron/run.ts CronRun.#end: push became unshift (2)",
  ),
  ...all(
    "it stands for an answer that is missing: it has no lease, which is asked for as well",
    "coordination/leases/session.ts REFUSED: false became true",
  ),
  ...all(
    "no event's name goes on after that",
    "coordination/leases/reports.ts warned: /^(campaign|acquire|tick)-failed$/ lost its $",
  ),
  ...all(
    "a patience of 1 ms is that of a ttl below 8 ms, which no backend that pushes can keep",
    "coordination/election/leader_loop.ts LeaderLoop.#campaign: 0 became 1 (3)",
  ),
  ...all(
    "the group is created and its old member released on seats of their own, in whichever order",
    "coordination/groups/memberships.ts Groups.#join: push became unshift",
  ),
  ...all(
    "a number of a change is another than that before it, whichever that was",
    "coordination/groups/memberships.ts Groups.#join: 0 became 1",
    "coordination/groups/memberships.ts Groups.rejoins: 0 became 1",
    "coordination/groups/memberships.ts Groups.update: 1 became 2",
    'coordination/groups/memberships.ts Groups.update: "+" became "-"',
  ),
  ...all(
    "parts without operations send no request",
    'coordination/leases/heart.ts Heart.beat: "<" became "<="',
    'coordination/leases/session.ts Session.stop: "<" became "<=" (2)',
  ),
  ...all(
    "a lease that is due when the pause ends only has that pause reckoned again",
    'coordination/leases/heart.ts Heart.poke: "<" became "<="',
  ),
  ...all(
    "an async function answers with what the promise has, which is never nothing",
    "coordination/locks/acquirable.ts Acquirable.release: await dropped: this.#leases[0]?.release(options)",
    "coordination/locks/acquirable.ts Acquirable.heartbeat: await dropped: this.#latest?.renew(options)",
  ),
  ...all(
    "it forgets what is over one lease later",
    'coordination/locks/acquirable.ts Acquirable.#keep: ">=" became ">"',
  ),
  ...all(
    "a key takes the slower way, which leads to the same place",
    "coordination/partition/hash_ring.ts HashRing.#key: 128 became 256",
    "coordination/partition/hash_ring.ts HashRing.#key: 128 became 0",
    "coordination/partition/hash_ring.ts HashRing.#place: condition always true (3)",
    'coordination/partition/hash_ring.ts HashRing.#place: ">" became ">="',
    "coordination/partition/hash_ring.ts HashRing.#place: 127 became 0",
    'coordination/partition/hash_ring.ts HashRing.#place: "===" became "!=="',
  ),
  ...all(
    "what is beyond the end of a key is written behind it, where nothing is read",
    'coordination/partition/hash_ring.ts HashRing.#place: "<" became "<="',
  ),
  ...all(
    "a state has all its words; only the compiler does not know",
    "coordination/partition/tooz_hashes.ts md5.mix: 0 became 1",
    "coordination/partition/tooz_hashes.ts md5.mix: 0 became 1 (2)",
    "coordination/partition/tooz_hashes.ts md5.mix: 0 became 1 (3)",
    "coordination/partition/tooz_hashes.ts md5.mix: 0 became 1 (4)",
    "coordination/partition/tooz_hashes.ts sha1.mix: 0 became 1",
    "coordination/partition/tooz_hashes.ts sha1.mix: 0 became 1 (2)",
    "coordination/partition/tooz_hashes.ts sha1.mix: 0 became 1 (3)",
    "coordination/partition/tooz_hashes.ts sha1.mix: 0 became 1 (4)",
    "coordination/partition/tooz_hashes.ts sha1.mix: 0 became 1 (5)",
    "coordination/partition/tooz_hashes.ts sha256.mix: 0 became 1 (2)",
    "coordination/partition/tooz_hashes.ts sha256.mix: 0 became 1 (3)",
    "coordination/partition/tooz_hashes.ts sha256.mix: 0 became 1 (4)",
    "coordination/partition/tooz_hashes.ts sha256.mix: 0 became 1 (5)",
    "coordination/partition/tooz_hashes.ts sha256.mix: 0 became 1 (6)",
    "coordination/partition/tooz_hashes.ts sha256.mix: 0 became 1 (7)",
    "coordination/partition/tooz_hashes.ts sha256.mix: 0 became 1 (8)",
    "coordination/partition/tooz_hashes.ts sha256.mix: 0 became 1 (9)",
  ),
  ...all(
    "more is made than is read",
    "coordination/partition/tooz_hashes.ts Running.#bytes: 64 became 128",
    "coordination/partition/tooz_hashes.ts SINES: 64 became 128",
    'coordination/partition/tooz_hashes.ts sha1.mix: "<" became "<="',
    "coordination/partition/tooz_hashes.ts sha1.mix: 80 became 160",
    "coordination/partition/tooz_hashes.ts sha256: 8 became 9",
    "coordination/partition/tooz_hashes.ts sha256: 8 became 16",
    'coordination/partition/tooz_hashes.ts sha256.mix: "<" became "<="',
    "coordination/partition/tooz_hashes.ts sha256.mix: 64 became 128",
  ),
  ...all(
    "a look has no ttl",
    "fencing/fence.ts checkFence: 1 became 2",
    "fencing/fence.ts checkFence: 1 became 0",
  ),
  ...all("a Retry-After is a second at least", "http/handlers/leader.ts notLeading: 0 became 1"),
  // Drivers without a server, and what all drivers share.
  ...all(
    "it is set before anything reads it; only the compiler does not know",
    "drivers/browser/table.ts BrowserTable.#now: 0 became 1",
    "drivers/browser/table.ts BrowserTable.#last: 0 became 1",
    "drivers/sqlite/table.ts SqlTable.#now: 0 became 1",
    "drivers/sqlite/table.ts SqlTable.#last: 0 became 1",
  ),
  ...all("no row's key is a resource alone", "drivers/browser/table.ts seatsOf: false became true"),
  ...all(
    "it counts the bytes of more texts than it has to",
    "drivers/document/document.ts fitting: condition always true",
    'drivers/document/document.ts fitting: ">" became ">="',
    "drivers/document/document.ts fitting: 3 became 4",
    "drivers/document/document.ts fitting: 3 became 6",
    'drivers/kit/check.ts checkText: ">" became ">="',
    "drivers/kit/check.ts checkText: 3 became 4",
    "drivers/kit/check.ts checkText: 3 became 6",
  ),
  ...all(
    "numbers that say who came first may begin anywhere",
    "drivers/document/document.ts document: 0 became 1",
    "drivers/kit/waiting.ts Waiters.#came: 0 became 1",
  ),
  ...all("a date is of whole seconds", "drivers/document/http.ts clockOf: 0 became 1"),
  ...all(
    "it begins with a status, which has three digits",
    "drivers/document/kubernetes.ts storeAt.write: /^(409 (Conflict|AlreadyExists)|404 NotFound)$/ lost its ^",
    "drivers/document/kubernetes.ts storeAt.write: /^409 (Conflict|AlreadyExists)$/ lost its ^",
    "drivers/document/s3.ts isWritten: /^(412 PreconditionFailed|404 NoSuchKey|409 (Con…/ lost its ^",
  ),
  ...all(
    "which of them shows the time first is left to chance anyway, and a 0 is drawn again",
    "drivers/document/r2.ts R2Store.#now: 1 became 0",
    "drivers/document/r2.ts R2Store.#now: 1 became 2",
    "drivers/document/r2.ts R2Store.#now: 1 became 2 (2)",
  ),
  ...all(
    "the same keys are made again for each request",
    "drivers/document/s3.ts storeAt.asked.sending: property dropped: cache: keys",
  ),
  ...all("no other scheme leads here", "drivers/document/s3_url.ts s3At: /^s3:/ lost its ^"),
  ...all("a call takes that many arguments, too", "drivers/kit/base64.ts PART: 8192 became 16384"),
  ...all(
    "no limit lies between the two; those of times are above both",
    "drivers/kit/check.ts checkWhole: 1000000000 became 2000000000",
  ),
  ...all(
    "ids are made by chance, and it is as many of them",
    "drivers/kit/sweeps.ts isSwept: 2654435761 became 5308871522",
    'drivers/kit/sweeps.ts isSwept: "<" became "<="',
    "drivers/sqlite/batch.ts litters: 0 became 1",
    "drivers/sqlite/batch.ts litters: 0 became 1 (3)",
  ),
  ...all(
    "who is let through to look is refused by what it finds, and waits all the same",
    "drivers/kit/waiting.ts isShut: 0 became 1",
  ),
  ...all(
    "a place more than is asked for stays empty",
    "drivers/sqlite/batch.ts acquire.read: 2 became 3",
    "drivers/sqlite/batch.ts acquire.read: 2 became 4",
    "drivers/sqlite/batch.ts release.read: 1 became 2",
  ),
  ...all(
    "a statement has room for many characters more than that",
    "drivers/sqlite/batch.ts runsOf: 0 became 1",
    "drivers/sqlite/batch.ts runsOf: 0 became 1 (4)",
    'drivers/sqlite/batch.ts runsOf: "<=" became "<"',
  ),
  ...all(
    "whether there are rows is asked, and not what is in them",
    "drivers/sqlite/statements.ts holds: 1 doubled",
    "drivers/sqlite/statements.ts holds: 1 became 0",
  ),
  ...all(
    "a copy keeps the token that is kept already",
    "drivers/sqlite/statements.ts keepToken: > swapped",
  ),
  ...all(
    "the next sweep looks at one row a second time, and finds the same",
    "drivers/sqlite/table.ts SqlTable.#sweep: 1 became 2",
  ),
  ...all(
    "what comes before it makes the URL one that no secret is sent to",
    "drivers/sqlite/turso.ts checkedUrl: /^(libsql|turso):/ lost its ^",
  ),
  // Drivers of servers.
  ...all(
    "no other scheme leads here",
    "drivers/consul/url.ts consulAt: /^consul(\\+https)?:\\/\\// lost its ^",
  ),
  ...all(
    "the first write in etcd has the revision 2",
    "drivers/etcd/leases.ts Leases.#seen: 0 became 1",
  ),
  ...all(
    "nothing is watched, and no token is made, where there are no leases",
    "drivers/etcd/leases.ts Leases.#transact: 0 became 1 (2)",
    "drivers/etcd/leases.ts Leases.#transact: 0 became 1 (3)",
  ),
  ...all("no byte is above 255", "drivers/mysql/hex.ts DIGITS: 256 became 512"),
  ...all(
    "what is behind the last byte is nowhere, and no digit is a colon",
    'drivers/mysql/hex.ts text: "<" became "<="',
    'drivers/mysql/hex.ts nibble: "<" became "<="',
  ),
  ...all("whatever is not 0 is on", "drivers/mysql/schema.ts refuseUncommitted: 1 became 2"),
  ...all(
    "only the very microsecond in which a lease ends would tell",
    "drivers/mysql/statements.ts Statements.deleteDead: < swapped",
    "drivers/postgres/functions.ts bury: <= swapped",
    "drivers/postgres/functions.ts bury: <= swapped (2)",
    "drivers/postgres/functions.ts bury: <= swapped (3)",
    "drivers/postgres/functions.ts look.read: > swapped",
    "drivers/postgres/functions.ts acquire: > swapped",
    "drivers/postgres/functions.ts acquire: <= swapped",
    "drivers/postgres/functions.ts release: <= swapped",
    "drivers/postgres/functions.ts release: > swapped",
    "drivers/postgres/functions.ts renew: > swapped",
    "drivers/postgres/functions.ts scan: > swapped",
    "drivers/postgres/functions.ts scan: <= swapped",
    "drivers/postgres/functions.ts scan: > swapped (2)",
    "drivers/postgres/functions.ts sweep: < swapped",
    "drivers/postgres/functions.ts sweep: < swapped (2)",
  ),
  ...all(
    "exists asks only whether there is a row",
    "drivers/mysql/statements.ts Statements.acquire.where: 1 doubled",
    "drivers/mysql/statements.ts Statements.acquire.where: 1 became 0",
  ),
  ...all(
    "there are fewer rows than either",
    "drivers/mysql/statements.ts ALL: 4294967295 became 8589934590",
  ),
  ...all(
    "the clock in ms, however it is rounded; no lease of the seat was before",
    "drivers/postgres/functions.ts acquire: floor swapped",
  ),
  ...all(
    "rows are read from a full result as well",
    "drivers/postgres/neon.ts queryOf: property dropped: fullResults: false",
    "drivers/postgres/neon.ts queryOf: false became true (2)",
  ),
  ...all(
    "what goes before another request of a batch is a thousand operations",
    "drivers/postgres/postgres.ts postgres.apply: 0 became 1",
  ),
  ...all(
    "no two of the keys are the same",
    'drivers/postgres/request.ts inOrder: "<" became "<="',
    'drivers/postgres/request.ts placesOf: "<" became "<=" (2)',
    'drivers/postgres/request.ts locksOf: "<" became "<="',
  ),
  ...all(
    "each of the three patterns has found a word at the beginning",
    "drivers/redis/errors.ts redisError: /^\\w+/ lost its ^",
  ),
  ...all(
    "the test only saves time: of a name that passes it nothing is escaped",
    "drivers/redis/keys.ts escape: condition always false",
  ),
  ...all("0 goes along as 0 either way", 'drivers/redis/redis.ts clock: ">" became ">="'),
  ...all(
    "who takes nothing apart throws the same error",
    "drivers/redis/reply.ts textIn: condition always false (2)",
    "drivers/redis/reply.ts textIn: dropped: throw new TypeError()",
  ),
  ...all(
    "other groups' lists have no seat of this resource",
    "drivers/redis/script.ts LUA: 15 doubled",
    "drivers/redis/script.ts LUA: 15 one more",
  ),
  ...all("no name is found twice", "drivers/redis/script.ts LUA: < swapped"),
  ...all(
    "a list that is looked through for nothing is found to be as it was, and is not written",
    "drivers/redis/script.ts LUA: < swapped (2)",
  ),
  ...all(
    "a name is in the set, whatever stands there",
    "drivers/redis/script.ts LUA: true swapped (2)",
    "drivers/redis/script.ts LUA: true swapped (3)",
    "drivers/redis/script.ts LUA: true swapped (5)",
  ),
  ...all("Lua takes the place 0 for the first", "drivers/redis/script.ts LUA: 1 became 0 (10)"),
  ...all(
    "of a thousand attempts it makes one less",
    "drivers/zookeeper/leases.ts Leases.#onceThere: 0 became 1",
  ),
  ...all(
    "the session is left at once, and nobody has to wait until it is closed",
    "drivers/zookeeper/call.ts Call.news: await dropped: this.#leave(false)",
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
]);
