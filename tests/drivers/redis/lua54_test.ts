/**
 * The scripts in Lua 5.4, as some of Redis's relatives run them: numbers of JSON are floats there and
 * print as `1.0`, and `unpack` is in `table`. The server around them is made up, in Lua.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type LuaEngine, LuaFactory } from "wasmoon";
import type { Driver, Op, Outcome } from "../../../drivers/driver.ts";
import { redis, type SendCommand } from "../../../drivers/redis/redis.ts";
import { SCRIPT } from "../../../drivers/redis/script.ts";
import { fencedRedis, StaleToken } from "../../../fencing/mod.ts";
import { acquire, over, withRedis } from "./with_redis.ts";

/** Keys never end by themselves here, and SCAN answers all at once. */
const SERVER = `
data, ttls = {}, {}
local commands = {}
function commands.get(key) return data[key] or false end
function commands.mget(...)
  local values = {}
  for i, key in ipairs({...}) do values[i] = data[key] or false end
  return values
end
function commands.set(key, value, _, ttl) data[key], ttls[key] = value, ttl and whole(ttl) end
function commands.mset(...)
  local words = {...}
  for i = 1, #words, 2 do data[words[i]], ttls[words[i]] = words[i + 1], nil end
end
function commands.del(...) for _, key in ipairs({...}) do data[key] = nil end end
function commands.pexpire(key, ttl) ttls[key] = whole(ttl) return data[key] and 1 or 0 end
function commands.pttl(key) return ttls[key] or -1 end
function commands.incr(key) data[key] = string.format('%d', (data[key] or 0) + 1) return tonumber(data[key]) end
function commands.scan(_, _, pattern, _, count)
  whole(count)
  local keys, prefix = {}, pattern:gsub('%*/%*$', '')
  for key in pairs(data) do
    if key:sub(1, #prefix) == prefix and select(2, key:gsub('/', '')) == 2 then keys[#keys + 1] = key end
  end
  return {'0', keys}
end
-- A server takes an argument for a number only if it looks like one.
function whole(text)
  assert(tostring(text):match('^%d+$'), 'ERR value is not an integer: ' .. tostring(text))
  return math.tointeger(tonumber(text))
end
redis = {}
function redis.call(name, ...) return commands[name:lower()](...) end
redis.pcall = redis.call
cjson = {decode = function(text) return load('return ' .. luaOf(text))() end}
function json(value)
  if type(value) ~= 'table' then
    if type(value) == 'string' then return quoted(value) end
    return tostring(math.type(value) == 'float' and math.tointeger(value) or value)
  end
  local parts = {}
  for i, part in ipairs(value) do parts[i] = json(part) end
  return '[' .. table.concat(parts, ',') .. ']'
end
`;

/** JSON as an expression of Lua; each number is a float, as cjson makes them. */
function luaOf(value: unknown): string {
  if (typeof value === "number") return `${value}.0`;
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `{${value.map(luaOf).join(",")}}`;
  const fields = Object.entries(value as object).map(([key, each]) => `${key}=${luaOf(each)}`);
  return `{${fields.join(",")}}`;
}

/** A server that runs whatever script it is sent. */
async function lua54(): Promise<{ send: SendCommand; engine: LuaEngine }> {
  const engine = await new LuaFactory().createEngine();
  engine.global.set("luaOf", (text: string) => luaOf(JSON.parse(text)));
  engine.global.set("quoted", (text: string) => JSON.stringify(text));
  await engine.doString(SERVER);
  assert.equal(await engine.doString("return _VERSION .. tostring(unpack)"), "Lua 5.4nil");
  const send: SendCommand = async ([name, script, count, ...rest]) => {
    if (name === "EVALSHA") throw new Error("NOSCRIPT No matching script");
    const lists = [rest.slice(0, Number(count)), rest.slice(Number(count))].map(luaOf);
    await engine.doString(`KEYS, ARGV = ${lists[0]}, ${lists[1]}`);
    return JSON.parse(await engine.doString(`return json((function()\n${script}\nend)())`));
  };
  return { send, engine };
}

