/**
 * Texts as backends carry them whose answers are JSON.
 *
 * @module
 */

/** How many bytes become characters at once: a call cannot have any number of arguments. */
const PART = 8_192;

/** The base64 of a text's UTF-8. */
export function encoded(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  for (let at = 0; at < bytes.length; at += PART) {
    binary += String.fromCharCode(...bytes.subarray(at, at + PART));
  }
  return btoa(binary);
}

/**
 * The text of such a base64. An answer leaves an empty one out.
 *
 * @throws {TypeError | DOMException} when it is not one.
 */
export function decoded(base64 = ""): string {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}
