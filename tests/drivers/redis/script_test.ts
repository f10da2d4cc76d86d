/**
 * What the script does on the server: each command of it, for Upstash bills them, and nothing that Redis could
 * refuse after something was written.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver, Op } from "../../../drivers/driver.ts";
import { namesOf } from "../../../drivers/redis/keys.ts";
import { redis } from "../../../drivers/redis/redis.ts";
import { lua54 } from "./lua54.ts";
import { acquire } from "./with_redis.ts";

const NOW = 1_700_000_000_000;

/** A server with a driver, whose clock stands still unless a test sets it. */
async function server() {
  const lua = await lua54();
  const { send, run } = lua;
  let now = NOW;
  const driver: Driver = redis(send, { now: () => now });
  return {
    driver,
    run,
    set: (ms: number) => void (now = ms),
    /** The commands that were run since this was last asked. */
    async done(): Promise<string[]> {
      const lines = await run("local all = table.concat(done, '\\n') done = {} return all");
      return lines === "" ? [] : lines.replaceAll("{baton}", "").split("\n");
    },
    [Symbol.dispose]: () => lua[Symbol.dispose](),
  };
}

/** The words of each command that are keys or values. */
function sizes(commands: readonly string[]): [name: string, words: number][] {
  return commands.map((each) => {
    const [name = "", ...words] = each.split(" ");
    return [name, words.length];
  });
}

const LOCK = { resource: "lock:x", seat: "" };
const SEAT = { resource: "group:g", seat: "m" };
const LISTS = Array.from({ length: 16 }, (_, n) => `/${96 + n}`).join(" ");
/** The list that the seat is in. */
const LIST = namesOf("group:g", "m", true).list!;
const guard = { when: "held", resource: "group:g" } as const;
const vacant = { when: "vacant", resource: "group:g" } as const;

/** Operations one after the other, with what each answers and the commands that it costs. */
const STEPS: readonly (readonly [op: Op, ok: boolean, seats: string[], commands: string[]])[] = [
  [{ op: "inspect", ...LOCK }, true, [], ["mget  /lock:x/"]],
  [{ op: "renew", ...LOCK, id: "a", ttl: 1 }, false, [], ["mget  /lock:x/"]],
  [{ op: "release", ...LOCK }, false, [], ["mget  /lock:x/"]],
  [
    acquire("a", { guard }),
    false,
    [],
    [`mget  /lock:x/ /group:g/ ${LISTS}`],
  ],
  [
    acquire("a", { guard: vacant }),
    true,
    [""],
    [`mget  /lock:x/ /group:g/ ${LISTS}`, `mset  ${NOW}`, `set /lock:x/ ${NOW} a 60000 v px 60000`],
  ],
  [acquire("a"), true, [""], ["mget  /lock:x/", "pttl /lock:x/"]],
  [acquire("b"), false, [""], ["mget  /lock:x/", "pttl /lock:x/"]],
  [{ op: "inspect", ...LOCK }, true, [""], ["mget  /lock:x/", "pttl /lock:x/"]],
  [
    { op: "renew", ...LOCK, id: "a", ttl: 7 },
    true,
    [],
    ["mget  /lock:x/", "pexpire /lock:x/ 7"],
  ],
  [
    { op: "renew", ...LOCK, id: "a", ttl: 8, value: "w" },
    true,
    [],
    ["mget  /lock:x/", `set /lock:x/ ${NOW} a 60000 w px 8`],
  ],
  [{ op: "renew", ...LOCK, id: "b", ttl: 8 }, false, [], ["mget  /lock:x/"]],
  [{ op: "release", ...LOCK, id: "b" }, false, [""], ["mget  /lock:x/", "pttl /lock:x/"]],
  [
    acquire("m", SEAT),
    true,
    ["m"],
    [
      `mget  /group:g/m ${LIST}`,
      `mset  ${NOW + 1} ${LIST} /group:g/m `,
      `set /group:g/m ${NOW + 1} m 60000 v px 60000`,
    ],
  ],
  // Whoever guards on a whole resource reads its lists, and asks nobody for a time left.
  [
    acquire("c", { resource: "lock:y", guard: vacant }),
    false,
    ["m"],
    [`mget  /lock:y/ /group:g/ ${LISTS}`, "mget /group:g/m"],
  ],
  [
    { op: "release", ...LOCK, guard: vacant },
    false,
    ["m"],
    [`mget  /lock:x/ /group:g/ ${LISTS}`, "mget /group:g/m"],
  ],
  [
    acquire("c", { resource: "lock:y", ttl: Infinity, guard: { when: "held", ...SEAT } }),
    true,
    [""],
    ["mget  /lock:y/ /group:g/m", `mset  ${NOW + 2} /lock:y/ ${NOW + 2} c 0 v`],
  ],
  // What has no end is not asked for its time left, and is renewed in no command.
  [{ op: "inspect", resource: "lock:y", seat: "" }, true, [""], ["mget  /lock:y/"]],
  [{ op: "renew", resource: "lock:y", seat: "", id: "c", ttl: Infinity }, true, [], [
    "mget  /lock:y/",
  ]],
  [
    acquire("d", { resource: "lock:z", guard: { when: "held", resource: "lock:no", seat: "" } }),
    false,
    [],
    ["mget  /lock:z/ /lock:no/"],
  ],
  [{ op: "list", prefix: "group:", limit: 10 }, true, ["m"], [
    "mget ",
    "scan 0 match /group:*/* count 10",
    "mget /group:g/m",
  ]],
  [
    { op: "release", ...SEAT, id: "m" },
    true,
    [],
    [`mget  /group:g/m ${LIST}`, `del /group:g/m ${LIST}`],
  ],
  [{ op: "release", ...LOCK, guard: vacant }, true, [], [
    `mget  /lock:x/ /group:g/ ${LISTS}`,
    "del /lock:x/",
  ]],
];

