/**
 * The script behind the Redis driver: one run of it is one `apply`.
 *
 * @module
 */

/**
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
 */
export const SCRIPT = `
local ns, clock = ARGV[1], tonumber(ARGV[2])
local text, answers = {}, {}

local function read(keys)
  for first = 1, #keys, 1000 do -- unpack has a stack limit
    local last = math.min(first + 999, #keys)
    local values = redis.call('mget', unpack(keys, first, last))
    for i = first, last do text[keys[i]] = values[i - first + 1] end
  end
end

local function write(key, value, ttl)
  text[key] = value
  if ttl then redis.call('set', key, value, 'px', ttl) else redis.call('set', key, value) end
end

local function key(resource, seat) return ns .. '/' .. resource .. '/' .. seat end

local function parse(row) return row:match('^(%d+) (%S+) (%d+) (.*)$') end

local function add(answer, seat, row, left)
  table.insert(answer, seat .. ' ' .. row)
  table.insert(answer, left)
end

-- Adds every live lease of a resource and forgets the seats found dead. Only here are keys used
-- that KEYS cannot name beforehand; they share the namespace's slot. The time left is bounded by
-- the ttl: a PTTL for each would be billed.
local function list(answer, resource)
  local index = ns .. '/' .. resource
  local seats, unread, live = {''}, {}, ''
  for seat in (text[index] or ''):gmatch('%S+') do
    table.insert(seats, seat)
    if text[key(resource, seat)] == nil then table.insert(unread, key(resource, seat)) end
  end
  read(unread)
  for _, seat in ipairs(seats) do
    local row = text[key(resource, seat)]
    if row then
      local _, _, ttl = parse(row)
      add(answer, seat, row, ttl == '0' and -1 or tonumber(ttl))
      if seat ~= '' then live = live .. seat .. ' ' end
    end
  end
  if live ~= (text[index] or '') then
    if live == '' then redis.call('del', index) text[index] = false else write(index, live) end
  end
end

local function look(answer, place)
  if not place.seat then return list(answer, place.resource) end
  local at = key(place.resource, place.seat)
  if text[at] then add(answer, place.seat, text[at], redis.call('pttl', at)) end
end

-- Adds who makes the guard fail; true when it fails.
local function refused(answer, guard)
  if not guard then return false end
  local found = {}
  look(found, guard)
  if guard.when == 'held' then return #found == 0 end
  for _, part in ipairs(found) do table.insert(answer, part) end
  return #found > 0
end

local verbs = {}

function verbs.acquire(op, at, row, answer)
  if row then
    local _, id = parse(row)
    look(answer, op)
    return id == op.id
  end
  if refused(answer, op.guard) then return false end
  -- Above every token given, and not below the sender's clock: it grows even if a fail-over lost
  -- the counter. Counter and list are written first, so that a lease never lacks them.
  local token = string.format('%.0f', math.max((tonumber(text[ns] or 0) or 0) + 1, clock))
  local index = ns .. '/' .. op.resource
  local seats = text[index] or ''
  if op.seat ~= '' and not (' ' .. seats):find(' ' .. op.seat .. ' ', 1, true) then
    -- Nobody may ever list old cron slots; one grant in 32 does, so that the list stays short.
    if seats ~= '' and token % 32 == 0 then list({}, op.resource) end
    text[index] = (text[index] or '') .. op.seat .. ' '
    redis.call('mset', ns, token, index, text[index])
  else
    redis.call('set', ns, token)
  end
  text[ns] = token
  local new = token .. ' ' .. op.id .. ' ' .. (op.ttl or 0) .. ' ' .. op.value
  write(at, new, op.ttl)
  add(answer, op.seat, new, op.ttl or -1)
  return true
end

function verbs.renew(op, at, row, answer)
  if not row then return false end
  local token, id, ttl, value = parse(row)
  if id ~= op.id then return false end
  if op.value and op.value ~= value then
    row = token .. ' ' .. id .. ' ' .. (op.ttl or 0) .. ' ' .. op.value
    write(at, row, op.ttl)
  elseif op.ttl and redis.call('pexpire', at, op.ttl) == 0 then
    text[at] = false
    return false
  end
  add(answer, op.seat, row, op.ttl or -1)
  return true
end

function verbs.release(op, at, row, answer)
  if not row then return false end
  local _, id = parse(row)
  if op.id and id ~= op.id then
    look(answer, op)
    return false
  end
  if refused(answer, op.guard) then return false end
  local index, gone = ns .. '/' .. op.resource, {at}
  if text[index] == op.seat .. ' ' then table.insert(gone, index) end
  redis.call('del', unpack(gone))
  for _, name in ipairs(gone) do text[name] = false end
  return true
end

function verbs.inspect(op, _, _, answer)
  look(answer, op)
  return true
end

read(KEYS)
for i, op in ipairs(cjson.decode(ARGV[3])) do
  local answer = {0}
  local at = op.seat and key(op.resource, op.seat)
  if verbs[op.op](op, at, text[at], answer) then answer[1] = 1 end
  answers[i] = answer
end
return answers
`;

/** SHA-1 of {@link SCRIPT}, by which a server that has seen it runs it; a test recomputes it. */
export const SCRIPT_SHA1 = "bc2a3e44ca799db7dfbb3044a92fe45ed5cc769e";
