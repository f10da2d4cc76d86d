/**
 * What somebody could get wrong in a text that another language reads: Lua in Redis, SQL elsewhere.
 *
 * @module
 */

/** A change within the text. */
export interface TextChange {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly put: string;
}

const SQL =
  /\b(select|insert into|where|limit \d|union all|force index|interval|on conflict|pg_\w+|utc_timestamp)\b|\b(update|delete)\b[^]*\b(set|from|where)\b/;
const LUA = /\bredis\.call\b|\blocal \w|\bthen\b[^]*\bend\b/;

type Rule = readonly [what: string, pattern: RegExp, put: (found: string) => string];

const SWAPS: Readonly<Record<string, string>> = {
  ...{ "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "~=", "~=": "==", "<>": "=" },
  ...{ and: "or", or: "and", "+": "-", "-": "+", greatest: "least", least: "greatest" },
  ...{ max: "min", min: "max", floor: "ceil", ceil: "floor", true: "false", false: "true" },
  ...{ held: "vacant", vacant: "held" },
};
const swapped = (word: string): string => SWAPS[word] ?? word;
const nothing = (): string => "";

const RULES: readonly Rule[] = [
  ["swapped", /(?<=\s)(<=|>=|<>|==|~=|<|>|\+|-)(?=\s)/g, swapped],
  ["swapped", /\b(and|or|greatest|least|max|min|floor|ceil|true|false)\b/g, swapped],
  ["doubled", /(?<![\w'.%])[1-9]\d*(?![\w'.])/g, (n) => `${Number(n) * 2}`],
  ["became 0", /(?<![\w'.%])[1-9]\d*(?![\w'.])/g, () => "0"],
  ["one more", /(?<![\w'.%])\d{1,3}(?![\w'.])/g, (n) => `${Number(n) + 1}`],
  ["dropped", /\bnot (?=exists|null|\w+ then|found)/g, nothing],
  ["swapped", /\bis (not )?null\b/g, (is) => is.includes("not") ? "is null" : "is not null"],
  ["dropped", / for (update|share)( skip locked)?/g, nothing],
  ["dropped", / skip locked/g, nothing],
];
const SQL_RULES: readonly Rule[] = [
  ["swapped", /(?<=\b(?:where|and|or|on|if|when)\b[^\n,;]*) = /g, () => " <> "],
  ["dropped", /(?<=\w) and [\w.]+ (?:=|<|>|<=|>=|<>) [\w.']+(?:\([^()]*\))?/g, nothing],
  ["dropped", /^ *(?:and|or) [^\n]*\n/gm, nothing],
  ["dropped", /^ *perform [^;\n]*;/gm, nothing],
  ["dropped", /^ *if [^\n]*end if;/gm, nothing],
  ["dropped", / (?:limit|order by) [\w, ]+/g, nothing],
  [
    "forgot its fallback",
    /\bcoalesce\([\w.]+, [\w.']+\)/g,
    (all) => /[\w.]+(?=,)/.exec(all)?.[0] ?? all,
  ],
];
const LUA_RULES: readonly Rule[] = [
  [
    "dropped",
    /^(?:if [^\n]*end|redis\.call\([^\n]*|push\([^\n]*|\w+\([^\n]*\)|text\[[^\n]* = [^\n]*)$/gm,
    nothing,
  ],
  ["dropped", /\bnot (?=\w)/g, nothing],
];

/** Every mistake in a text; none in one that is neither Lua nor SQL. */
export function textChanges(text: string): TextChange[] {
  const lua = LUA.test(text);
  if (!lua && !SQL.test(text)) return [];
  const found = [...RULES, ...lua ? LUA_RULES : SQL_RULES].flatMap(([what, pattern, put]) =>
    [...text.matchAll(pattern)].map(({ 0: was, index }): TextChange => ({
      what: `${was.trim().replace(/\s+/g, " ").slice(0, 48)} ${what}`,
      from: index,
      to: index + was.length,
      put: put(was),
    }))
  );
  const ofComment = ({ from }: TextChange): boolean =>
    /^\s*--/.test(text.slice(text.lastIndexOf("\n", from) + 1));
  return found.filter((change) =>
    !ofComment(change) && change.put !== text.slice(change.from, change.to)
  );
}
