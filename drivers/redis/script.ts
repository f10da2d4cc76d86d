/**
 * The script behind the Redis driver: one run of it is one `apply`.
 *
 * Three shapes of key, all in the hash slot of the namespace:
 *
 * - `{ns}` the last fencing token given: one counter for all, so a lock name leaves no litter;
 * - `{ns}/resource/seat` a live lease, `token id ttl value`; Redis's own key TTL ends it, so no
 *   clock is read here (Upstash does not document TIME inside a script);
 * - `{ns}/resource` the seats that may be live, each followed by a space; the seat `""` is not
 *   listed.
 *
 * Upstash bills every inner command, so all declared keys are read by one MGET, and `text` then
 * follows what the script writes. Redis runs a script alone: nothing changes in between.
 *
 * @module
 */

/** Arguments: the namespace, the sender's clock in ms, the operations as JSON. */
const LUA: readonly string[] = [
  "local ns, clock, text, answers, push = ARGV[1], tonumber(ARGV[2]), {}, {}, table.insert",

  // In parts, for unpack has a stack limit.
  `local function read(keys)
for first = 1, #keys, 1000 do
local last = math.min(first + 999, #keys)
local values = redis.call('mget', unpack(keys, first, last))
for i = first, last do text[keys[i]] = values[i - first + 1] end
end
end`,

  `local function write(key, value, ttl)
text[key] = value
if ttl then redis.call('set', key, value, 'px', ttl) else redis.call('set', key, value) end
end`,

  `local function drop(...)
redis.call('del', ...)
for _, key in ipairs({...}) do text[key] = false end
end`,

  "local function key(resource, seat) return ns .. '/' .. resource .. '/' .. seat end",

  "local function parse(row) return row:match('^(%d+) (%S+) (%d+) (.*)$') end",

  // Where the time left is not asked for, the ttl is its upper bound; 0 is a lease without end.
  `local function add(answer, seat, row, at)
local _, _, ttl = parse(row)
push(answer, seat .. ' ' .. row)
push(answer, ttl == '0' and -1 or at and redis.call('pttl', at) or tonumber(ttl))
end`,

  // Adds every live lease of a resource, and forgets the seats found dead; with a limit it looks at
  // the oldest seats only and adds nothing. Only here are keys used that KEYS cannot name
  // beforehand; they share the namespace's slot. No PTTL for each, for that would be billed.
  `local function list(answer, resource, limit)
local index = ns .. '/' .. resource
local seats, unread, live = {}, {}, {}
if not limit and text[key(resource, '')] then add(answer, '', text[key(resource, '')]) end
if not text[index] then return end
for seat in text[index]:gmatch('%S+') do
push(seats, seat)
if #seats <= (limit or #seats) and text[key(resource, seat)] == nil then
push(unread, key(resource, seat))
end
end
read(unread)
for _, seat in ipairs(seats) do
local row = text[key(resource, seat)]
if row and not limit then add(answer, seat, row) end
if row ~= false then push(live, seat .. ' ') end
end
if #live == 0 then drop(index) elseif #live < #seats then write(index, table.concat(live)) end
end`,

  `local function look(answer, place)
if not place.seat then return list(answer, place.resource) end
local at = key(place.resource, place.seat)
if text[at] then add(answer, place.seat, text[at], at) end
end`,

  // Adds who makes the guard fail; true when it fails.
  `local function refused(answer, guard)
if not guard then return false end
local held, found = guard.when == 'held', {}
if held and guard.seat then return not text[key(guard.resource, guard.seat)] end
look(found, guard)
if held then return #found == 0 end
for _, part in ipairs(found) do push(answer, part) end
return #found > 0
end`,

  "local verbs = {}",

  // The token is above every one given, and not below the sender's clock: so it grows even if a
  // fail-over lost the counter. Counter and list are written before the lease, which never lacks
  // them. Nobody may ever list old cron slots, so in a long list one grant in 32 looks at the 64
  // oldest.
  `function verbs.acquire(op, at, row, answer)
if row then
local _, id = parse(row)
look(answer, op)
return id == op.id
end
if refused(answer, op.guard) then return false end
local token = string.format('%.0f', math.max((tonumber(text[ns] or 0) or 0) + 1, clock))
local index = ns .. '/' .. op.resource
local seats = text[index] or ''
text[ns] = token
if op.seat == '' or (' ' .. seats):find(' ' .. op.seat .. ' ', 1, true) then
redis.call('set', ns, token)
else
if token % 32 == 0 and #seats > 999 then list({}, op.resource, 64) end
text[index] = (text[index] or '') .. op.seat .. ' '
redis.call('mset', ns, token, index, text[index])
end
local new = token .. ' ' .. op.id .. ' ' .. (op.ttl or 0) .. ' ' .. op.value
write(at, new, op.ttl)
add(answer, op.seat, new)
return true
end`,

  `function verbs.renew(op, at, row)
if not row then return false end
local token, id, ttl, value = parse(row)
if id ~= op.id then return false end
if op.value and op.value ~= value then
write(at, token .. ' ' .. id .. ' ' .. ttl .. ' ' .. op.value, op.ttl)
elseif op.ttl and redis.call('pexpire', at, op.ttl) == 0 then
text[at] = false
return false
end
return true
end`,

  `function verbs.release(op, at, row, answer)
if not row then return false end
local _, id = parse(row)
if op.id and id ~= op.id then
look(answer, op)
return false
end
if refused(answer, op.guard) then return false end
local index = ns .. '/' .. op.resource
if text[index] == op.seat .. ' ' then drop(at, index) else drop(at) end
return true
end`,

  `function verbs.inspect(op, _, _, answer)
look(answer, op)
return true
end`,

  `read(KEYS)
for i, op in ipairs(cjson.decode(ARGV[3])) do
local answer = {0}
local at = op.seat and key(op.resource, op.seat)
if verbs[op.op](op, at, text[at], answer) then answer[1] = 1 end
answers[i] = answer
end
return answers`,
];

/** The script's text. */
export const SCRIPT: string = LUA.join("\n");

/** SHA-1 of {@link SCRIPT}, by which a server that has seen it runs it; a test recomputes it. */
export const SCRIPT_SHA1 = "3dad23328780ae08481d63f5c05ad7e0d61f3496";
