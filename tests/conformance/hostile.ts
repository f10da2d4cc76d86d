/**
 * Texts that have broken somebody's quoting, parsing, matching, folding or sorting.
 *
 * @module
 */

/** Different texts, each of which must stay itself; the empty one is among them. */
export const HOSTILE: readonly string[] = [
  "",
  // Quoting
  "'",
  '"',
  "`",
  "\\",
  "\\'",
  "''",
  "'; drop table leases; --",
  "$(x)",
  "${x}",
  "$1",
  ":name",
  "?",
  // Patterns and hash tags
  "%",
  "_",
  "*",
  "[a-z]",
  "^",
  "{}",
  "{a}",
  // White space, of which databases may drop the last
  " ",
  "  ",
  "a b",
  " ab",
  "ab",
  "ab ",
  "\t",
  "\n",
  "\r\n",
  "a\nb",
  "\u00A0",
  "\u2028",
  "\uFEFF",
  "\u0001",
  "\u007F",
  // Names every object has
  "__proto__",
  "constructor",
  "toString",
  // What a decoder may take for something else
  "123",
  "0",
  "-0",
  "007",
  "1.0",
  "1e3",
  "9007199254740993",
  "true",
  "null",
  "undefined",
  "NaN",
  "Infinity",
  "[[1,2]]",
  '{"a":1}',
  '"quoted"',
  "eyJhIjoxfQ==",
  // Addresses
  "a/b",
  "a%2Fb",
  "../x",
  "?a=1&b=2",
  "#x",
  "+",
  "a:b",
  "a,b",
  "a|b",
  // Case, accents, and what a collation takes for equal
  "case",
  "CASE",
  "Case",
  "\u00E9",
  "e\u0301",
  "e",
  "\u00DF",
  "ss",
  "i",
  "\u0130",
  "\u0131",
  "\uFF41",
  "a",
  // Beyond sixteen bits, and a joined one
  "\u{1F600}",
  "\u{1F468}\u200D\u{1F469}",
  "\uFFFD",
  "\uFF5E",
  "日本語",
];

/** What may stand between the parts of a key. */
export const SEPARATORS: readonly string[] = [
  ":",
  "/",
  " ",
  "|",
  ",",
  ".",
  "\\",
  "\n",
  "\u0001",
  "%2F",
  "%3A",
  "{}",
  "''",
];

/** Ids that look like something else; made anew each time, for rule 8 wants ids unique. */
export function numericIds(): readonly string[] {
  const digits = () => `${1 + Math.floor(Math.random() * 8e14)}`;
  return [
    digits(),
    // Too long for a number: its last digits would be lost.
    `9${digits()}${digits()}`,
    `00${digits()}`,
    `-${digits()}`,
    `${digits()}.0`,
    `${digits()}e3`,
    `0x${digits()}`,
    `"${digits()}"`,
    `[[${digits()}]]`,
    `{"a":${digits()}}`,
    ` ${digits()}`,
  ];
}