/** A bit of everything; long enough for a list of the index to be swept. */
function sequence(): Op[][] {
  const at = { resource: "group:g", seat: "m" };
  const many = Array.from(
    { length: 3_000 },
    (_, n) => acquire(`s${n}`, { resource: "cron:job", seat: `${1_800_000_000_000 + n}` }),
  );
  return [
    [acquire("1"), acquire("2"), acquire("1")],
    [acquire("g", { resource: "groups", seat: "g", ttl: Infinity })],
    [acquire("m", { ...at, guard: { when: "held", resource: "groups", seat: "g" } })],
    [{ op: "renew", ...at, id: "m", ttl: 30_000 }, { op: "inspect", ...at }],
    [{ op: "renew", ...at, id: "m", ttl: 20_000, value: "new" }],
    [{ op: "renew", ...at, id: "other", ttl: 20_000 }],
    [{
      op: "release",
      resource: "groups",
      seat: "g",
      guard: { when: "vacant", resource: "group:g" },
    }],
    [{ op: "inspect", resource: "group:g" }, { op: "list", prefix: "group", limit: 1000 }],
    ...[0, 1_000, 2_000].map((from) => many.slice(from, from + 1_000)),
    [{ op: "inspect", resource: "cron:job" }],
    [{ op: "release", ...at, id: "m" }, { op: "inspect", resource: "group:g" }],
  ];
}

async function outcomesOf(driver: Driver): Promise<Outcome[][]> {
  const outcomes: Outcome[][] = [];
  for (const ops of sequence()) {
    const done = await driver.apply(ops);
    // A real server's clock goes on, and a list has no order.
    outcomes.push(done.map(({ ok, leases }) => ({
      ok,
      leases: leases.map((lease) => ({ ...lease, left: Math.ceil(lease.left / 10_000) }))
        .sort((one, two) => one.token - two.token),
    })));
  }
  return outcomes;
}

Deno.test("in Lua 5.4 the script answers what it answers in Redis", () =>
  withRedis(async (_, client) => {
    const now = () => 1_700_000_000_000;
    const { send, engine } = await lua54();
    const theirs = await outcomesOf(redis(send, { now }));
    assert.deepEqual(theirs, await outcomesOf(over(client, { now })));
    assert.equal(theirs.at(-2)?.[0]?.leases.length, 3_000);
    engine.global.close();
  }));

Deno.test("in Lua 5.4 a fence lets through what it lets through in Redis", async () => {
  const { send, engine } = await lua54();
  const fenced = fencedRedis(send);
  const { MAX_SAFE_INTEGER: max } = Number;
  for (const token of [9, 10, max - 1, max]) {
    const replies = await fenced({ key: "fence", token }, [["INCR", "n"], ["GET", "n"]]);
    assert.equal(replies[1], `${replies[0]}`);
  }
  await assert.rejects(fenced({ key: "fence", token: max - 1 }, [["INCR", "n"]]), StaleToken);
  assert.equal(await engine.doString("return data.fence"), `${max}`);
  engine.global.close();
});

/** As Dragonfly without the flag: a key that the request does not name is refused. */
const STRICT = `
local call = redis.call
function redis.call(name, ...)
  local words, step = {...}, name == 'mset' and 2 or 1
  local last = (name == 'mget' or name == 'mset' or name == 'del') and #words or name ~= 'scan' and 1 or 0
  for n = 1, last, step do
    local declared = false
    for _, key in ipairs(KEYS) do declared = declared or key == words[n] end
    if not declared then error('script tried accessing undeclared key') end
  end
  return call(name, ...)
end
redis.pcall = redis.call
`;

Deno.test("Dragonfly is asked on the first line for undeclared keys, which looks at many seats need", async () => {
  // Dragonfly reads the flags there alone, and to all others the line is a comment.
  assert.equal(SCRIPT.split("\n")[0], "--!df flags=allow-undeclared-keys");
  const { send, engine } = await lua54();
  await engine.doString(STRICT);
  const driver = redis(send);
  const at = { resource: "group:g", seat: "a", id: "1" };
  const inspect = { op: "inspect", resource: "group:g" } as const;
  for (
    const op of [
      acquire("1", at),
      acquire("2", at),
      { op: "renew", ...at, ttl: 1_000 } as const,
      { ...inspect, seat: "a" },
    ]
  ) await driver.apply([op]);
  for (const op of [inspect, { op: "list", prefix: "", limit: 10 } as const]) {
    // Where the line is not honoured, nothing is made up.
    await assert.rejects(driver.apply([op]), { code: "unknown-outcome" });
  }
  engine.global.close();
});
