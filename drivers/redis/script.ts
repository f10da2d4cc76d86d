/**
 * The script behind the Redis driver: one run of it is one `apply`.
 *
 * Three shapes of key, all in the hash slot of the namespace:
 *
 * - `{ns}` the last fencing token given: one counter for all, so a lock's name leaves nothing behind;
 * - `{ns}/resource/seat` a live lease, `token id ttl value`; Redis's own key TTL ends it, so no
 *   clock is read here (Upstash does not document TIME inside a script);
 * - `{ns}/0` to `{ns}/511` the index: each lists leases that may live as `resource/seat `. The seat
 *   `""` is not listed. `./keys.ts` says which list a seat is in. There is a fixed number of them,
 *   because a list has no end of life: were there one for each resource, each whose holders crashed
 *   would be left.
 *
 * Names of keys are made from `KEYS[1]`, never from an argument, because some clients and proxies put a
 * prefix before each declared key.
 *
 * Upstash bills every inner command. So all declared keys are read by one MGET, `text` then follows
 * what the operations do, and `flush` writes the result. Redis runs a script alone: nothing changes in
 * between. Numbers in the request are texts, because servers with Lua 5.4 would print them as `1.0`.
 *
 * @module
 */

/** What the script answers when a key that it needs was not declared under its name; it wrote nothing. */
export const RENAMED = "RENAMED";

/**
 * Keys: the namespace, then those that `./keys.ts` names. Arguments: the sender's clock in ms, the
 * operations as JSON, and a nonce that is ignored. Answers for each operation 1, 0, or the cursor of a
 * list, then leases as pairs; or the one text {@link RENAMED}.
 */
