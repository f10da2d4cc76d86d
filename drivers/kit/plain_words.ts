/**
 * The part of an error's text that may be repeated.
 *
 * @module
 */

/**
 * A word of prose or a short number, so not an id, a quotation, a credential or a piece of a
 * request.
 */
const PLAIN = /^\(?([A-Za-z]{1,16}(?:'s)?|\d{1,6})[.,:;)]{0,2}$/;

/**
 * The first words of an error's message. It stops before the first that is not a plain word, or
 * that we sent ourselves. From there on the text may be our own request, which a server or a proxy
 * sent back, with the ids of leases, their values, and credentials.
 *
 * @param sent What was sent.
 */
export function plain(error: unknown, sent: string): string {
  // These are enough for all words that are repeated, and a message may have megabytes.
  const words = textOf(error).slice(0, 1_000).match(/\S+/g) ?? [];
  const end = words.findIndex((each) => {
    const [, word] = PLAIN.exec(each) ?? [];
    return !word || (word.length > 3 && sent.includes(word));
  });
  const said = end < 0 ? words : [...words.slice(0, end), "…"];
  return said.slice(0, 30).join(" ");
}

/** An error's message, or the text that was thrown. It calls no `toString()` of an object. */
export function textOf(error: unknown): string {
  const { message = error } = Object(error) as { message?: unknown };
  return typeof message === "string" ? message : typeof message;
}