Deno.test("every operation costs the commands that it needs, and a refusal writes nothing", async () => {
  using there = await server();
  for (const [op, ok, seats, commands] of STEPS) {
    const [outcome] = await there.driver.apply([op]);
    assert.deepEqual(outcome?.ok, ok, JSON.stringify(op));
    assert.deepEqual(outcome.leases.map(({ seat }) => seat), seats, JSON.stringify(op));
    assert.deepEqual(await there.done(), commands, JSON.stringify(op));
  }
});

Deno.test("what a batch writes goes out once, what Redis may refuse first, and a thousand words at a time", async () => {
  using there = await server();
  const ops: Op[] = Array.from(
    { length: 1_501 },
    (_, n) => acquire(`${n}`, { resource: `lock:${n}`, ttl: n < 1_100 ? Infinity : 60_000 }),
  );
  assert((await there.driver.apply(ops)).every(({ ok }) => ok));
  const steady = [["mset", 1_000], ["mset", 1_000], ["mset", 202]];
  const grants = sizes((await there.done()).map((each) => each.replaceAll(/ \d+ \d+ 0 v/g, " v")));
  assert.deepEqual(grants.slice(0, 5), [["mget", 1_000], ["mget", 502], ...steady]);
  assert.deepEqual(grants.slice(5), Array.from({ length: 401 }, () => ["set", 7]));
  const beats: Op[] = Array.from(
    { length: 1_501 },
    (_, n) => ({ op: "renew", resource: `lock:${n}`, seat: "", id: `${n}`, ttl: 9 }) as const,
  );
  const ends = beats.slice(0, 1_200).map((op) => ({ ...op, op: "release" }) as Op);
  const batch = [...beats, ...ends, acquire("s", SEAT), acquire("l", { resource: "lock:last" })];
  assert((await there.driver.apply(batch)).every(({ ok }) => ok));
  const names = sizes(await there.done());
  assert.deepEqual(names.slice(0, 2), [["mget", 1_000], ["mget", 505]]);
  assert.deepEqual(names.slice(2, 5).map(([name]) => name), ["mset", "set", "set"]);
  const renewed = Array.from({ length: 301 }, () => ["pexpire", 2]);
  assert.deepEqual(names.slice(5), [...renewed, ["del", 1_000], ["del", 200]]);
});

