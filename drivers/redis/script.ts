/**
 * The script behind the Redis driver: one run of it is one `apply`.
 *
 * Three shapes of key, all in the hash slot of the namespace:
 *
 * - `{ns}` the last fencing token given: one counter for all, so a lock's name leaves nothing behind;
 * - `{ns}/resource/seat` a live lease, `token id ttl value`; Redis's own key TTL ends it, so no
 *   clock is read here (Upstash does not document TIME inside a script);
 * - `{ns}/0` to `{ns}/511` the index: lists of leases that may live, each followed by a space. A lease
 *   of the seat `""` is in none. `./keys.ts` says which list a seat is in. The number of lists is fixed,
 *   for a list has no end of life: if each resource had its own, each whose holders crashed would leave
 *   one behind.
 *
 * Here a key goes by its *name*, which is what follows the namespace: `""`, `/resource/seat`, `/37`. The
 * namespace is `KEYS[1]`, never an argument, because some clients and proxies put a prefix before each
 * declared key.
 *
 * Upstash bills every inner command. So all declared keys are read by one MGET; `text` then follows what
 * the operations do, and `flush` writes what has changed. Redis runs a script alone, so nothing changes
 * in between. The request has no numbers but texts, because Lua 5.4 would print a number as `1.0`.
 *
 * @module
 */

/** What the script answers when a key that it needs did not arrive under its name; it wrote nothing. */
export const RENAMED = "RENAMED";

/**
 * Keys: the namespace, then those that `./keys.ts` names. Arguments: the sender's clock in ms, the
 * operations as JSON, and a nonce that is ignored. Answers for each operation 1, 0, or the cursor of a
 * list, then its leases as `left name row`; or {@link RENAMED}.
 */
