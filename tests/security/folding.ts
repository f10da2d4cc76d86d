/**
 * Texts that some database, file system or normalisation takes for one another.
 *
 * @module
 */

/** All texts of a group are different, and each must stay itself. */
export const FOLDED: Readonly<Record<string, readonly string[]>> = {
  "case": ["Job-A", "job-a", "JOB-A", "jOB-a"],
  "accents": ["é", "e", "E", "É", "è"],
  "composition": ["\u00E9", "e\u0301", "\u00C5", "\u212B", "A\u030A", "\u2126", "\u03A9"],
  "white space at the end": ["a", "a ", "a  ", " a", "a\u00A0", "a\u3000"],
  "one letter or two": ["ß", "ss", "SS", "ẞ", "æ", "ae", "ﬁ", "fi"],
  "width": ["a-1", "ａ－１", "𝐚-𝟏", "ⓐ-①"],
  "Turkish": ["İ", "i", "I", "ı", "i\u0307"],
  "digits": ["01", "1", "1.0", "+1", "１", "¹", "١"],
  "kana and breve": ["か", "カ", "ｶ", "й", "и\u0306", "и"],
  "what is not seen": ["ab", "a\u200Bb", "a\u00ADb", "\uFEFFab", "ab\u200E", "a\u0300b"],
  "planes beyond the first": ["😀", "😁", "👩‍🚀", "👩🚀", "\u{1F3FB}", "𠮷", "吉"],
  "words of a language": ["null", "NULL", "true", "TRUE", "__proto__", "__PROTO__"],
};
