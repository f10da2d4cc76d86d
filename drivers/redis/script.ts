/**
 * The script behind the Redis driver. One run of it is one `apply`.
 *
 * Three shapes of key, all in the hash slot of the namespace:
 *
 * - `{ns}`: the last fencing token given. One counter serves all, so a lock's name leaves nothing
 *   behind.
 * - `{ns}/resource/seat`: a live lease, `token id ttl value`. Redis's own key TTL ends it, so the
 *   script reads no clock (Upstash does not document TIME inside a script).
 * - `{ns}/0` to `{ns}/511`: the index. Each is a list of leases that may live, each followed by a
 *   space. A lease of the seat `""` is not in the index. `./keys.ts` says which list a seat is in.
 *   The number of lists is fixed, because a list never expires: if each resource had its own, every
 *   resource whose holders crashed would leave a list behind.
 *
 * In the script a key's *name* is what follows the namespace: `""`, `/resource/seat`, `/37`. The
 * namespace is `KEYS[1]`, never an argument, because some clients and proxies put a prefix before
 * each declared key.
 *
 * Upstash bills every command inside a script. So one MGET reads all declared keys, the operations
 * change `text`, and `flush` writes what has changed. Redis runs a script alone, so nothing changes
 * in between. The request has texts in place of numbers, because Lua 5.4 would print a number as
 * `1.0`.
 *
 * @module
 */

/** The script's answer if a key did not arrive under its own name. It wrote nothing then. */
export const RENAMED = "RENAMED";

/**
 * Keys: the namespace, then those that `./keys.ts` names. Arguments: the sender's clock in ms, the
 * operations as JSON, and a nonce that the script ignores. It answers for each operation 1, 0, a
 * list's cursor, or `>` and the seat where the next page begins; and then its leases as
 * `left name row`. Or it answers {@link RENAMED}.
 */
const LUA: readonly string[] = [
  // Dragonfly needs this line for keys that only the index or SCAN names. It must come first.
  "--!df flags=allow-undeclared-keys",
  "local ns, clock, ops = KEYS[1], tonumber(ARGV[1]), cjson.decode(ARGV[2])",
  // By name: what is stored, what shall be stored, and the ttl of what was put.
  "local stored, text, ends, changed, stale, push = {}, {}, {}, {}, {}, table.insert",
  "local unpack = unpack or table.unpack",

  // In parts, because unpack has a stack limit.
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

  // The value false deletes. Without a ttl the key has no end.
  `local function put(name, value, ttl)
if ends[name] == nil then push(changed, name) end
text[name], ends[name] = value, ttl or false
end`,

  // The counter and the index are written first, so that no lease lacks them. Commands that Redis
  // may refuse for lack of memory go before those that it may not. So such a refusal proves that
  // nothing was written.
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

  // Leaves out the time left if it is not asked for: the ttl in the row is its upper bound.
  `local function add(answer, name, asked)
asked = asked and ends[name] == nil and not text[name]:find('^%d+ %S+ 0 ')
push(answer, (asked and redis.call('pttl', ns .. name) or '') .. ' ' .. name .. ' ' .. text[name])
end`,

  // Leaves the last of the names, and returns the first of these.
  `local function last(names, most)
table.sort(names, function(one, two) return one > two end)
for n = #names, most + 1, -1 do names[n] = nil end
return names[most]
end`,

  // Adds the live leases of the seat, of all seats, or of a page of these, and finds out which ones
  // of the index are gone. It makes no PTTL for each of many, because that would be billed. Of a page
  // it reads no more rows than there are on it, and returns where the next one begins. The lists are
  // in about the order of the seats, so few names pass the test of a page, and there is little to sort.
  `local function look(answer, place)
if not place.all then
if text[place.at] then add(answer, place.at, true) end
return
end
local names, lists, most, from = {}, {}, tonumber(place.last)
local function found(name)
if not most then return push(names, name) end
if place.before and name >= place.before or from and name < from then return end
push(names, name)
if #names > 2 * most then from = last(names, most) end
end
if text[place.at] then found(place.at) end
local pattern = ' (' .. place.at:gsub('%W', '%%%0') .. '%S+)'
for shard = 0, 15 do
lists[shard] = string.format('/%.0f', place.all + shard)
for name in (' ' .. (text[lists[shard]] or '')):gmatch(pattern) do found(name) end
end
local more = most and (from or #names > most) and last(names, most)
read(names)
local all = #answer + #names
for _, name in ipairs(names) do
if text[name] then add(answer, name) end
end
if #answer < all then
for shard = 0, 15 do stale[lists[shard]] = true end
end
return more and more:sub(#place.at + 1)
end`,

  // Adds the leases that make the guard fail. True if it fails.
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

  // The token is above every earlier one, and not below the sender's clock. So it grows even if a
  // fail-over lost the counter. Old cron slots may never be looked at again. So in a long list one
  // grant in 32 looks at the 128 oldest, and moves those that live to the end.
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
local more = look(answer, op)
return more and '>' .. more or 1
end`,

  // SCAN sees only what is written, so flush first. It looks at some ten thousand keys at most,
  // including those of others. Its steps grow while nothing is found. After that they do not,
  // because what one step has found cannot be cut.
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

/**
 * SHA-1 of {@link SCRIPT}. A server that has seen the script runs it by this; a test recomputes it.
 */
export const SCRIPT_SHA1 = "7e9331e06334d487611fde7f3f400c4ee7d42e77";
