/**
 * The bytes of requests, and what answers say, byte by byte as ZooKeeper's protocol has them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  Answer,
  check,
  CLOSING,
  container,
  create,
  Frame,
  isWatched,
  lengthOf,
  list,
  login,
  look,
  opening,
  type Part,
  read,
  remove,
  request,
  SIGN_OF_LIFE,
  transaction,
  unwatch,
  watchBelow,
  watchFor,
  write,
} from "../../../drivers/zookeeper/wire.ts";

type Piece = number | string | readonly number[];

/** Numbers of 32 bits, texts with their lengths, and single bytes as lists. */
function bytes(...parts: readonly Piece[]): number[] {
  return parts.flatMap((part): readonly number[] => {
    if (typeof part === "object") return part;
    const text = Buffer.from(typeof part === "string" ? part : "");
    const number = Buffer.alloc(4);
    number.writeInt32BE(typeof part === "string" ? text.length : part);
    return [...number, ...text];
  });
}

const framed = (...parts: readonly Piece[]): number[] => {
  const all = bytes(...parts);
  return [...bytes(all.length), ...all];
};
const [NO, YES] = [[0], [1]];
const WORLD = [1, 31, "world", "anyone"] as const;
const AUTH = [1, 31, "auth", ""] as const;
const ALONE: readonly (readonly [part: Part, type: number, ...rest: Piece[]])[] = [
  [create("/é", "world", "t"), 1, "/é", "t", ...WORLD, 0],
  [create("/a", "auth"), 1, "/a", "", ...AUTH, 0],
  [container("/a", "world"), 19, "/a", "", ...WORLD, 4],
  [remove("/a"), 2, "/a", -1],
  [remove("/a", 7), 2, "/a", 7],
  [write("/a", "t"), 5, "/a", "t", -1],
  [write("/a", "t", 7), 5, "/a", "t", 7],
  [check("/a"), 13, "/a", -1],
  [read("/a"), 4, "/a", NO],
  [list("/a"), 8, "/a", NO],
  [watchBelow("/a"), 8, "/a", YES],
  [watchFor("/a"), 3, "/a", YES],
  [unwatch("/a"), 18, "/a", 3],
  [SIGN_OF_LIFE, 3, "/", NO],
  [CLOSING, -11],
  [login("u", "p"), 100, 0, "digest", "u:p"],
];

Deno.test("ZooKeeper: each request is its number, its type and its record", () => {
  for (const [part, type, ...rest] of ALONE) {
    assert.deepEqual([...request(41, part)], framed(41, type, ...rest), JSON.stringify(rest));
  }
  const large = "x".repeat(5_000);
  assert.deepEqual([...request(1, write("/a", large))], framed(1, 5, "/a", large, -1));
});

Deno.test("ZooKeeper: a transaction and a look are their parts, each with a head, and an end", () => {
  const end = [-1, YES, -1] as const;
  const parts = [check("/a"), remove("/b", 7)];
  assert.deepEqual(
    [...request(1, transaction(parts))],
    framed(1, 14, ...[13, NO, -1, "/a", -1], ...[2, NO, -1, "/b", 7], ...end),
  );
  assert.deepEqual([...request(1, look([read("/a")]))], framed(1, 22, 4, NO, -1, "/a", NO, ...end));
});

Deno.test("ZooKeeper: a session is asked for with nothing but how long it lasts", () => {
  assert.deepEqual(
    [...opening(9_000)],
    framed(0, 0, 0, 9_000, 0, 0, 16, 0, 0, 0, 0, NO),
  );
});

Deno.test("ZooKeeper: a frame grows, wherever it is full", () => {
  for (let n = 500; n < 520; n++) {
    const [text, frame] = ["x".repeat(n), new Frame()];
    assert.deepEqual([...frame.text(text).bool(true).int(5).bytes()], framed(text, YES, 5));
  }
});

Deno.test("ZooKeeper: a node that is missing is watched for, and not what is below one", () => {
  assert.equal(watchFor("/a").watches, "/a");
  assert.equal(watchBelow("/a").watches, "/a");
  assert.equal(read("/a").watches, undefined);
  assert.deepEqual([isWatched(watchFor("/a"), 0), isWatched(watchFor("/a"), -101)], [true, true]);
  assert.deepEqual([isWatched(watchBelow("/a"), 0), isWatched(watchBelow("/a"), -101)], [
    true,
    false,
  ]);
});

const answered = (...parts: readonly Piece[]): Answer =>
  new Answer(Uint8Array.from(bytes(...parts)));
/** Four numbers of 64 bits, three of 32, one of 64, two of 32 and one of 64. */
const STAT = [0, 11, 0, 12, 0, 13, 1, 14, 15, 98, 99, 97, 96, 95, 16, 0, 17] as const;
const stat = {
  ...{ czxid: 11, mzxid: 12, ctime: 13, mtime: 2 ** 32 + 14, version: 15 },
  ...{ children: 16, pzxid: 17 },
};

Deno.test("ZooKeeper: the results of a transaction or a look are read, one by one", () => {
  const head = (type: number) => [type, NO, 0] as const;
  const answer = answered(
    ...[...head(-1), -101],
    ...[...head(1), "/a"],
    ...[...head(15), "/b", ...STAT],
    ...[...head(19), "/c", ...STAT],
    ...[...head(5), ...STAT],
    ...[...head(4), "t", ...STAT],
    ...[...head(8), 2, "x", "é"],
    ...head(2),
    ...[-1, YES, -1, 7],
  );
  assert.deepEqual(answer.results(), [
    { error: -101 },
    { text: "/a" },
    { text: "/b", stat },
    { text: "/c", stat },
    { stat },
    { text: "t", stat },
    { names: ["x", "é"] },
    {},
  ]);
  // It ends where they end.
  assert.equal(answer.int(), 7);
});

Deno.test("ZooKeeper: numbers and texts are as they were written, and what is not there is an error", () => {
  const answer = answered(-5, -1, -7, "\uFEFFé", -1, 9);
  assert.deepEqual([answer.int(), answer.long()], [-5, -7]);
  // One that is missing has the length -1.
  assert.deepEqual([answer.text(), answer.text(), answer.int()], ["\uFEFFé", "", 9]);
  assert.throws(() => answer.int(), RangeError);
  assert.throws(() => answered(9, [1]).text());
  assert.throws(() => answered(1, [0xff]).text(), TypeError);
  const within = Uint8Array.from([9, 9, ...bytes(5, "t"), 9]);
  const part = new Answer(within.subarray(2, -1));
  assert.deepEqual([part.int(), part.text()], [5, "t"]);
});

Deno.test("ZooKeeper: an answer is as long as ZooKeeper makes them, and the first one short", () => {
  const length = (n: number, first = false) => lengthOf(Uint8Array.from(bytes(n)), first);
  const most = 32 * 2 ** 20;
  assert.deepEqual([length(0), length(most), length(41, true)], [0, most, 41]);
  for (const [n, first] of [[-1], [most + 1], [42, true]] as const) {
    assert.throws(() => length(n, first), RangeError);
  }
  assert.equal(lengthOf(Uint8Array.from([9, ...bytes(7)]).subarray(1), false), 7);
});