const LUA: readonly string[] = [
  // Dragonfly needs this line for the keys that only the index or SCAN names; it must be the first.
  "--!df flags=allow-undeclared-keys",
  "local ns, clock, ops = KEYS[1], tonumber(ARGV[1]), cjson.decode(ARGV[2])",
  // By name: what is there, what shall be there, and for how long where it was put.
  "local stored, text, ends, changed, stale, push = {}, {}, {}, {}, {}, table.insert",
  "local unpack = unpack or table.unpack",

  // In parts, for unpack has a stack limit.
  `local function batch(command, words, got)
for first = 1, #words, 1000 do
local reply = redis.call(command, unpack(words, first, math.min(first + 999, #words)))
if got then got(first - 1, reply) end
end
end`,

  `local function read(names)
local unread, keys = {}, {}
for _, name in ipairs(names) do
if text[name] == nil then
push(unread, name)
push(keys, ns .. name)
end
end
batch('mget', keys, function(before, values)
for i, value in ipairs(values) do
local name = unread[before + i]
stored[name], text[name] = value, value
end
end)
end`,

  // False deletes. Without a ttl there is no end.
  `local function put(name, value, ttl)
if ends[name] == nil then push(changed, name) end
text[name], ends[name] = value, ttl or false
end`,

  // Counter and index go first, so that no lease lacks them. What may be refused for lack of memory
  // goes before what may not, so that such a refusal proves that nothing was written.
  `local function flush()
for name in pairs(stale) do
local left = (text[name] or ''):gsub('(%S+) ', function(each) return text[each] == false and '' end)
put(name, left ~= '' and left)
end
local steady, timed, beats, gone = {}, {}, {}, {}
for _, name in ipairs(changed) do
local value, ttl, key = text[name], ends[name], ns .. name
if value == stored[name] then
if value and ttl then push(beats, {'pexpire', key, ttl}) end
elseif not value then push(gone, key)
elseif ttl then push(timed, {'set', key, value, 'px', ttl})
else
push(steady, key)
push(steady, value)
end
stored[name] = value
end
batch('mset', steady)
for _, words in ipairs(timed) do redis.call(unpack(words)) end
for _, words in ipairs(beats) do
if redis.call(unpack(words)) == 0 then error('ended') end
end
batch('del', gone)
ends, changed, stale = {}, {}, {}
end`,

  // Without the time left where it is not asked for: the ttl in the row is its upper bound.
  `local function add(answer, name, asked)
asked = asked and ends[name] == nil and not text[name]:find('^%d+ %S+ 0 ')
push(answer, (asked and redis.call('pttl', ns .. name) or '') .. ' ' .. name .. ' ' .. text[name])
end`,

  // Adds who is there, in the seat or in all seats, and finds out who of those listed is not. No PTTL
  // for each of many, for that would be billed.
  `local function look(answer, place)
if text[place.at] then add(answer, place.at, not place.all) end
if not place.all then return end
local names, lists = {}, {}
local pattern = ' (' .. place.at:gsub('%W', '%%%0') .. '%S+)'
for shard = 0, 15 do
lists[shard] = string.format('/%.0f', place.all + shard)
for name in (' ' .. (text[lists[shard]] or '')):gmatch(pattern) do push(names, name) end
end
read(names)
local all = #answer + #names
for _, name in ipairs(names) do
if text[name] then add(answer, name) end
end
if #answer == all then return end
for shard = 0, 15 do stale[lists[shard]] = true end
end`,

  // Adds who makes the guard fail; true when it fails.
  `local function refused(answer, guard)
if not guard then return false end
local found, held = {}, guard.when == 'held'
if held and not guard.all then return not text[guard.at] end
look(found, guard)
if held then return #found == 0 end
for _, part in ipairs(found) do push(answer, part) end
return #found > 0
end`,

  "local function has(row, id) return row:match('^%d+ (%S+)') == id end",

  "local verbs = {}",

  // The token is above every one given, and not below the sender's clock: so it grows even if a
  // fail-over lost the counter. Nobody may ever look at old cron slots, so in a long list one grant
  // in 32 looks at the 128 oldest; those that live go to its end.
  `function verbs.acquire(op, row, answer)
if row then
look(answer, op)
return has(row, op.id) and 1
end
if refused(answer, op.guard) then return end
local token = string.format('%.0f', math.max((tonumber(text[''] or 0) or 0) + 1, clock))
put('', token)
if op.list then
local list, names, behind = text[op.list] or '', {}
if #list > 2000 and token % 32 == 0 then
for name, next in list:gmatch('(%S+) ()') do
push(names, name)
behind = next
if #names == 128 then break end
end
read(names)
list = list:sub(behind) .. list:sub(1, behind - 1)
stale[op.list] = true
end
if not (' ' .. list):find(' ' .. op.at .. ' ', 1, true) then list = list .. op.at .. ' ' end
put(op.list, list)
end
put(op.at, token .. ' ' .. op.id .. ' ' .. (op.ttl or '0') .. ' ' .. op.value, op.ttl)
add(answer, op.at)
return 1
end`,

  `function verbs.renew(op, row)
if not row or not has(row, op.id) then return end
if op.value then row = row:match('^%d+ %S+ %d+ ') .. op.value end
put(op.at, row, op.ttl)
return 1
end`,

  `function verbs.release(op, row, answer)
if not row then return end
if op.id and not has(row, op.id) then return look(answer, op) end
if refused(answer, op.guard) then return end
put(op.at, false)
if op.list then stale[op.list] = true end
return 1
end`,

  `function verbs.inspect(op, _, answer)
look(answer, op)
return 1
end`,

  // SCAN sees only what is written. It looks at some ten thousand keys at most, whosever they are. Its
  // steps grow while nothing is found, but not then, for what one has found cannot be cut.
  `function verbs.list(op, _, answer)
flush()
local cursor, limit, seen, steps, names = op.after or '0', tonumber(op.limit), 0, 0, {}
local count, pattern = limit, (ns .. op.at):gsub('[*?%[%]\\\\]', '\\\\%0') .. '*/*'
repeat
local reply = redis.call('scan', cursor, 'match', pattern, 'count', string.format('%.0f', count))
cursor, seen, steps = reply[1], seen + count, steps + 1
for _, key in ipairs(reply[2]) do push(names, key:sub(#ns + 1)) end
if #names == 0 then count = count * 2 end
until cursor == '0' or #names >= limit or seen > 10000 or steps > 15
read(names)
for _, name in ipairs(names) do
if text[name] then add(answer, name) end
end
return cursor
end`,

  `local names, answers = {}, {}
for i, key in ipairs(KEYS) do names[i] = key:sub(#ns + 1) end
read(names)
for _, op in ipairs(ops) do
if not op.limit and (text[op.at] == nil or text[(op.guard or op).at] == nil) then
return '${RENAMED}'
end
end
for i, op in ipairs(ops) do
local answer = {0}
answer[1] = verbs[op.op](op, text[op.at], answer) or 0
answers[i] = answer
end
flush()
return answers`,
];

/** The script's text. */
export const SCRIPT: string = LUA.join("\n");

/** SHA-1 of {@link SCRIPT}, by which a server that has seen it runs it; a test recomputes it. */
export const SCRIPT_SHA1 = "7e9fbe14ba661681890915a9f235a8099998a629";
