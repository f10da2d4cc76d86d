/**
 * Turso's protocol byte by byte: what goes out, and which answers count.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, type CoordinationError, InvalidArgument } from "../../../mod.ts";
import { turso, type TursoOptions, tursoQuery } from "../../../drivers/sqlite/turso.ts";
import { type Behaviour, startBadServer } from "../../security/bad_server.ts";
import { batonErrorOf, shown } from "../../tools/shown.ts";
import { acquire, TRICKY } from "../acquire.ts";

const TOKEN = "a.token-of_64";
const LOOK = { op: "inspect", resource: "lock:x", seat: "" } as const;

/** Answers with a value. */
const says = (status: number, value: unknown): Behaviour => (_, response) =>
  void response.writeHead(status).end(typeof value === "string" ? value : JSON.stringify(value));

const OK = { cols: [], rows: [], affected_row_count: 0, last_insert_rowid: null };

/** The answer of a pipeline whose batch had these steps: `null` if not run, a text if it failed. */
function steps(...all: readonly (object | string | null)[]): object {
  const result = {
    step_results: all.map((each) => typeof each === "string" ? null : each),
    step_errors: all.map((each) =>
      typeof each === "string" ? { message: each, code: each.split(":")[0] } : null
    ),
  };
  return {
    baton: null,
    results: [
      { type: "ok", response: { type: "batch", result } },
      { type: "ok", response: { type: "close" } },
    ],
  };
}

Deno.test("a batch is one POST, with a transaction that ends by itself, and nothing else of ours", async () => {
  const server = await startBadServer();
  try {
    const cols = ["n", "seat", "id", "token", "value", "time_left"].map((name) => ({ name }));
    const row = [
      { type: "integer", value: "0" },
      { type: "text", value: "" },
      { type: "text", value: "a" },
      { type: "integer", value: "9007199254740991" },
      { type: "text", value: TRICKY },
      { type: "null" },
    ];
    server.behave(says(200, steps(OK, { ...OK, cols, rows: [row] }, OK, null)));
    const driver = turso({ url: `http://${server.host}`, authToken: TOKEN });
    const [found] = await driver.apply([LOOK]);
    assert.deepEqual(found?.leases, [
      { seat: "", id: "a", token: Number.MAX_SAFE_INTEGER, value: TRICKY, left: Infinity },
    ]);
    const [{ method, url, headers, body }] = server.received as [typeof server.received[0]];
    assert.deepEqual([method, url], ["POST", "/v2/pipeline"]);
    assert.equal(headers["authorization"], `Bearer ${TOKEN}`);
    assert.equal(headers["content-type"], "application/json");
    const { baton, requests: [{ type, batch }, close], ...rest } = JSON.parse(body);
    assert.deepEqual([baton, rest, type, close], [null, {}, "batch", { type: "close" }]);
    const [{ args: [arg, ...more], ...look }] = batch.steps.slice(1, 2).map(
      ({ stmt: { sql: _, ...each } }: { stmt: { sql: string } }) => each,
    );
    assert.deepEqual([arg.type, more, look], ["text", [], { want_rows: true }]);
    const ok = (step: number) => ({ type: "ok", step });
    assert.deepEqual(
      batch.steps.map((
        { stmt, condition }: { stmt: { sql: string }; condition?: unknown },
      ) => [stmt.sql.slice(0, 15), condition]),
      [
        ["begin immediate", undefined],
        ["select j.key as", ok(0)],
        ["commit", ok(1)],
        ["rollback", { type: "and", conds: [ok(0), { type: "not", cond: ok(2) }] }],
      ],
    );
    assert.equal(server.received.length, 1);
  } finally {
    await server.stop();
  }
});

Deno.test("values keep their types, there and back, whoever sends statements", async () => {
  const server = await startBadServer();
  try {
    const cols = ["one", "two", "three", "four"].map((name) => ({ name }));
    const row = [
      { type: "integer", value: "7" },
      { type: "text", value: "7" },
      { type: "float", value: 0.5 },
      { type: "null" },
    ];
    server.behave(says(200, steps(OK, { ...OK, cols, rows: [row] }, OK, OK, null)));
    const query = tursoQuery({ url: `http://${server.host}` });
    const answers = await query([{ sql: "a", args: ["7", 7, 0] }, { sql: "b", args: [] }]);
    assert.deepEqual(answers, [{ rows: [{ one: 7, two: "7", three: 0.5, four: null }] }, {
      rows: [],
    }]);
    const [{ headers, body } = assert.fail()] = server.received;
    assert.equal(headers["authorization"], undefined);
    const { steps: sent } = JSON.parse(body).requests[0].batch;
    assert.deepEqual(sent.slice(1, 3).map(({ stmt }: { stmt: object }) => stmt), [
      {
        sql: "a",
        want_rows: true,
        args: [
          { type: "text", value: "7" },
          { type: "integer", value: "7" },
          { type: "integer", value: "0" },
        ],
      },
      { sql: "b", want_rows: true, args: [] },
    ]);
  } finally {
    await server.stop();
  }
});

/** What comes back, and what that means: the error's code, whether waiting helps, and what it says. */
const ANSWERS: Readonly<
  Record<string, readonly [Behaviour, CoordinationError["code"], boolean, said?: RegExp]>
