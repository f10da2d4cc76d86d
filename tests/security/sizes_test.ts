/**
 * Answers that do not end, or are far larger than any of a backend's.
 *
 * @module
 */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { CoordinationError, OperationTimedOut, type Runtime, systemRuntime } from "../../mod.ts";
import { retrying } from "../../coordination/leases/retrying.ts";
import { wait } from "../backends/backend.ts";
import { until } from "../servers/process.ts";
import type { Behaviour } from "./bad_server.ts";
import { startBadServer } from "./bad_server.ts";
import { DRIP, type FaultRow, SILENCE } from "./fault_rows.ts";
import { assertNoSecret, outcomeOf } from "./sinks.ts";
import { ACQUIRE, SUSPECTS } from "./suspects.ts";

const OURS = SUSPECTS.filter(({ usersClient }) => !usersClient);

/** Header lines, and then nothing more. */
const HEADERS_ONLY: FaultRow = {
  name: "headers without a body",
  behave: (_received, response) => {
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
  },
};

/** A runtime whose timers fire when they are told to. */
function ownTimers(): { readonly runtime: Runtime; pass(): void } {
  const timers = new Set<() => void>();
  const after = (_ms: number, fire: () => void): () => void => {
    timers.add(fire);
    return () => timers.delete(fire);
  };
  return { runtime: { ...systemRuntime(), after }, pass: () => timers.forEach((fire) => fire()) };
}

for (const suspect of OURS) {
  Deno.test(`${suspect.name}: an answer that never ends is given up in time, and its connection is closed`, async () => {
    const server = await startBadServer();
    try {
      for (const { name, behave } of [DRIP, HEADERS_ONLY, SILENCE]) {
        const closed = Promise.withResolvers<void>();
        server.behave((received, response, request) => {
          response.on("close", closed.resolve);
          behave(received, response, request);
        });
        const { runtime, pass } = ownTimers();
        const driver = retrying(suspect.driver(server.host), { retries: 0, runtime });
        const before = server.received.length;
        const outcome = outcomeOf(() => driver.apply([ACQUIRE]));
        await until("the request arrives", () => server.received.length > before);
        // Mostly it reads by then; while it does not, it gives up all the same.
        await wait(50);
        pass();
        const error = await outcome;
        assert(error instanceof OperationTimedOut, `${name}: ${Deno.inspect(error)}`);
        await closed.promise;
      }
    } finally {
      await server.stop();
    }
  });
}

const MEGABYTES = 8;
const LARGE = "cornflower ".repeat(MEGABYTES * 2 ** 20 / 11);

/** Megabytes in each place where an answer has a text. */
const TEXTS: readonly unknown[] = [
  { error: `ERR ${LARGE}` },
  { result: LARGE },
  { result: [[1, LARGE, 5]] },
  { message: LARGE, code: "42601" },
  { fields: [{ name: "outcomes", dataTypeID: 25 }], rows: [[LARGE]], rowAsArray: true },
  { error: { code: LARGE, message: `${LARGE} (errno 1064)` } },
];

for (const suspect of OURS) {
  Deno.test(`${suspect.name}: of megabytes that are no answer an error tells a line`, async () => {
    const server = await startBadServer();
    try {
      const bodies = [...TEXTS.map((body) => JSON.stringify(body)), LARGE];
      for (const body of bodies) {
        for (const status of [200, 400, 500]) {
          const plain: Behaviour = (_received, response) =>
            void response.writeHead(status, { "content-type": "application/json" }).end(body);
          server.behave(plain);
          const error = await outcomeOf(() => suspect.driver(server.host).apply([ACQUIRE]));
          assert(error instanceof CoordinationError, Deno.inspect(error));
          assert(error.message.length < 1_000, `${error.message.length}`);
          assert(Deno.inspect(error, { showHidden: true, depth: 9 }).length < 10_000);
        }
      }
      // A few kilobytes that unpack to all that.
      const packed = gzipSync(JSON.stringify(TEXTS[0]));
      server.behave((_received, response) =>
        void response.writeHead(400, { "content-encoding": "gzip" }).end(packed)
      );
      const error = await outcomeOf(() => suspect.driver(server.host).apply([ACQUIRE]));
      assert(error instanceof CoordinationError && error.message.length < 1_000);
      assertNoSecret(error, "what was unpacked");
    } finally {
      await server.stop();
    }
  });
}
