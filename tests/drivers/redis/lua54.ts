/**
 * A Redis made up in Lua 5.4, within the process: it runs the very scripts that a server runs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { LuaFactory } from "wasmoon";
import type { SendCommand } from "../../../drivers/redis/redis.ts";

/**
 * Keys never end by themselves here, and SCAN answers all at once, or the `pages` that a test has left. Every
 * command is noted, and the length of whatever is sorted.
 */
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
function commands.scan(cursor, _, pattern, _, count)
  whole(count)
  if pages then return table.remove(pages, 1) end
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
redis, done, sorted = {}, {}, {}
function redis.call(name, ...)
  done[#done + 1] = name .. ' ' .. table.concat({...}, ' ')
  return commands[name:lower()](...)
end
local sort = table.sort
function table.sort(list, ...)
  sorted[#sorted + 1] = #list
  sort(list, ...)
end
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
export interface Lua54 {
  /** Sends it a command. */
  readonly send: SendCommand;
  /** What a function of this body returns on the server, as a text. */
  run(lua: string): Promise<string>;
  [Symbol.dispose](): void;
}

/** Starts one. */
export async function lua54(): Promise<Lua54> {
  const engine = await new LuaFactory().createEngine();
  engine.global.set("luaOf", (text: string) => luaOf(JSON.parse(text)));
  engine.global.set("quoted", (text: string) => JSON.stringify(text));
  await engine.doString(SERVER);
  // What a chunk itself returns stays on the engine's stack, which breaks after some forty.
  const run = async (lua: string): Promise<string> => {
    await engine.doString(`answer = (function()\n${lua}\nend)()`);
    return `${engine.global.get("answer")}`;
  };
  assert.equal(await run("return _VERSION .. tostring(unpack)"), "Lua 5.4nil");
  const send: SendCommand = async ([name, script, count, ...rest]) => {
    if (name === "EVALSHA") throw new Error("NOSCRIPT No matching script");
    const lists = [rest.slice(0, Number(count)), rest.slice(Number(count))].map(luaOf);
    await run(`KEYS, ARGV = ${lists[0]}, ${lists[1]}`);
    return JSON.parse(await run(`return json((function()\n${script}\nend)())`));
  };
  return { send, run, [Symbol.dispose]: () => engine.global.close() };
}
