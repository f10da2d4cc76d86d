/**
 * ZooKeeper's own protocol: numbers are big-endian, a text is its length and its UTF-8, and every
 * request and answer is a frame, which begins with its length.
 *
 * @module
 */

/** What a server answers about a node. Transactions are numbered; a number is a `zxid`. */
export interface Stat {
  /** The transaction that created it. */
  readonly czxid: number;
  /** The transaction that wrote it last. */
  readonly mzxid: number;
  /** When it was created, in ms on the leader's clock. */
  readonly ctime: number;
  /** When it was written last, in ms on the leader's clock. */
  readonly mtime: number;
  /** How often it was written. */
  readonly version: number;
  /** How many nodes are directly below it. */
  readonly children: number;
  /** The transaction that last created or deleted a node directly below it. */
  readonly pzxid: number;
}

/** What is known after one part of a transaction, or of a look. */
export interface Result {
  /** ZooKeeper's code, unless it was done. */
  readonly error?: number;
  /** The node's. */
  readonly stat?: Stat;
  /** The node's text. */
  readonly text?: string;
  /** The names of the nodes below it. */
  readonly names?: readonly string[];
}

/** One operation, alone or as a part of a transaction or a look. */
export interface Part {
  /** Its number in the protocol. */
  readonly type: number;
  /** Writes what it is about. */
  readonly record: (frame: Frame) => Frame;
  /** The node of which the server tells once when it changes. */
  readonly watches?: string;
}

/** Who may use what is created: everybody, or those who log in as its creator did. */
export type Access = "world" | "auth";

/** Every version. */
export const ANY = -1;

const CONTAINER = 4;
const ALL_RIGHTS = 31;
const [CREATE, DELETE, EXISTS, GET_DATA, SET_DATA, GET_CHILDREN] = [1, 2, 3, 4, 5, 8];
const [CHECK, MULTI, CREATE_2, UNWATCH, CREATE_CONTAINER, MULTI_READ] = [13, 14, 15, 18, 19, 22];
const [FAILED, LOGIN, CLOSE] = [-1, 100, -11];
/** The number of an answer to a login. */
export const LOGGED_IN = -4;
/** The number of what the server tells of a node that was watched. */
export const NEWS = -1;
/** Watches of all kinds. */
const ALL_WATCHES = 3;
/** The longest answer that is read, in bytes. */
const MOST = 32 * 2 ** 20;
const FIRST_ANSWER = 41;

function part(type: number, path: string, rest: (frame: Frame) => Frame = (frame) => frame): Part {
  return { type, record: (frame) => rest(frame.text(path)) };
}

/** Creates a node with a text; it fails if it is there. */
export function create(path: string, access: Access, text = ""): Part {
  return part(CREATE, path, (frame) => frame.text(text).access(access).int(0));
}

/** The same for a node that the server removes when it has had nodes below it and has none any more. */
export function container(path: string, access: Access): Part {
  return part(CREATE_CONTAINER, path, (frame) => frame.text("").access(access).int(CONTAINER));
}

/** Deletes a node of that version. It fails if there are nodes below it. */
export function remove(path: string, version = ANY): Part {
  return part(DELETE, path, (frame) => frame.int(version));
}

/** Writes a node of that version. */
export function write(path: string, text: string, version = ANY): Part {
  return part(SET_DATA, path, (frame) => frame.text(text).int(version));
}

/** Fails if there is no such node. */
export function check(path: string): Part {
  return part(CHECK, path, (frame) => frame.int(ANY));
}

/** Reads a node. */
export function read(path: string): Part {
  return part(GET_DATA, path, (frame) => frame.bool(false));
}

/** Reads the names of the nodes below one. */
export function list(path: string): Part {
  return part(GET_CHILDREN, path, (frame) => frame.bool(false));
}

/** Tells when a node comes or goes below that one, or when it goes. It fails if it is not there. */
export function watchBelow(path: string): Part {
  return { ...part(GET_CHILDREN, path, (frame) => frame.bool(true)), watches: path };
}

/** Tells when that node comes. It fails if it is not there, and watches all the same. */
export function watchFor(path: string): Part {
  return { ...part(EXISTS, path, (frame) => frame.bool(true)), watches: path };
}

/** Whether the server tells, after this answer to a request that watches. */
export function isWatched({ type }: Part, error: number): boolean {
  return error === 0 || type === EXISTS;
}

/** Watches that node no longer. */
export function unwatch(path: string): Part {
  return part(UNWATCH, path, (frame) => frame.int(ALL_WATCHES));
}

/** Asks for nothing, and shows that somebody is there. */
export const SIGN_OF_LIFE: Part = part(EXISTS, "/", (frame) => frame.bool(false));

/** All of them or none. */
export function transaction(parts: readonly Part[]): Part {
  return several(MULTI, parts);
}

