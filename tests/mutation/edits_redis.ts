/**
 * Bugs in the Redis driver, its script and its transport.
 *
 * @module
 */

import { type Edit, inFile } from "./plant.ts";

const SCRIPT = inFile("drivers/redis/script.ts", [
  [
    "a replay prolongs the lease",
    "look(answer, op)\nreturn id == op.id\nend",
    "if id == op.id and op.ttl then redis.call('pexpire', at, op.ttl) end\nlook(answer, op)\nreturn id == op.id\nend",
  ],
  [
    "a replay makes a new token",
    "look(answer, op)\nreturn id == op.id\nend",
    "look(answer, op)\nif id ~= op.id then return false end\nend",
  ],
  [
    "an acquisition ignores its guard",
    "if refused(answer, op.guard) then return false end\nlocal token",
    "local token",
  ],
  ["a token is given twice", "or 0) or 0) + 1, clock))", "or 0) or 0), clock))"],
  ["a token has nothing to do with the clock", "or 0) or 0) + 1, clock))", "or 0) or 0) + 1))"],
  [
    "a token is the clock's alone",
    "math.max((tonumber(text[ns] or 0) or 0) + 1, clock)",
    "clock",
  ],
  ["a ttl is in seconds", "'px', ttl)", "'ex', ttl)"],
  [
    "a renewal prolongs a successor",
    "if id ~= op.id then return false end\nif op.value",
    "if op.value",
  ],
  [
    "a renewal prolongs nothing",
    "elseif op.ttl and redis.call('pexpire', at, op.ttl) == 0 then",
    "elseif op.ttl == 0 then",
  ],
  [
    "a renewal with a value is for ever",
    "ttl .. ' ' .. op.value, op.ttl)",
    "ttl .. ' ' .. op.value)",
  ],
  ["a release goes by the seat", "if op.id and id ~= op.id then", "if op.id == 0 then"],
  [
    "a release ignores its guard",
    "if refused(answer, op.guard) then return false end\nlocal index = ns .. '/' .. op.resource\nif text",
    "local index = ns .. '/' .. op.resource\nif text",
  ],
  [
    "a lock leaves litter",
    "then drop(at, index) else drop(at) end",
    "then drop(at) else drop(at) end",
  ],
  [
    "seats that were not looked at are unlisted",
    "if row ~= false then push(live",
    "if row ~= nil then push(live",
  ],
  ["dead seats stay listed", "if row ~= false then push(live", "if #seat > 0 then push(live"],
  [
    "a guard that wants somebody there is turned round",
    "if held then return #found == 0 end",
    "if held then return #found > 0 end",
  ],
  [
    "a guard on a seat that wants somebody there holds",
    "if held and guard.seat then return not text[key(guard.resource, guard.seat)] end",
    "if held and guard.seat then return false end",
  ],
  ["a vacant guard always holds", "return #found > 0\nend", "return false\nend"],
  [
    "a vacant guard does not say who is there",
    "for _, part in ipairs(found) do push(answer, part) end\n",
    "",
  ],
  [
    "a list lacks the seat without a name",
    "if not limit and text[key(resource, '')] then",
    "if limit == 0 then",
  ],
  [
    "beyond a thousand keys the first are read again",
    "values[i - first + 1]",
    "values[(i - 1) % 1000 + 1 - first + 1]",
  ],
  ["old slots pile up", "if token % 32 == 0 and #seats > 999 then", "if token % 32 == 32 then"],
  ["for ever has no time left", "ttl == '0' and -1 or at", "at"],
  [
    "a look tells the ttl as the time left",
    "at and redis.call('pttl', at) or tonumber(ttl)",
    "tonumber(ttl)",
  ],
  [
    "a second seat unlists the first",
    "text[index] = (text[index] or '') .. op.seat .. ' '",
    "text[index] = op.seat .. ' '",
  ],
  [
    "operations of a batch do not see each other",
    "local function write(key, value, ttl)\ntext[key] = value\n",
    "local function write(key, value, ttl)\n",
  ],
  ["what is dropped is still seen", "for _, key in ipairs({...}) do text[key] = false end\n", ""],
]);

