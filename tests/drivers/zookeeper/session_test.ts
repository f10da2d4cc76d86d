/**
 * A session against a server whose every byte is chosen: which answers end it, and how they are cut.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Refused } from "../../../drivers/zookeeper/errors.ts";
import { Session } from "../../../drivers/zookeeper/session.ts";
import { Listener } from "../../../drivers/zookeeper/news.ts";
import {
  CLOSING,
  Frame,
  login,
  opening,
  read,
  request,
  SIGN_OF_LIFE,
  watchBelow,
} from "../../../drivers/zookeeper/wire.ts";
import { answer, BEFORE, OPENED, scripted } from "./scripted.ts";
import { onStandingClock } from "../../tools/standing_clock.ts";

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

const TURN = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("a session is used for half of its time after the last request, and its signs of life come each third", () =>
  onStandingClock(async (clock) => {
    const { session, say, told } = await opened();
    // It lasts for nine seconds, whatever was asked for.
    clock.now += 4_499;
    assert.equal(session.lives, true);
    clock.now += 1;
    assert.equal(session.lives, false);
    const reply = session.send([read("/x")]);
    await say(answer(BEFORE + 1, 0));
    await reply;
    assert.equal(session.lives, true);
    const third = 3_000;
    assert.equal(session.keep(), third);
    clock.now += 1_000;
    assert.equal(session.keep(), third - 1_000);
    told.sent.length = 0;
    clock.now += third - 1_001;
    assert.equal(session.keep(), 1);
    assert.deepEqual(told.sent, []);
    clock.now += 0.5;
    assert.equal(session.keep(), third);
    await TURN();
    assert.deepEqual(told.sent, [...request(BEFORE + 2, SIGN_OF_LIFE)]);
    // A server that answers nothing until the next is given up.
    clock.now += third;
    assert.equal(session.keep(), third);
    assert.equal(session.lives, false);
  }));

Deno.test("a session says who asks in its first flight, and what the server refuses is thrown", async () => {
  const who = { user: "u", password: "p" };
  for (const [error, says] of [[0, undefined], [-115, /login failed/]] as const) {
    const server = scripted();
    const open = Session.open(server.socket, BEFORE, 9_000, who);
    // Whoever does not read it waits for nothing.
    void server.say(OPENED).then(() => server.say(answer(-4, error)));
    if (says) await assert.rejects(open, says);
    else (await open).retire();
    assert.deepEqual(server.told.sent, [
      ...opening(9_000),
      ...request(-4, login("u", "p")),
    ]);
  }
});

Deno.test("the numbers of requests go on, and begin anew before they are below 0", async () => {
  const server = scripted();
  const [session] = await Promise.all([
    Session.open(server.socket, 0x7ffffffe, 10_000, undefined),
    server.say(OPENED),
  ]);
  for (const number of [0x7fffffff, 0, 1]) {
    const [[reply]] = await Promise.all([
      session.send([read("/x")]),
      server.say(answer(number, 0)),
    ]);
    assert.equal(reply?.error, 0);
  }
  session.retire();
});

/** What the server tells of a node. */
const news = (path: string): Uint8Array =>
  new Frame().int(-1).int(0).int(0).int(0).int(4).int(3).text(path).bytes();

Deno.test("what is told of a node reaches those who listen, beside the answers, and a refused watch is an answer", async () => {
  const { session, say } = await opened();
  const [one, other] = [new Listener("/x"), new Listener("/y")];
  for (const each of [one, other]) session.listen(each);
  const replies = session.send([watchBelow("/x"), read("/x")]);
  await say(news("/x"));
  await say(answer(BEFORE + 1, -101));
  await say(answer(BEFORE + 2, 0));
  assert.deepEqual((await replies).map(({ error }) => error), [-101, 0]);
  assert.equal(await one.within(600_000, undefined), "changed");
  // It reads on for the other one.
  await say(news("/y"));
  assert.equal(await other.within(600_000, undefined), "changed");
  assert.equal(session.forget(other), false);
});

Deno.test("a session that is given up is closed when all have left it, and whoever listens hears that", async () => {
  const { session, told } = await opened();
  session.enter();
  const one = new Listener("/x");
  session.listen(one);
  session.leave();
  session.retire();
  assert.deepEqual([session.lives, told.closed], [false, false]);
  assert.equal(await one.within(600_000, undefined), "lost");
  session.leave();
  assert.equal(told.closed, true);
  const unused = await opened();
  unused.session.leave();
  assert.equal(unused.told.closed, false);
  unused.session.retire();
  assert.equal(unused.told.closed, true);
});

Deno.test("a session that ends says so to the server once, and not when it was given up before", async () => {
  const one = await opened();
  one.session.leave();
  one.told.sent.length = 0;
  await one.session.end();
  await one.session.end();
  assert.deepEqual(one.told.sent, [...request(0, CLOSING)]);
  assert.equal(one.told.closed, true);
});

Deno.test("a session that ends closes its socket at once, also while a call is under way, and that call fails", async () => {
  for (const retired of [false, true]) {
    const { session, told } = await opened();
    const waits = session.send([read("/x")]);
    if (retired) session.retire();
    await Promise.all([assert.rejects(waits), session.end()]);
    assert.equal(told.closed, true);
    session.leave();
  }
});

Deno.test("a server that closes the connection ends all that wait, and the session", async () => {
  const { session, say, socket } = await opened();
  const waits = session.send([read("/x")]);
  await say(new Uint8Array([0, 0]));
  socket.close();
  await assert.rejects(waits);
  await TURN();
  assert.equal(session.lives, false);
});
