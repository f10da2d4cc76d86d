/**
 * What the Redis driver makes of replies and errors, without a server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ConnectionError, InvalidArgument, UnknownOutcome } from "../../../errors.ts";
import { redis, type SendCommand } from "../../../drivers/redis/redis.ts";
import { fencedRedis } from "../../../fencing/mod.ts";

const OP = { op: "inspect", resource: "r", seat: "" } as const;
const ROW = "/r/ 5 i 1000 v";

/** A driver whose only command is answered so, or fails so. */
const answering = (reply: unknown) => redis(() => Promise.resolve(reply)).apply([OP]);
const failing = (message: string) => redis(() => Promise.reject(new Error(message))).apply([OP]);

Deno.test("only exactly what the script answers is an outcome", async () => {
  const lease = { seat: "", id: "i", token: 5, value: "v", left: 7 };
  assert.deepEqual(await answering([[1, `7 ${ROW}`]]), [{ ok: true, leases: [lease] }]);
  const [largest] = await answering([[1, "7 /r/ 9007199254740991 i 1000 v"]]);
  assert.equal(largest?.leases[0]?.token, Number.MAX_SAFE_INTEGER);
  assert.deepEqual(await answering([[0]]), [{ ok: false, leases: [] }]);
  for (
    const reply of [
      null,
      "OK",
      [],
      [[1], [1]],
      [1],
      [[]],
      [[true]],
      [[2]],
      [[-1]],
      [[1, ROW]],
      [[1, null]],
      [[1, ROW, `7 ${ROW}`]],
      [[1, `x ${ROW}`]],
      [[1, "7 r/ 5 i 1000 v"]],
      [[1, "7 /r/ x i 1000 v"]],
      [[1, "7 /r/ 9007199254740992 i 1000 v"]],
      [[1, "7 /r/ 5 i v"]],
      [[1, "7 /r/ 5  1000 v"]],
      [[1, 5]],
      "1",
      ["1"],
      [[["1"]]],
      [["01"]],
      [["10"]],
      [[">s"]],
      [[1, [`7 ${ROW}`]]],
    ]
  ) {
    await assert.rejects(answering(reply), UnknownOutcome, JSON.stringify(reply));
  }
});

Deno.test("leases come in the order of their seats, and a page says where the next one begins", async () => {
  const rows = ["b/2", "a/1", "c/3"].map((seat) => `9 /r/${encodeURIComponent(seat)} 5 i 9 v`);
  const look = (reply: unknown, limit?: number) =>
    redis(() => Promise.resolve(reply)).apply([{ op: "inspect", resource: "r", limit }]);
  const seats = ["a/1", "b/2", "c/3"];
  const [all] = await look([[1, ...rows]]);
  assert.deepEqual(all?.leases.map(({ seat }) => seat), seats);
  assert.equal(all?.after, undefined);
  const [page] = await look([[">a%2F1", ...rows]], 3);
  assert.deepEqual([page?.ok, page?.after], [true, "a/1"]);
  assert.deepEqual(page?.leases.map(({ seat }) => seat), seats);
  const [last] = await look([[1, ...rows]], 3);
  assert.deepEqual([last?.ok, last?.after], [true, undefined]);
  for (const head of ["0", "01", "1x", "x>s", "11"]) {
    await assert.rejects(look([[head]], 3), UnknownOutcome, head);
  }
});

Deno.test("a client that answers numbers as texts changes nothing", async () => {
  assert.deepEqual(await answering([["1", `7 ${ROW}`]]), await answering([[1, `7 ${ROW}`]]));
  assert.deepEqual(await answering([["0"]]), [{ ok: false, leases: [] }]);
});

Deno.test("a live lease has some time left, however little the server says, and no more than its ttl", async () => {
  const left = async (said: string): Promise<number | undefined> =>
    (await answering([[1, `${said} ${ROW}`]]))[0]?.leases[0]?.left;
  // -2: it ended between two commands of one script, which some servers allow.
  const told = await Promise.all(["0", "-2", "1", "999", "", "-1"].map(left));
  assert.deepEqual(told, [1, 1, 1, 999, 1000, Infinity]);
});

Deno.test("only an error that a server sends before it runs anything is definite", async () => {
  const definite: [message: string, code: string, retryable: boolean][] = [
    ["WRONGPASS invalid password", "unauthorized", false],
    ["NOAUTH Authentication required", "unauthorized", false],
    ["NOPERM this user has no permissions to run the command", "unauthorized", false],
    // So clients of Upstash put it.
    ['Command failed: WRONGPASS invalid, command was: ["evalsha","NOAUTH"]', "unauthorized", false],
    ["ERR max daily request limit exceeded", "connection", false],
    ["LOADING Redis is loading the dataset in memory", "connection", true],
    ["READONLY You can't write against a read only replica", "connection", true],
    ["OOM command not allowed when used memory > 'maxmemory'.", "connection", true],
    [
      "ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not allowed",
      "connection",
      true,
    ],
    ["MISCONF Redis is configured to save RDB snapshots, but it's unable to", "connection", true],
    ["NOREPLICAS Not enough good replicas to write.", "connection", true],
    ["MASTERDOWN Link with MASTER is down", "connection", true],
    ["BUSY Redis is busy running a script.", "connection", true],
    ["CLUSTERDOWN The cluster is down", "connection", true],
    ["TRYAGAIN Multiple keys request during rehashing of slot", "connection", true],
    ["ERR max number of clients reached", "connection", true],
    ["MOVED 3999 127.0.0.1:6381", "connection", false],
    ["ASK 3999 127.0.0.1:6381", "connection", false],
    ["CROSSSLOT Keys in request don't hash to the same slot", "connection", false],
    ["ERR unknown command 'EVALSHA', with args beginning with: ", "connection", false],
  ];
  for (const [message, code, retryable] of definite) {
    await assert.rejects(failing(message), (error) => {
      assert(error instanceof ConnectionError, message);
      assert.deepEqual([error.code, error.retryable], [code, retryable], message);
      const [word = ""] = /[A-Z]{3,}/.exec(message.replace(/^ERR Error.*-/, "")) ?? [];
      assert(error.message.includes(`nothing was written (${word}`), error.message);
      const advice = code === "unauthorized"
        ? "check the token and its rights"
        : retryable
        ? "if it does not pass, look at the server"
        : "check the URL, the network and your plan";
      assert(error.message.endsWith(`); ${advice}`), error.message);
      return true;
    });
  }
  const unknown = [
    ...["Connection is closed.", "Bad Gateway", "Service Unavailable", "Gateway Timeout"],
    ...["socket closed", "read ECONNRESET", "write EPIPE", "Command timed out", ""],
    // By a proxy, or in the middle of a script.
    ...["ERR no such command", "ERR user_script:9: it ended meanwhile"],
    ...["it is READONLY, OOM", "it says NOAUTH", "it has MOVED 1", "it: Command failed: OOM x"],
    "ERR The user executing the script can't run this command or subcommand script: 1",
  ];
  for (const message of unknown) {
    await assert.rejects(failing(message), UnknownOutcome, message);
  }
});