/** All of them. */
export const REDIS_EDITS: readonly Edit[] = [
  ...SCRIPT,
  ...inFile("drivers/redis/redis.ts", [
    ["names are not escaped", "/^[\\w.:-]*$/.test(text) ? text :", "/^[^]*$/.test(text) ? text :"],
    [
      "a prefix with a brace moves keys to other slots",
      "`{${escape(keyPrefix)}}`",
      "`{${keyPrefix}}`",
    ],
    ["answers are not counted", "|| reply.length !== count)", "|| count < 0)"],
    [
      "any first word is an answer",
      "|| (answer[0] !== 0 && answer[0] !== 1))",
      "|| answer[0] === undefined)",
    ],
    ["for ever ends at once", "left === -1 ? Infinity : Math.max(left, 0)", "Math.max(left, 0)"],
    ["leases come in any order", "    leases.sort(bySeat);\n", ""],
    ["the list of seats is not declared", 'if (at.seat !== "") keys.add(index);', "void index;"],
    [
      "a guard's key is not declared",
      "for (const at of op.guard ? [op, op.guard] : [op]) {",
      "for (const at of [op]) {",
    ],
    ["a mad clock raises tokens for ever", "return ms > 0 && ms < year2100 ?", "return ms > 0 ?"],
    [
      "a guard's names are not escaped",
      "{ ...guard, ...place(guard) }",
      "{ ...place(guard), ...guard }",
    ],
    ["seats come back escaped", "seat: decodeURIComponent(seat),", "seat,"],
    ["a signal is not heeded", "      signal?.throwIfAborted();\n", ""],
    ["a signal does not reach the transport", "tail, signal);", "tail);"],
    ["a token that is none passes", "(\\d+) (\\S+) \\d+", "(\\S+) (\\S+) \\S+"],
  ]),
  ...inFile("drivers/redis/errors.ts", [
    ["a used-up plan is an unknown outcome", " || OVER_QUOTA.test(text)", ""],
    [
      "a server that starts is an unknown outcome",
      "refused: unauthorized || mayPass ||",
      "refused: unauthorized ||",
    ],
    ["a wrong token may pass", "      mayPass,\n", "      mayPass: true,\n"],
    ["any error is a refusal", "const MAY_PASS = /^(LOADING|", "const MAY_PASS = /^(ERR|LOADING|"],
  ]),
  ...inFile("drivers/redis/send.ts", [
    [
      "whatever fails is sent again",
      "if (/^NOSCRIPT\\b/.test(brief(error)))",
      "if (brief(error) !== undefined)",
    ],
    [
      "a server without the script is a failure",
      "if (/^NOSCRIPT\\b/.test(brief(error)))",
      "if (/^NOSCRIPTS\\b/.test(brief(error)))",
    ],
  ]),
  ...inFile("drivers/redis/upstash.ts", [
    [
      "the client sends again by itself",
      "retry: { retries: 0 },",
      "retry: { retries: 1, backoff: () => 0 },",
    ],
    [
      "an aborted call is answered with made-up data",
      "signal: () => signal ?? new AbortController().signal,",
      "...(signal && { signal }),",
    ],
    ["an error shows the token", "throw withoutSecret(error, token);", "throw error;"],
    ["a token may go unencrypted", "&& isLoopback(url.host))) {", "&& url.host)) {"],
    ["a token may have a line break", "/^[\\x21-\\x7e]+$/.test(token)", "/^[^]+$/.test(token)"],
    [
      "a URL may have a password",
      "if (url.username || url.password || url.search || url.hash) {",
      "if (url.search || url.hash) {",
    ],
  ]),
];
