/**
 * The script behind {@link fencedRedis}: check, record, run.
 *
 * Keys: the fence's key; then for each command its first argument, or the fence's key again if it
 * has none.
 *
 * Arguments: the token; then each command, as the number of its words and the words; then a nonce
 * that the script ignores.
 *
 * It answers {1, replies}; {0} for a stale token; {2, index, error} for a command that failed; {3}
 * if the fence's key holds something else; {4, index} for a command whose keys cannot be renamed.
 *
 * Some clients and proxies put a prefix before each declared key, but not before arguments. The
 * data must be where the application reads it. So the script takes a command's first argument from
 * the keys, if the server says that it is the command's only key.
 *
 * Tokens are whole numbers up to 2^53 - 1, which Lua's numbers hold exactly. They are stored as the
 * text that came, because Lua would write a large number with an exponent.
 *
 * @module
 */

/** The script's text. */
export const FENCE_SCRIPT = `--!df flags=allow-undeclared-keys
local unpack = unpack or table.unpack
local seen = redis.call('get', KEYS[1])
if seen and not seen:match('^%d+$') then return {3} end
if seen and tonumber(seen) > tonumber(ARGV[1]) then return {0} end
local commands, at = {}, 2
for i = 2, #KEYS do
local size = tonumber(ARGV[at])
local words = {unpack(ARGV, at + 1, at + size)}
if size > 1 and KEYS[i] ~= words[2] then
local keys = redis.pcall('command', 'getkeys', unpack(words))
if not keys.err and #keys == 1 and keys[1] == words[2] then words[2] = KEYS[i]
elseif not (keys.err and keys.err:find('no key arguments', 1, true)) then return {4, i - 2} end
end
commands[i - 1] = words
at = at + size + 1
end
if seen ~= ARGV[1] then redis.call('set', KEYS[1], ARGV[1]) end
local replies = {}
for i, words in ipairs(commands) do
local reply = redis.pcall(unpack(words))
if type(reply) == 'table' and reply.err then return {2, i - 1, reply.err} end
replies[i] = reply
end
return {1, replies}`;

/**
 * SHA-1 of {@link FENCE_SCRIPT}. A server that has seen the script runs it by this; a test
 * recomputes it.
 */
export const FENCE_SCRIPT_SHA1 = "6ec8ba10ba8c4ea09c6be25a1c78b7fffaad3b81";
