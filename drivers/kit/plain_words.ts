/**
 * What an error says, as far as it may be repeated.
 *
 * @module
 */

/** A word of prose, or a short number: no id, no quotation, no credential, no piece of a request. */
const PLAIN = /^\(?([A-Za-z]{1,16}(?:'s)?|\d{1,6})[.,:;)]{0,2}$/;

/**
 * The words that an error's message begins with, up to the first that is no plain word or that we have
 * sent ourselves: from there on it may be our own request, sent back by a server or a proxy, and with
 * it the ids of leases, their values, and credentials.
 *
 * @param sent What was sent.
 */
export function plain(error: unknown, sent: string): string {
  // So many hold more plain words than are told; and there may be megabytes.
  const words = textOf(error).slice(0, 1_000).match(/\S+/g) ?? [];
  const end = words.findIndex((each) => {
    const [, word] = PLAIN.exec(each) ?? [];
    return !word || (word.length > 3 && sent.includes(word));
  });
  const said = end < 0 ? words : [...words.slice(0, end), "…"];
  return said.slice(0, 30).join(" ");
}

/** An error's message, or the text that was thrown in its place; no object's own idea of one. */
export function textOf(error: unknown): string {
  const { message = error } = Object(error) as { message?: unknown };
  return typeof message === "string" ? message : typeof message;
}
