/**
 * Connections of a pool: each is given back once, whatever comes first, the answer or an abort.
 *
 * @module
 */

import assert from "node:assert/strict";
import { clientOf, Sender, withClient } from "../../../drivers/kit/clients.ts";
import {
  ConnectionError,
  type CoordinationError,
  NotSupported,
  UnknownOutcome,
} from "../../../errors.ts";
import { batonErrorOf } from "../../tools/shown.ts";

/** Pools that say what is done with their connections. */
function scripted(
  connect: () => Promise<number> = () => Promise.resolve(7),
  explain: (error: unknown) => CoordinationError = (error) => new UnknownOutcome(String(error)),
) {
  const done: string[] = [];
  let ended = Promise.withResolvers<void>();
  const sender = new Sender<number>({
    name: "mine",
    open() {
      done.push("open");
      return {
        connect,
        release: (connection, broken) =>
          void done.push(`${connection} ${broken ? "broken" : "back"}`),
        end() {
          done.push("end");
          return ended.promise;
        },
      };
    },
    explain,
    breaks: (error) => String(error).includes("broke"),
    check: "check it",
  });
  return {
    sender,
    done,
    finish: () => {
      ended.resolve();
      ended = Promise.withResolvers();
    },
  };
}

Deno.test("a connection is given back with the answer, and not used again after what breaks it", async () => {
  const { sender, done } = scripted();
  assert.equal(await sender.send((connection) => Promise.resolve(connection + 1)), 8);
  await assert.rejects(sender.send(() => Promise.reject(new Error("syntax"))), /syntax/);
  await assert.rejects(sender.send(() => Promise.reject(new Error("it broke"))), /it broke/);
  assert.deepEqual(done, ["open", "7 back", "7 back", "7 broken"]);
});

Deno.test("an abort closes the connection, once, though its answer comes later", async () => {
  for (const late of ["an answer", "an error"]) {
    const { sender, done } = scripted();
    const controller = new AbortController();
    const reply = Promise.withResolvers<string>();
    const call = sender.send(() => reply.promise, controller.signal);
    // It is under way.
    await new Promise((resolve) => setTimeout(resolve));
    const reason = new Error("enough");
    controller.abort(reason);
    await assert.rejects(call, reason);
    assert.deepEqual(done, ["open", "7 broken"]);
    if (late === "an answer") reply.resolve("late");
    else reply.reject(new Error("late"));
    await new Promise((resolve) => setTimeout(resolve));
    assert.deepEqual(done, ["open", "7 broken"], late);
  }
});

Deno.test("an abort after the answer changes nothing, and one before it sends nothing", async () => {
  const { sender, done } = scripted();
  const controller = new AbortController();
  assert.equal(await sender.send(() => Promise.resolve("a"), controller.signal), "a");
  controller.abort(new Error("enough"));
  const never = () => assert.fail("it was sent");
  await assert.rejects(sender.send(never, controller.signal), /enough/);
  assert.deepEqual(done, ["open", "7 back", "7 back"]);
});

Deno.test("without a connection nothing was sent, and the error says where to look, but repeats no secret of the client's words", async () => {
  const refused = Object.assign(new Error("connect to s3cr3t@host:1 failed"), {
    code: "ECONNREFUSED",
  });
  const { sender, done } = scripted(() => Promise.reject(refused));
  await assert.rejects(sender.send(() => assert.fail("it was sent")), (error: Error) => {
    assert.ok(error instanceof ConnectionError && error.retryable, `${error}`);
    assert.match(
      error.message,
      /^mine was not reached, so nothing was written \(.*ECONNREFUSED\); check it$/,
    );
    assert.doesNotMatch(error.message, /s3cr3t/);
    return true;
  });
  assert.deepEqual(done, ["open"]);
});

Deno.test("of a client's error without a connection only plain words and a network's code are told", async () => {
  for (
    const [message, code, told, known] of [
      ["s3cr3t@host failed", "ECONNREFUSED", "ECONNREFUSED", true],
      ["timed out", "ETIMEDOUT", "timed out, ETIMEDOUT", true],
      ["timed out", "ETIMEDOUT s3cr3t", "timed out", false],
      ["timed out", "s3cr3t ETIMEDOUT", "timed out", false],
      ["timed out", "EOF", "timed out", false],
      ["timed out", undefined, "timed out", false],
    ] as const
  ) {
    const error = Object.assign(new Error(message), { code });
    const { sender } = scripted(() => Promise.reject(error));
    const thrown = await batonErrorOf(sender.send(() => assert.fail("it was sent")));
    const cause = Object(thrown.cause);
    assert.equal(thrown.message.match(/written \((.*)\); check it$/)?.[1], told, thrown.message);
    assert.deepEqual(
      [cause.code, cause.message],
      known ? [code, code] : [
        undefined,
        undefined,
      ],
    );
  }
  // What the driver knows better is said as it says it.
  const refused = new ConnectionError("wrong password", { code: "unauthorized" });
  const { sender } = scripted(() => Promise.reject(new Error()), () => refused);
  await assert.rejects(sender.send(() => assert.fail("it was sent")), (error) => error === refused);
});

/** With it no registry is asked. */
const NO_VERSION = "no version";

Deno.test("a client that is not installed is named, with what to run, and why it was not loaded", async () => {
  assert.equal((await clientOf<{ sep: string }>("node:path", "1.0.0", "x")).sep.length, 1);
  await assert.rejects(clientOf("./nowhere", NO_VERSION, "give one"), (error: Error) => {
    assert.ok(error instanceof NotSupported);
    assert.match(
      error.message,
      /^The package \. is needed .* npm install \.@no version; or, in a bundle .*, give one$/,
    );
    // Not that of the second name, under which Deno alone finds it.
    assert.match(String((error.cause as Error).message), /nowhere/);
    assert.doesNotMatch(String((error.cause as Error).message), /npm:/);
    return true;
  });
});

Deno.test("only the client itself is the user's to install, whatever else a driver lacks", async () => {
  assert.equal(await withClient(() => Promise.resolve(7), "pack", "1.0.0"), 7);
  const missing = (message: string, code = "ERR_MODULE_NOT_FOUND") =>
    Object.assign(new Error(message), { code });
  const own = missing("Cannot find package 'pack' imported from /app/x.mjs");
  await assert.rejects(withClient(() => Promise.reject(own), "pack", "1.0.0"), (error: Error) => {
    assert.ok(error instanceof NotSupported && error.cause === own);
    assert.match(error.message, /^The package pack is needed .* npm install pack@1\.0\.0$/);
    return true;
  });
  for (
    const other of [
      missing("Cannot find package 'backpack' imported from /app/x.mjs"),
      missing("Cannot find package 'pack'", "ERR_OTHER"),
      new Error("'pack'"),
    ]
  ) {
    await assert.rejects(
      withClient(() => Promise.reject(other), "pack", "1.0.0"),
      (error) => error === other,
    );
  }
});

Deno.test("close() waits for connections to end, but not for a request that is never answered", async () => {
  const { sender, done, finish } = scripted();
  await sender.close();
  assert.deepEqual(done, []);
  await sender.send(() => Promise.resolve());
  let closed = false;
  const closing = sender.close().then(() => closed = true);
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(closed, false);
  finish();
  await closing;
  const controller = new AbortController();
  const call = sender.send(() => new Promise<void>(() => {}), controller.signal);
  await new Promise((resolve) => setTimeout(resolve));
  await sender.close();
  assert.deepEqual(done, ["open", "7 back", "end", "open", "end"]);
  controller.abort(new Error("enough"));
  await assert.rejects(call, /enough/);
});