Deno.test("whoever looks at all seats unlists those that are gone, and writes nothing where none is", async () => {
  using there = await server();
  const seats = ["m", "n", "o"].map((seat) => acquire(seat, { resource: "group:g", seat }));
  await there.driver.apply(seats);
  const look = async (): Promise<string[]> => {
    await there.done();
    const [outcome] = await there.driver.apply([{ op: "inspect", resource: "group:g" }]);
    const commands = (await there.done()).filter((each) => !each.startsWith("mget"));
    return [outcome?.leases.map(({ seat }) => seat).join("") ?? "", ...commands];
  };
  assert.deepEqual(await look(), ["mno"]);
  const lists = ["m", "n", "o"].map((seat) => namesOf("group:g", seat, true).list);
  assert.equal(new Set(lists).size, 3, "each is in a list of its own");
  await there.run("data['{baton}/group:g/m'], data['{baton}/group:g/o'] = nil, nil");
  await there.run(`data['{baton}${lists[2]}'] = '/group:g/o /group:h/x '`);
  await there.run("data['{baton}/group:h/x'] = '5 i 9 v'");
  const [seen, ...commands] = await look();
  assert.equal(seen, "n");
  // Of what is listed for others nothing is known.
  assert.deepEqual(commands.sort(), [`del ${lists[0]}`, `mset ${lists[2]} /group:h/x `]);
  assert.deepEqual(await look(), ["n"]);
});

Deno.test("a lease that ended between two commands is renewed no more: the whole request fails", async () => {
  using there = await server();
  await there.driver.apply([acquire("a")]);
  await there.run(
    "local call = redis.call function redis.call(name, ...) if name == 'pexpire' then " +
      "data[...] = nil end return call(name, ...) end",
  );
  const renewal: Op = { op: "renew", ...LOCK, id: "a", ttl: 9 };
  await assert.rejects(there.driver.apply([renewal]), { code: "unknown-outcome" });
});

Deno.test("a token is above every earlier one, and above what the sender's clock says at least", async () => {
  using there = await server();
  const next = async (now: number): Promise<number | undefined> => {
    there.set(now);
    const [outcome] = await there.driver.apply([acquire("t")]);
    await there.driver.apply([{ op: "release", ...LOCK }]);
    return outcome?.leases[0]?.token;
  };
  assert.deepEqual(
    [await next(0), await next(0), await next(7), await next(6), await next(NOW)],
    [1, 2, 7, 8, NOW],
  );
  await there.run("data['{baton}'] = 'nonsense'");
  assert.equal(await next(0), 1);
});

/** The seats of a list of that many bytes; each takes 20. */
function seatsOf(bytes: number): string[] {
  const name = "/group:g/".length;
  return Array.from({ length: bytes / 20 }, (_, n) => `${n}`.padStart(20 - name - 1, "0"));
}

Deno.test("one grant in 32 looks at the 128 oldest of a long list, drops the dead and moves the others", async () => {
  const cases = [[2_000, 64, false], [2_020, 63, false], [2_020, 65, false], [2_020, 96, true]];
  for (const [bytes, token, sweeps] of cases as [number, number, boolean][]) {
    using there = await server();
    const seats = seatsOf(bytes);
    const at = (seat: string): string => `/group:g/${seat}`;
    const list = seats.map((seat) => `${at(seat)} `).join("");
    assert.equal(list.length, bytes);
    // The first and the last live.
    const alive = [seats[0]!, seats.at(-1)!];
    await there.run(`data['{baton}${LIST}'] = '${list}'`);
    for (const seat of alive) await there.run(`data['{baton}${at(seat)}'] = '5 i 9 v'`);
    there.set(token);
    await there.driver.apply([acquire("m", SEAT)]);
    const looked = sizes(await there.done()).filter(([name]) => name === "mget");
    assert.deepEqual(looked.slice(1), sweeps ? [["mget", seats.length]] : [], `${bytes} ${token}`);
    const kept = await there.run(`return data['{baton}${LIST}']`);
    const expected = sweeps ? [...alive, "m"] : [...seats, "m"];
    assert.equal(kept, expected.map((seat) => `${at(seat)} `).join(""));
  }
  using there = await server();
  const seats = seatsOf(4_000);
  const names = seats.map((seat) => `/group:g/${seat} `);
  await there.run(`data['{baton}${LIST}'] = '${names.join("")}'`);
  for (const seat of seats) await there.run(`data['{baton}/group:g/${seat}'] = '5 i 9 v'`);
  there.set(32);
  await there.driver.apply([acquire("m", SEAT)]);
  assert.deepEqual(sizes(await there.done())[1], ["mget", 128]);
  const moved = [...names.slice(128), ...names.slice(0, 128), "/group:g/m "];
  assert.equal(await there.run(`return data['{baton}${LIST}']`), moved.join(""));
});