/** Reads at one instant: a server runs no transaction while it reads. */
export function look(parts: readonly Part[]): Part {
  return several(MULTI_READ, parts);
}

/** Ends the session. */
export const CLOSING: Part = { type: CLOSE, record: (frame) => frame };

/** Says who asks. It has a number of its own. */
export function login(user: string, password: string): Part {
  return {
    type: LOGIN,
    record: (frame) => frame.int(0).text("digest").text(`${user}:${password}`),
  };
}

function several(type: number, parts: readonly Part[]): Part {
  return {
    type,
    record(frame) {
      for (const each of parts) each.record(frame.int(each.type).bool(false).int(-1));
      return frame.int(-1).bool(true).int(-1);
    },
  };
}

/** The first frame of a session. */
export function opening(timeout: number): Uint8Array {
  // Version, the last transaction seen, how long a session lasts, the session and its password: none.
  const frame = new Frame().int(0).int(0).int(0).int(timeout).int(0).int(0);
  // Not read-only.
  return frame.int(16).int(0).int(0).int(0).int(0).bool(false).bytes();
}

/** A request under that number. */
export function request(number: number, { type, record }: Part): Uint8Array {
  return record(new Frame().int(number).int(type)).bytes();
}

/** A frame that is being written. */
export class Frame {
  #view = new DataView(new ArrayBuffer(512));
  #at = 4;

  /** A number of 32 bits. */
  int(value: number): this {
    this.#room(4).setInt32(this.#at, value);
    this.#at += 4;
    return this;
  }

  /** Yes or no. */
  bool(value: boolean): this {
    this.#room(1).setUint8(this.#at++, Number(value));
    return this;
  }

  /** A text. */
  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    this.int(bytes.length);
    new Uint8Array(this.#room(bytes.length).buffer).set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** Who has all rights. */
  access(access: Access): this {
    return this.int(1).int(ALL_RIGHTS).text(access).text(access === "world" ? "anyone" : "");
  }

  /** All of it. */
  bytes(): Uint8Array {
    this.#view.setInt32(0, this.#at - 4);
    return new Uint8Array(this.#view.buffer, 0, this.#at);
  }

  #room(bytes: number): DataView {
    const { buffer, byteLength } = this.#view;
    if (this.#at + bytes > byteLength) {
      const larger = new Uint8Array(2 * (byteLength + bytes));
      larger.set(new Uint8Array(buffer));
      this.#view = new DataView(larger.buffer);
    }
    return this.#view;
  }
}

/** A frame that is being read. What is not there throws a RangeError. */
export class Answer {
  readonly #view: DataView;
  #at = 0;

  /** Its bytes, without their length. */
  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A number of 32 bits. */
  int(): number {
    this.#at += 4;
    return this.#view.getInt32(this.#at - 4);
  }

  /** A number of 64 bits, of which 53 are exact. */
  long(): number {
    this.#at += 8;
    return Number(this.#view.getBigInt64(this.#at - 8));
  }

  /** A text. */
  text(): string {
    // One that is missing has the length -1.
    const length = Math.max(0, this.int());
    const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset + this.#at, length);
    this.#at += length;
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  }

  /** A node's. */
  stat(): Stat {
    const [czxid, mzxid, ctime, mtime] = [this.long(), this.long(), this.long(), this.long()];
    const version = this.int();
    // How often what is below it and its rights changed, whose it is, and its length.
    this.#at += 4 + 4 + 8 + 4;
    return { czxid, mzxid, ctime, mtime, version, children: this.int(), pzxid: this.long() };
  }

  /** The results of a transaction or a look. */
  results(): Result[] {
    const results: Result[] = [];
    for (;;) {
      const type = this.int();
      const over = this.#view.getInt8(this.#at++) !== 0;
      this.#at += 4;
      if (over) return results;
      results.push(this.result(type));
    }
  }

  /** The result of an operation of that type. */
  result(type: number): Result {
    switch (type) {
      case FAILED:
        return { error: this.int() };
      case CREATE:
        return { text: this.text() };
      // What 3.8 answers as the above, for all kinds of nodes.
      case CREATE_2:
      case CREATE_CONTAINER:
        return { text: this.text(), stat: this.stat() };
      case SET_DATA:
        return { stat: this.stat() };
      case GET_DATA:
        return { text: this.text(), stat: this.stat() };
      case GET_CHILDREN:
        return { names: Array.from({ length: this.int() }, () => this.text()) };
      default:
        return {};
    }
  }
}

/**
 * How long an answer is, by the bytes that it begins with.
 *
 * @throws {RangeError} when no answer of ZooKeeper is so long.
 */
export function lengthOf(head: Uint8Array, first: boolean): number {
  const length = new DataView(head.buffer, head.byteOffset).getInt32(0);
  if (length < 0 || length > (first ? FIRST_ANSWER : MOST)) throw new RangeError("not ZooKeeper");
  return length;
}