Deno.test("a slip in the send function is no outage, and of a call that was aborted nothing is known", async () => {
  await assert.rejects(
    redis((command) => Promise.resolve((command as unknown as { a: { b: never } }).a.b)).apply([
      OP,
    ]),
    { code: "misuse", message: /Cannot use this send: Cannot read properties of undefined/ },
  );
  const stop = new AbortController();
  const call = redis(() => {
    stop.abort();
    return Promise.reject(new Error("OOM command not allowed"));
  }).apply([OP], { signal: stop.signal });
  await assert.rejects(call, { code: "unknown-outcome", message: /the call was aborted/ });
});

Deno.test("a reply that settings of a client make is named by them, and tried no more", async () => {
  const bytes = new Uint8Array([49]);
  const odd: readonly (readonly [reply: unknown, says: RegExp | undefined])[] = [
    ["QUEUED", /the client is within MULTI/],
    [[[bytes, "x"]], /it answers bytes for texts/],
    [[bytes], /it answers bytes for texts/],
    [undefined, /it returns undefined, not the client's answer/],
    ...[null, "OK", [["x"]], bytes].map((reply) => [reply, undefined] as const),
  ];
  for (const [reply, says] of odd) {
    await assert.rejects(answering(reply), (error: UnknownOutcome) => {
      assert(error instanceof UnknownOutcome, `${error}`);
      assert.equal(error.retryable, says === undefined);
      assert.match(error.message, says ?? /\(the reply is not from Baton's script\)/);
      return true;
    });
  }
  await assert.rejects(answering("RENAMED"), {
    code: "connection",
    message: /keys under other names .*nothing was written/,
  });
});

Deno.test("a command is sent once, with the signal; only a missing script sends its text after it", async () => {
  const { signal } = new AbortController();
  for (const [first, sends] of [["NOSCRIPT No matching script", 2], ["ERR NOSCRIPT", 1]] as const) {
    const sent: [name: string | undefined, signal: AbortSignal | undefined][] = [];
    let reported = 0;
    const driver = redis(([name], given) => {
      sent.push([name, given]);
      assert.equal(reported, sent.length, "it is reported before it is sent");
      return sent.length === 1 ? Promise.reject(new Error(first)) : Promise.resolve([[1]]);
    });
    await driver.apply([OP], { signal, beforeRequest: () => reported++ })
      .catch((error) => assert(error instanceof UnknownOutcome));
    const expected = [["EVALSHA", signal], ["EVAL", signal]].slice(0, sends);
    assert.deepEqual(sent, expected);
    assert.equal(reported, sends);
  }
});

Deno.test("what is refused before a request is thrown as it is, and that request is not sent", async () => {
  for (const allowed of [0, 1]) {
    const reason = new RangeError("the budget is spent");
    let [reported, sent] = [0, 0];
    const driver = redis(() => {
      sent++;
      return Promise.reject(new Error("NOSCRIPT No matching script"));
    });
    const call = driver.apply([OP], {
      beforeRequest: () => {
        if (++reported > allowed) throw reason;
      },
    });
    await assert.rejects(call, (error) => error === reason);
    assert.equal(sent, allowed);
  }
});

Deno.test("no request is the same as an earlier one, whichever client of a process sends it", async () => {
  const sent = new Set<string>();
  const send = (command: readonly string[]): Promise<unknown> => {
    const text = JSON.stringify(command);
    assert(!sent.has(text), text);
    sent.add(text);
    const known = command[0] === "EVAL" || sent.size % 3 > 0;
    return known
      ? Promise.resolve([[1]])
      : Promise.reject(new Error("NOSCRIPT No matching script"));
  };
  const fenced = fencedRedis(send);
  for (const driver of [redis(send, { now: () => 1 }), redis(send, { now: () => 1 })]) {
    for (let i = 0; i < 20; i++) {
      await driver.apply([OP]);
      await fenced({ key: "f", token: 1 }, []).catch(() => {});
    }
  }
  assert(sent.size > 80);
});

Deno.test("what sends nothing is refused when the driver or the fence is made", () => {
  for (const send of [undefined, {}, "GET", { call: () => {} }] as unknown as SendCommand[]) {
    for (const make of [redis, fencedRedis]) {
      assert.throws(
        () => make(send),
        (error) =>
          error instanceof InvalidArgument &&
          /^Cannot use this send: .* not a function that sends; docs/.test(error.message),
      );
    }
  }
});