Deno.test("a seat is listed once, however often it comes back, and by its whole name", async () => {
  using there = await server();
  await there.driver.apply([acquire("m", { ...SEAT })]);
  await there.run("data['{baton}/group:g/m'] = nil");
  await there.run(`data['{baton}${LIST}'] = '/group:g/mm /group:g/m '`);
  await there.driver.apply([acquire("n", SEAT)]);
  assert.equal(await there.run(`return data['{baton}${LIST}']`), "/group:g/mm /group:g/m ");
  // A name is no pattern of Lua's.
  const odd = { resource: "group:g", seat: "a-b.c" };
  const { list = "" } = namesOf(odd.resource, odd.seat, true);
  await there.run(`data['{baton}${list}'] = '/group:g/a-b.c '`);
  await there.driver.apply([acquire("p", odd)]);
  assert.equal(await there.run(`return data['{baton}${list}']`), "/group:g/a-b.c ");
  await there.run("data['{baton}/group:g/m'] = nil");
  await there.run(`data['{baton}${LIST}'] = '/group:g/mm '`);
  await there.driver.apply([acquire("o", SEAT)]);
  assert.equal(await there.run(`return data['{baton}${LIST}']`), "/group:g/mm /group:g/m ");
});

Deno.test("a page sorts and reads little more than it has, and says where the next begins only if there is one", async () => {
  using there = await server();
  const seats = Array.from({ length: 9 }, (_, n) => `s${n}`);
  const resource = "group:g";
  await there.driver.apply(seats.map((seat) => acquire(seat, { resource, seat })));
  await there.driver.apply([acquire("whole", { resource })]);
  const page = async (limit: number, before?: string) => {
    await there.run("sorted, done = {}, {}");
    const [outcome] = await there.driver.apply([{ op: "inspect", resource, limit, before }]);
    const longest = await there.run(
      "local most = 0 for _, n in ipairs(sorted) do most = math.max(most, n) end return most",
    );
    const read = sizes(await there.done()).slice(1);
    return [outcome?.leases.map(({ seat }) => seat), outcome?.after, Number(longest), read];
  };
  const read = (n: number) => [["mget", n]];
  assert.deepEqual(await page(2), [["s7", "s8"], "s7", 5, read(2)]);
  assert.deepEqual(await page(2, "s7"), [["s5", "s6"], "s5", 5, read(2)]);
  // One that lived when the page before was made is not needed to go on from there.
  assert.deepEqual(await page(2, "s2"), [["s0", "s1"], "s0", 3, read(2)]);
  assert.deepEqual(await page(2, "s0"), [[""], undefined, 0, []]);
  assert.deepEqual(await page(9), [seats, "s0", 10, read(9)]);
  assert.deepEqual(await page(10), [["", ...seats], undefined, 0, read(9)]);
  assert.deepEqual(await page(4), [["s5", "s6", "s7", "s8"], "s5", 9, read(4)]);
});

/** The counts of the steps of a list of that limit, which finds so many leases at each step. */
async function steps(limit: number, finds: readonly number[]): Promise<(number | string)[]> {
  using there = await server();
  const pages = Array.from({ length: 40 }, (_, n) => {
    const keys = Array.from({ length: finds[n] ?? 0 }, (_, k) => `'{baton}/r/${n}-${k}'`);
    return `{'${n + 7}', {${keys.join()}}}`;
  });
  await there.run(`pages = {${pages.join()}}`);
  const [outcome] = await there.driver.apply([{ op: "list", prefix: "r", after: "3", limit }]);
  const scans = (await there.done()).filter((each) => each.startsWith("scan"));
  const [first] = scans;
  assert.equal(first, `scan 3 match /r*/* count ${limit}`);
  return [...scans.map((each) => Number(each.split(" ").at(-1))), `>${outcome?.after}`];
}

Deno.test("a list looks at about ten thousand keys in at most sixteen steps, which grow while nothing is found", async () => {
  assert.deepEqual(await steps(1_000, []), [1_000, 2_000, 4_000, 8_000, ">10"]);
  const eleven = Array.from({ length: 11 }, () => 1_000);
  assert.deepEqual(await steps(1_000, [1]), [...eleven, ">17"]);
  assert.deepEqual(await steps(5, [0, 1]), [5, ...Array.from({ length: 15 }, () => 10), ">22"]);
  assert.deepEqual(await steps(3, [1, 1, 1]), [3, 3, 3, ">9"]);
  assert.deepEqual(await steps(3, [5]), [3, ">7"]);
});
