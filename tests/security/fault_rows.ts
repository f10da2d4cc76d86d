/**
 * The table of what can go wrong between a driver and its backend, as far as a server can do it; each
 * answer that has a body sends back all it was sent: headers, statement, ids and values.
 *
 * @module
 */

import type { Behaviour, Received } from "./bad_server.ts";

/** One row. */
export interface FaultRow {
  readonly name: string;
  readonly behave: Behaviour;
}

/** All that a request holds, its Basic credentials and percent-encoded texts decoded too. */
export function everything({ method, url, headers, body }: Received): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const [, basic = ""] = /^Basic (.*)$/.exec(headers["authorization"] ?? "") ?? [];
  const decoded = lines.map((line) => line.replace(/(%[0-9a-f]{2})+/gi, unescaped));
  return [`${method} ${url}`, ...lines, atob(basic), ...decoded, body].join("\n");
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const html = (text: string): string =>
  text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);

/** The body alone, for a text that is cut would not get so far. */
const bodyOf = ({ body }: Received): string => body;
/** What comes last in a body, where ids and values are. */
const endOf = ({ body }: Received): string => body.slice(-300);
/** The credentials alone. */
const credentials = (received: Received): string =>
  ["authorization", "neon-connection-string"].map((name) => received.headers[name]).join(" ");

const SAID = { "all that was sent": everything, "the body": bodyOf, "its end": endOf, credentials };

/** What a page, a proxy or a database says, with what it was sent in it. */
const PAGES: Readonly<Record<string, (said: string) => string>> = {
  "a page": (said) => `<html><body><pre>${html(said)}</pre></body></html>`,
  "plain text": (said) => said,
  "a JSON text": (said) => JSON.stringify(said),
  "Redis's words": (said) => JSON.stringify({ error: `ERR unknown command ${said}` }),
  "Redis's refusal": (said) => JSON.stringify({ error: `NOPERM ${said}` }),
  "Upstash's refusal": (said) => JSON.stringify({ error: `Unauthorized: ${said}` }),
  "Redis's reply": (said) => JSON.stringify({ result: [[1, said, 5]] }),
  "PostgreSQL's words": (said) =>
    JSON.stringify({ message: `syntax error near ${said}`, code: "42601", where: said }),
  "PostgreSQL's refusal": (said) => JSON.stringify({ message: said, code: "28P01", detail: said }),
  "Neon's words without a code": (said) => JSON.stringify({ message: said, code: null }),
  "Neon's reply": (said) =>
    JSON.stringify({
      fields: [{ name: "outcomes", dataTypeID: 25 }],
      rows: [[said]],
      command: "SELECT",
      rowCount: 1,
      rowAsArray: true,
    }),
  "MySQL's words": (said) =>
    JSON.stringify({
      error: { code: "UNKNOWN", message: `${said} (errno 1064) (sqlstate 42000)` },
    }),
  "MySQL's refusal": (said) =>
    JSON.stringify({ error: { code: said, message: `denied ${said} (errno 1045)` } }),
  "etcd's words": (said) =>
    JSON.stringify({ error: `etcdserver: ${said}`, message: said, code: 3 }),
  "etcd's refusal": (said) => JSON.stringify({ message: `etcdserver: ${said}`, code: 16 }),
  "etcd's own words, and a token": (said) =>
    JSON.stringify({ error: said, code: said, token: said, ID: said }),
  "etcd's reply": (said) =>
    JSON.stringify({
      header: { revision: "7" },
      token: said,
      ID: "7",
      succeeded: true,
      responses: [
        { response_range: { kvs: [{ key: btoa("k"), value: btoa("7"), create_revision: "7" }] } },
        {
          response_txn: {
            responses: [
              { response_range: { kvs: [{ key: said, value: said, create_revision: said }] } },
            ],
          },
        },
      ],
    }),
  "Hrana's words": (said) =>
    JSON.stringify({
      results: [{ type: "error", error: { message: said, code: "SQLITE_ERROR" } }],
    }),
  "Hrana's refusal": (said) =>
    JSON.stringify({ results: [{ type: "error", error: { message: said, code: "BLOCKED" } }] }),
  "S3's words": (said) => `<Error><Code>AccessDenied</Code><Message>${said}</Message></Error>`,
  "Kubernetes' words": (said) =>
    JSON.stringify({ kind: "Status", reason: "Forbidden", message: said, details: { name: said } }),
  "an error's code": (said) => JSON.stringify({ code: said, message: said, error: { code: said } }),
};