> = {
  "another is writing, and nothing was begun": [
    says(200, steps("SQLITE_BUSY: database is locked", null, null, null)),
    "connection",
    true,
  ],
  "a statement failed, and all was rolled back": [
    says(200, steps(OK, "SQLITE_ERROR: no such table: baton_state", null, OK)),
    "connection",
    false,
  ],
  "a statement failed, and the roll-back too": [
    says(200, steps(OK, "SQLITE_IOERR: disk I/O error", null, "SQLITE_ERROR: no transaction")),
    "unknown-outcome",
    true,
    // The first is the cause.
    /SQLITE_IOERR/,
  ],
  "the commit failed, and all was rolled back": [
    says(200, steps(OK, OK, "SQLITE_BUSY: database is locked", OK)),
    "connection",
    true,
  ],
  "the commit failed, and the roll-back found nothing": [
    says(200, steps(OK, OK, "SQLITE_IOERR: disk I/O error", "SQLITE_ERROR: no transaction")),
    "unknown-outcome",
    true,
  ],
  "nobody says whether it was committed": [says(200, steps(OK, OK)), "unknown-outcome", true],
  "a plan that is used up": [
    says(200, {
      results: [{ type: "error", error: { message: "reads are blocked", code: "BLOCKED" } }],
    }),
    "connection",
    false,
  ],
  "another error of the batch": [
    says(200, {
      results: [{ type: "error", error: { message: "too large", code: "RESPONSE" } }],
    }),
    "unknown-outcome",
    true,
  ],
  "a wrong token": [says(401, { error: "Unauthorized" }), "unauthorized", false],
  "a token without rights": [
    says(403, { error: "it may read <all>, and no more" }),
    "unauthorized",
    false,
    /check the token/,
  ],
  "an outage with an answer of before": [
    says(500, steps(OK, OK, OK, null)),
    "unknown-outcome",
    true,
  ],
  "a proxy's page about rights": [
    (_, response) => void response.writeHead(403).end("<!doctype html><h1>Forbidden</h1>"),
    "unknown-outcome",
    true,
  ],
  "an outage": [says(503, "later"), "unknown-outcome", true],
  "a database that is not there": [says(404, { error: "not found" }), "unknown-outcome", true],
  "too many requests": [says(429, { error: "slow down" }), "unknown-outcome", true],
  "a page of a proxy": [says(200, "<html>"), "unknown-outcome", true],
  "null": [says(200, null), "unknown-outcome", true],
  "no results": [says(200, { results: [] }), "unknown-outcome", true],
  "fewer answers than statements": [says(200, steps(OK, OK, null)), "unknown-outcome", true],
  "a connection that breaks": [
    (_, response) => void response.socket?.destroy(),
    "unknown-outcome",
    true,
  ],
};

Deno.test("an answer is an outcome, proof that nothing was written, or unknown", async (t) => {
  const server = await startBadServer();
  try {
    const driver = turso({ url: `http://${server.host}`, authToken: TOKEN });
    for (const [what, [behaviour, code, retryable, said = /./]] of Object.entries(ANSWERS)) {
      await t.step(what, async () => {
        server.behave(behaviour);
        const error = await batonErrorOf(driver.apply([LOOK]));
        assert.deepEqual([error.code, error.retryable], [code, retryable], error.message);
        assert.match(error.message, said);
      });
    }
    await t.step("nobody listens", async () => {
      const error = await batonErrorOf(turso({ url: "http://127.0.0.1:9" }).apply([LOOK]));
      assert(error instanceof ConnectionError && error.retryable, `${error}`);
    });
  } finally {
    await server.stop();
  }
});

Deno.test("no error repeats the token or what was sent", async () => {
  const server = await startBadServer();
  try {
    const secret = "s3cr3tIdOfTheLease";
    const driver = turso({ url: `http://${server.host}`, authToken: TOKEN });
    const texts = [`${secret} is in it`, `it has ${TOKEN}`, `near ${secret}: ${TOKEN}`];
    for (const text of texts) {
      for (
        const behaviour of [
          says(200, steps(OK, `SQLITE_ERROR: ${text}`, null, OK)),
          says(200, text),
          says(500, text),
        ]
      ) {
        server.behave(behaviour);
        const error = await batonErrorOf(driver.apply([acquire(secret)]));
        for (const each of [secret, TOKEN]) assert.ok(!shown(error).includes(each), shown(error));
      }
    }
  } finally {
    await server.stop();
  }
});

Deno.test("a URL is a host, and a token fits into a header", () => {
  const good = [
    "libsql://a-b.turso.io",
    "LIBSQL://a-b.turso.io/",
    "https://db.example",
    "turso://x",
  ];
  for (const url of [...good, "http://127.0.0.1:8080", "http://localhost"]) turso({ url });
  const bad: readonly unknown[] = [
    ...["http://db.example", "libsql://", "x", "file:local.db", "libsql://h/path", "ftp://h"],
    ...["libsql://h?authToken=secret-token", "libsql://user:secret-token@h", "wss://h"],
    ...[undefined, "", 7],
  ];
  for (const url of bad) {
    assert.throws(() => turso({ url } as TursoOptions), (error: Error) => {
      assert(error instanceof InvalidArgument);
      assert.ok(!error.message.includes("secret-token"), error.message);
      return true;
    });
  }
  for (const url of [undefined, ""]) {
    assert.throws(() => turso({ url } as TursoOptions), /Is TURSO_DATABASE_URL set\?/);
  }
  for (const authToken of ["", " ", "a b", "ü"]) {
    assert.throws(() => turso({ url: "libsql://h", authToken }), InvalidArgument);
  }
});
