/**
 * The script behind {@link fencedRedis}: check, record, run.
 *
 * Keys: the fence's, then the first of each command. Arguments: the token, then each command as the
 * number of its words and the words. Answers {1, replies}; {0} for a stale token; {2, index, error}
 * for a command that failed; {3} where the fence's key keeps something else.
 *
 * Tokens are whole numbers up to 2^53 - 1, which Lua's numbers hold exactly; they are stored as the
 * text that came, for Lua would write a large one with an exponent.
 *
 * @module
 */

/** The script's text. */
export const FENCE_SCRIPT = `local seen = redis.call('get', KEYS[1])
if seen and not seen:match('^%d+$') then return {3} end
if seen and tonumber(seen) > tonumber(ARGV[1]) then return {0} end
if seen ~= ARGV[1] then redis.call('set', KEYS[1], ARGV[1]) end
local replies, at = {}, 2
while at <= #ARGV do
local size = tonumber(ARGV[at])
local reply = redis.pcall(unpack(ARGV, at + 1, at + size))
if type(reply) == 'table' and reply.err then return {2, #replies, reply.err} end
replies[#replies + 1] = reply
at = at + size + 1
end
return {1, replies}`;

/** SHA-1 of {@link FENCE_SCRIPT}, by which a server that has seen it runs it; a test recomputes it. */
export const FENCE_SCRIPT_SHA1 = "3539c6900ce9dc95284a940a9590a45c1609aa8f";