const STATUSES = [200, 400, 401, 403, 429, 500, 503];

/** Each of these statuses with every page, which says these things of what was received. */
export function pagesOf(
  said: Readonly<Record<string, (received: Received) => string>>,
  statuses: readonly number[],
): FaultRow[] {
  return Object.entries(PAGES).flatMap(([page, write]) =>
    statuses.flatMap((status) =>
      Object.entries(said).map(([what, say]): FaultRow => ({
        name: `${status} with ${page} of ${what}`,
        behave: (received, response) => {
          const type = page === "a page" ? "text/html" : "application/json";
          response.writeHead(status, { "content-type": type }).end(write(say(received)));
        },
      }))
    )
  );
}

/** Every status with every page. */
export const ECHOES: readonly FaultRow[] = pagesOf(SAID, STATUSES);

/** Answers that are cut, odd, or none. */
export const BREAKS: readonly FaultRow[] = [
  { name: "a lost request", behave: (_received, _response, request) => request.socket.destroy() },
  {
    name: "a lost reply",
    behave: (_received, response, request) => {
      response.writeHead(200, { "content-length": "1000" });
      response.flushHeaders();
      request.socket.end();
    },
  },
  {
    name: "a reply that breaks in the middle",
    behave: (received, response, request) => {
      response.writeHead(200, { "content-length": "100000", "content-type": "application/json" });
      response.write(`{"result":[${everything(received)}`, () => request.socket.destroy());
    },
  },
  {
    name: "JSON that ends too early",
    behave: (received, response) =>
      void response.writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ result: everything(received) }).slice(0, -2)),
  },
  {
    name: "another content type",
    behave: (received, response) =>
      void response.writeHead(200, { "content-type": "image/png" }).end(everything(received)),
  },
  {
    name: "a compression that is none",
    behave: (received, response) =>
      void response.writeHead(200, { "content-encoding": "gzip" }).end(everything(received)),
  },
  {
    name: "an empty answer",
    behave: (_received, response) => void response.writeHead(200).end(),
  },
  {
    name: "no content",
    behave: (_received, response) => void response.writeHead(204).end(),
  },
  {
    name: "secrets in the header lines of the answer",
    behave: ({ body }, response) =>
      void response.writeHead(401, {
        "www-authenticate": encodeURIComponent(body).slice(0, 4_000),
        "upstash-sync-token": encodeURIComponent(body).slice(0, 4_000),
      }).end(),
  },
];

/** The statuses that send a client elsewhere. */
export const REDIRECTS = [301, 302, 303, 307, 308] as const;

/** Sends whoever comes to another place, and says there what it was sent. */
export function redirectTo(status: number, origin: string): FaultRow {
  return {
    name: `${status} to ${new URL(origin).protocol}`,
    behave: (received, response) =>
      void response.writeHead(status, { location: `${origin}${received.url}` })
        .end(`<a href="${origin}">${html(everything(received))}</a>`),
  };
}

/** An answer of which a piece comes every few ms, for ever. */
export const DRIP: FaultRow = {
  name: "an answer that never ends",
  behave: (received, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write(JSON.stringify({ result: everything(received) }).slice(0, -1));
    const timer = setInterval(() => response.write(" "), 10);
    response.on("close", () => clearInterval(timer));
  },
};

/** A request that is taken in and never answered. */
export const SILENCE: FaultRow = { name: "no answer at all", behave: () => {} };