const LUA: readonly string[] = [
  // Dragonfly needs this line for the keys that only the index or SCAN names; it must be the first.
  "--!df flags=allow-undeclared-keys",
  "local ns, clock, ops = KEYS[1], tonumber(ARGV[1]), cjson.decode(ARGV[2])",
  "local text, ends, beats, changed, beating, push = {}, {}, {}, {}, {}, table.insert",
  "local unpack = unpack or table.unpack",

  // In parts, for unpack has a stack limit.
  `local function batch(command, words, got)
for first = 1, #words, 1000 do
local reply = redis.call(command, unpack(words, first, math.min(first + 999, #words)))
if got then got(first - 1, reply) end
end
end`,

  `local function read(keys)
batch('mget', keys, function(before, values)
for i = 1, #values do text[keys[before + i]] = values[i] end
end)
end`,

  // Of a lease or a list; false deletes it. Without a ttl it has no end.
  `local function put(key, value, ttl)
if ends[key] == nil then push(changed, key) end
text[key], ends[key], beats[key] = value, ttl or false, nil
end`,

  // Counter and index go first, so that no lease lacks them. What may be refused for lack of memory
  // goes before what may not, so that such a refusal proves that nothing was written.
  `local function flush()
local steady, gone = {}, {}
for _, key in ipairs(changed) do
if not text[key] then push(gone, key)
elseif not ends[key] then
push(steady, key)
push(steady, text[key])
end
end
batch('mset', steady)
for _, key in ipairs(changed) do
if text[key] and ends[key] then redis.call('set', key, text[key], 'px', ends[key]) end
end
for _, key in ipairs(beating) do
if beats[key] and redis.call('pexpire', key, beats[key]) == 0 then error('it ended meanwhile') end
end
batch('del', gone)
ends, beats, changed, beating = {}, {}, {}, {}
end`,

  "local function list(number) return ns .. '/' .. string.format('%.0f', number) end",

  "local function parse(row) return row:match('^(%d+) (%S+) (%d+) (.*)$') end",

  // Where the time left is not asked for, -3 says that the ttl in the row is its upper bound.
  `local function add(answer, seat, row, at)
push(answer, seat .. ' ' .. row)
local asked = at and ends[at] == nil and not beats[at] and not row:find('^%d+ %S+ 0 ')
push(answer, asked and redis.call('pttl', at) or -3)
end`,

  `local function look_at(entries)
local unread = {}
for _, entry in ipairs(entries) do
if text[ns .. '/' .. entry] == nil then push(unread, ns .. '/' .. entry) end
end
read(unread)
end`,

  // Adds every live lease of a resource, and unlists the dead.
  `local function add_all(answer, place)
local entries, lists = {}, {}
if text[place.at] then add(answer, '', text[place.at]) end
local pattern = ' (' .. place.resource:gsub('%W', '%%%0') .. '/%S+)'
for shard = 0, 15 do
local at = list(place.list + shard)
if text[at] then push(lists, at) end
for entry in (' ' .. (text[at] or '')):gmatch(pattern) do push(entries, entry) end
end
look_at(entries)
local dead = false
for _, entry in ipairs(entries) do
local row = text[ns .. '/' .. entry]
if row then add(answer, entry:sub(#place.resource + 2), row) else dead = true end
end
for _, at in ipairs(dead and lists or {}) do
local left = text[at]:gsub('(%S+) ', function(entry)
if text[ns .. '/' .. entry] == false then return '' end
end)
if left ~= text[at] then put(at, left ~= '' and left) end
end
end`,

  // The oldest leases of a list: the dead leave it, the others go to its end.
  `local function sweep(listed)
local entries, after = {}
for entry, to in listed:gmatch('(%S+) ()') do
push(entries, entry)
after = to
if #entries == 128 then break end
end
look_at(entries)
local live = {listed:sub(after)}
for _, entry in ipairs(entries) do
if text[ns .. '/' .. entry] then push(live, entry .. ' ') end
end
return table.concat(live)
end`,

  // Where an entry is in a list: from the place before it to the one behind it.
  `local function find(listed, entry)
return (' ' .. listed):find(' ' .. entry .. ' ', 1, true)
end`,

  `local function look(answer, place)
if not place.seat then return add_all(answer, place) end
local row = text[place.at]
if row then add(answer, place.seat, row, place.at) end
end`,

  // Adds who makes the guard fail; true when it fails.
  `local function refused(answer, guard)
if not guard then return false end
local held, found = guard.when == 'held', {}
if held and guard.seat then return not text[guard.at] end
look(found, guard)
if held then return #found == 0 end
for _, part in ipairs(found) do push(answer, part) end
return #found > 0
end`,

  "local verbs = {}",

  // The token is above every one given, and not below the sender's clock: so it grows even if a
  // fail-over lost the counter. Nobody may ever look at old cron slots, so in a long list one grant
  // in 32 looks at the 128 oldest.
  `function verbs.acquire(op, row, answer)
if row then
local _, id = parse(row)
look(answer, op)
return id == op.id
end
if refused(answer, op.guard) then return false end
local token = string.format('%.0f', math.max((tonumber(text[ns] or 0) or 0) + 1, clock))
put(ns, token)
if op.seat ~= '' then
local at, entry = list(op.list), op.resource .. '/' .. op.seat
local listed = text[at] or ''
if #listed > 2000 and token % 32 == 0 then listed = sweep(listed) end
if not find(listed, entry) then put(at, listed .. entry .. ' ') end
end
local new = token .. ' ' .. op.id .. ' ' .. (op.ttl or '0') .. ' ' .. op.value
put(op.at, new, op.ttl)
add(answer, op.seat, new)
return true
end`,

  `function verbs.renew(op, row)
if not row then return false end
local token, id, ttl, value = parse(row)
if id ~= op.id then return false end
if op.value and op.value ~= value then row = token .. ' ' .. id .. ' ' .. ttl .. ' ' .. op.value end
if row ~= text[op.at] or ends[op.at] ~= nil then put(op.at, row, op.ttl)
elseif op.ttl then
if not beats[op.at] then push(beating, op.at) end
beats[op.at] = op.ttl
end
return true
end`,

  `function verbs.release(op, row, answer)
if not row then return false end
local _, id = parse(row)
if op.id and id ~= op.id then
look(answer, op)
return false
end
if refused(answer, op.guard) then return false end
put(op.at, false)
if op.seat ~= '' then
local at = list(op.list)
local from, to = find(text[at] or '', op.resource .. '/' .. op.seat)
if from then
local left = text[at]:sub(1, from - 1) .. text[at]:sub(to)
put(at, left ~= '' and left)
end
end
return true
end`,

  `function verbs.inspect(op, _, answer)
look(answer, op)
return true
end`,

  // SCAN sees what is written only. It looks at some ten thousand keys at most, whoever's they are;
  // steps grow while nothing is found, and stay as they are then, for one cannot be cut.
  `function verbs.list(op, _, answer)
flush()
local cursor, count, steps, seen, found = op.after or '0', tonumber(op.limit), 0, 0, {}
local pattern = (ns .. '/' .. op.prefix):gsub('[*?%[%]\\\\]', '\\\\%0') .. '*/*'
repeat
local reply = redis.call('scan', cursor, 'match', pattern, 'count', string.format('%.0f', count))
cursor = reply[1]
for _, at in ipairs(reply[2]) do push(found, at:sub(#ns + 2)) end
steps, seen = steps + 1, seen + count
if #found == 0 then count = count * 2 end
until cursor == '0' or #found >= tonumber(op.limit) or seen > 10000 or steps > 15
look_at(found)
for _, entry in ipairs(found) do
local row = text[ns .. '/' .. entry]
if row then add(answer, entry, row) end
end
return cursor
end`,

  `read(KEYS)
for _, op in ipairs(ops) do
for _, place in pairs({op, op.guard}) do
if place.resource then
place.at = ns .. '/' .. place.resource .. '/' .. (place.seat or '')
if text[place.at] == nil then return '${RENAMED}' end
end
end
end
local answers = {}
for i, op in ipairs(ops) do
local answer = {0}
local done = verbs[op.op](op, op.at and text[op.at], answer)
answer[1] = done == true and 1 or done or 0
answers[i] = answer
end
flush()
return answers`,
];

/** The script's text. */
export const SCRIPT: string = LUA.join("\n");

/** SHA-1 of {@link SCRIPT}, by which a server that has seen it runs it; a test recomputes it. */
export const SCRIPT_SHA1 = "7645d33a6437b9014aef7ea881c6b90e0bab9675";
