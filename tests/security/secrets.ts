/**
 * Secrets that no log may ever show, and how they are found in a text: whole, in pieces, and in every
 * form that a server, a proxy or a client might give them.
 *
 * @module
 */

const encoder = new TextEncoder();

/** What belongs to whom. Each is unlike all other words of these tests, and unlike each other. */
export const SECRETS = {
  /** The REST token of Upstash, and the password of a URL. ASCII, as a header and Basic need it. */
  token: "tKn9vQxu2LrWz7HdYcE4sBmA",
  password: "pW/zJ5+uT8=rG3:nK@fX6%40&",
  /** A user's name that no URL takes as it is. */
  user: "uSr@oV1:iD7/qN5",
  /** The id of a lease, in the form that the real runtime makes. */
  id: "5c1f0d4e-93ab-4b7e-8a26-e7d905cb3f18",
  /** One that is but letters, as a user's own driver may be given. */
  plainId: "lavenderwombat",
  /** The text of a lease: what members can do. */
  value: 'vAl "quiet \\ meadow" & <brook> 8mZ',
  plainValue: "saffronkestrel",
  /** What a scheduler proves itself by. */
  cron: "cRn-4yTq8ZbN0xKgVw2e",
} as const;

/** A name for each secret. */
export type SecretName = keyof typeof SECRETS;

/** So many characters of a secret in a row are not an accident. */
const TELLING = 8;

/** The forms a text takes on its way through URLs, headers, JSON, HTML and SQL. */
const FORMS: Readonly<Record<string, (text: string) => readonly string[]>> = {
  "as it is": (text) => [text],
  "percent-encoded": (text) => [
    encodeURIComponent(text),
    encodeURIComponent(encodeURIComponent(text)),
    encodeURI(text),
  ],
  "JSON": (text) => [inJson(text), inJson(inJson(text)), inJson(inJson(inJson(text)))],
  "HTML": (text) => [inHtml(text), inHtml(inJson(text))],
  "hexadecimal": (text) => [hex(text), hex(text).toUpperCase()],
  "base64": base64s,
};

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function inHtml(text: string): string {
  return text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
}

function hex(text: string): string {
  return Array.from(encoder.encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** In base64 a text looks different at each of three places; what surely is of it, for each. */
function base64s(text: string): string[] {
  const bytes = String.fromCharCode(...encoder.encode(text));
  return [0, 1, 2].map((shift) => {
    const first = shift === 0 ? 0 : shift + 1;
    const last = Math.floor(((shift + bytes.length) * 8) / 6);
    return btoa("\0".repeat(shift) + bytes).slice(first, last);
  });
}

/** Every piece of a secret, in every form, with what it is a piece of. */
const PIECES: ReadonlyMap<string, string> = new Map(
  Object.entries(SECRETS).flatMap(([name, secret]) =>
    Object.entries(FORMS).flatMap(([form, formsOf]) =>
      formsOf(secret).flatMap((text) => pieces(text).map((piece) => [piece, `${name}, ${form}`]))
    )
  ) as [string, string][],
);

function pieces(text: string): string[] {
  // Escapes alone tell nothing.
  return Array.from({ length: text.length - TELLING + 1 }, (_, at) => text.slice(at, at + TELLING))
    .filter((piece) => /[A-Za-z0-9].*[A-Za-z0-9].*[A-Za-z0-9].*[A-Za-z0-9]/.test(piece));
}

/** A leak: which secret was found in which form, and the words around it. */
export interface Leak {
  readonly secret: string;
  readonly around: string;
}

/** What of the secrets is in a text, each but once. */
export function leaksIn(text: string): Leak[] {
  const leaks = new Map<string, Leak>();
  for (let at = 0; at + TELLING <= text.length; at++) {
    const secret = PIECES.get(text.slice(at, at + TELLING));
    if (secret === undefined || leaks.has(secret)) continue;
    leaks.set(secret, { secret, around: text.slice(Math.max(0, at - 60), at + 60) });
  }
  return [...leaks.values()];
}
