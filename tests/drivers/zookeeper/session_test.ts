/**
 * A session against a server whose every byte is chosen: which answers end it, and how they are cut.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Refused } from "../../../drivers/zookeeper/errors.ts";
import { Session } from "../../../drivers/zookeeper/session.ts";
import { Frame, read } from "../../../drivers/zookeeper/wire.ts";

/** The number before that of the first request. */
const BEFORE = 41;

/** A socket whose server says what a test wants it to. */
function scripted() {
  const answers = new TransformStream<Uint8Array, Uint8Array>();
  const writer = answers.writable.getWriter();
  writer.closed.catch(() => {});
  const told = { closed: false, sent: 0 };
  return {
    told,
    socket: {
      readable: answers.readable,
      writable: new WritableStream<Uint8Array>({
        write: (bytes) => void (told.sent += bytes.length),
      }),
      close() {
        told.closed = true;
        writer.abort(new Error("closed")).catch(() => {});
      },
    },
    /** Sends these bytes, in pieces of so many. */
    async say(bytes: Uint8Array, pieces = bytes.length): Promise<void> {
      for (let at = 0; at < bytes.length; at += pieces) {
        await writer.write(bytes.slice(at, at + pieces)).catch(() => {});
      }
    },
  };
}

/** The answer that a session is there. */
const OPENED = new Frame().int(0).int(10_000).int(0).int(7).int(16).int(0).int(0).int(0).int(0)
  .bytes();

/** The answer to a request: its number, the transaction, an error. */
function answer(number: number, error: number): Uint8Array {
  return new Frame().int(number).int(0).int(9).int(error).bytes();
}

async function opened(pieces?: number) {
  const server = scripted();
  const [session] = await Promise.all([
    Session.open(server.socket, BEFORE, 10_000, undefined),
    server.say(OPENED, pieces),
  ]);
  session.enter();
  return { ...server, session };
}

Deno.test("a session that the server has ended, or another one has taken over, is not used again", async () => {
  const ends = new Map([[-112, true], [-118, true], [-101, false], [-102, false], [-111, false]]);
  for (const [error, isEnd] of ends) {
    const { session, say, told } = await opened();
    assert.equal(session.lives, true);
    const reply = session.send([read("/x")]);
    await Promise.all([
      assert.rejects(reply, (thrown) => thrown instanceof Refused && thrown.code === error),
      say(answer(BEFORE + 1, error)),
    ]);
    assert.equal(session.lives, !isEnd, `${error}`);
    // Whoever uses it still gets their answers.
    assert.equal(told.closed, false);
    session.leave();
    assert.equal(told.closed, isEnd);
  }
});

Deno.test("answers are the same however they are cut, and each is that of its request", async () => {
  for (const pieces of [1, 3, 16, 19, 1_000]) {
    const { session, say } = await opened(pieces);
    const both = session.send([read("/x"), read("/y")]);
    const bytes = [1, 2].flatMap((n) => [...answer(BEFORE + n, 0)]);
    const [[one, two]] = await Promise.all([both, say(Uint8Array.from(bytes), pieces)]);
    assert.deepEqual([one?.zxid, two?.zxid], [9, 9]);
  }
});

Deno.test("an answer to another question, or of no ZooKeeper, ends the session and all that wait", async () => {
  const wrong = [answer(BEFORE + 2, 0), new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n")];
  for (const bytes of wrong) {
    const { session, say, told } = await opened();
    const waiting = [session.send([read("/x")]), session.send([read("/y")])];
    await Promise.all([...waiting.map((each) => assert.rejects(each)), say(bytes)]);
    assert.deepEqual([session.lives, told.closed], [false, true]);
  }
});

Deno.test("a server that opens no session is refused", async () => {
  const server = scripted();
  const none = new Frame().int(0).int(0).int(0).int(0).int(16).int(0).int(0).int(0).int(0).bytes();
  await Promise.all([
    assert.rejects(Session.open(server.socket, BEFORE, 10_000, undefined), /opened no session/),
    server.say(none),
  ]);
});
