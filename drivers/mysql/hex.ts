/**
 * Texts in hexadecimal, as they travel to MySQL and back: so no quoting, character set, sql_mode or
 * client can change what they mean, and nothing in them can become SQL.
 *
 * @module
 */

const encoder = new TextEncoder();
// Or a text that begins with U+FEFF would lose it, as it does in a vendor's client.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** A text as a literal. */
export function hex(text: string): string {
  let digits = "";
  for (const byte of encoder.encode(text)) digits += DIGITS[byte];
  return `x'${digits}'`;
}

/**
 * The text that an answer has in hexadecimal.
 *
 * @throws {TypeError} when it has none.
 */
export function text(digits: unknown): string {
  if (typeof digits !== "string" || !/^([0-9A-F]{2})*$/i.test(digits)) {
    throw new TypeError("the answer is not to Baton's statement");
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let n = 0; n < bytes.length; n++) {
    bytes[n] = nibble(digits, 2 * n) * 16 + nibble(digits, 2 * n + 1);
  }
  return decoder.decode(bytes);
}

/** A hexadecimal digit's number: 0 to 9 are 48 to 57, A to F are 65 to 70, a to f 97 to 102. */
function nibble(digits: string, at: number): number {
  const code = digits.charCodeAt(at);
  return code < 58 ? code - 48 : (code & 15) + 9;
}
