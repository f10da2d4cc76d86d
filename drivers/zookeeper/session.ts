/**
 * A session with one server: requests go out in flights, and their answers come in the same order.
 *
 * @module
 */

import { type Instant, instant, since } from "../kit/instants.ts";
import type { Socket } from "../kit/sockets.ts";
import { Refused } from "./errors.ts";
import { type Listener, Listeners } from "./news.ts";
import {
  Answer,
  CLOSING,
  lengthOf,
  LOGGED_IN,
  login,
  NEWS,
  opening,
  type Part,
  request,
  SIGN_OF_LIFE,
} from "./wire.ts";

/** Who asks. */
export interface Login {
  /** The user. */
  readonly user: string;
  /** The password. */
  readonly password: string;
}

/** An answer, and the transaction that the server had seen when it gave it. */
export interface Reply {
  /** What it says, with the number of the transaction before it. */
  readonly answer: Answer;
  /** The number of the last transaction. */
  readonly zxid: number;
  /** ZooKeeper's code, if it refused a request that watches. */
  readonly error: number;
}

interface Waiting {
  readonly number: number;
  readonly mayFail: boolean;
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

/** An open session, which any number of calls share. */
export class Session {
  readonly #socket: Socket;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting: Waiting[] = [];
  readonly #listeners = new Listeners();
  #rest: Uint8Array = new Uint8Array();
  #timeout = 0;
  #number: number;
  #used: Instant = instant();
  #retired = false;
  #reading = false;
  #calls = 0;

  private constructor(socket: Socket, number: number) {
    this.#socket = socket;
    this.#number = number;
    this.#reader = socket.readable.getReader();
    this.#writer = socket.writable.getWriter();
    // A write that fails says so itself.
    this.#writer.closed.catch(() => {});
  }

  /**
   * Opens one. The caller closes the socket if it fails.
   *
   * @param number The number before that of the first request.
   * @param timeout For how long it lasts when nothing is sent, in ms; the server may choose another time.
   * @throws {Error} when the server did not open one. It has done nothing then.
   */
  static async open(
    socket: Socket,
    number: number,
    timeout: number,
    who: Login | undefined,
  ): Promise<Session> {
    const session = new Session(socket, number);
    // In one flight: a server reads on when the session is there.
    const more = who ? [request(LOGGED_IN, login(who.user, who.password))] : [];
    await session.#write([opening(timeout), ...more]);
    const answer = new Answer(await session.#frame(true));
    answer.int();
    session.#timeout = answer.int();
    if (session.#timeout <= 0) throw new Error("the server opened no session");
    if (who) await session.#loggedIn();
    return session;
  }

  /**
   * Whether it may be used: the server ends it when nothing has come for a while, and there is no timer
   * here that would send something.
   */
  get lives(): boolean {
    return !this.#retired && since(this.#used) < this.#timeout / 2;
  }

  /** Sends requests, and answers what came back. The answers are in the order of the requests. */
  async send(parts: readonly Part[]): Promise<Reply[]> {
    this.#used = instant();
    const frames = parts.map((part) => {
      // Those below 0 have meanings of their own.
      this.#number = (this.#number + 1) & 0x7fffffff;
      const mayFail = part.watches !== undefined;
      return { number: this.#number, mayFail, bytes: request(this.#number, part) };
    });
    const replies = frames.map((frame) =>
      new Promise<Reply>((resolve, reject) => this.#waiting.push({ ...frame, resolve, reject }))
    );
    const all = Promise.all(replies);
    // Where the first has failed nobody asks for the others.
    for (const reply of replies) reply.catch(() => {});
    if (!this.#reading) this.#read();
    this.#write(frames.map(({ bytes }) => bytes)).catch((error) => this.#fail(error));
    return await all;
  }

  /** What this node's watch tells is for that one, too. Call it before the request that watches. */
  listen(one: Listener): void {
    this.#listeners.add(one);
  }

  /** That one listens no longer. Answers whether the server need not tell of its node any more. */
  forget(one: Listener): boolean {
    return this.#listeners.remove(one);
  }

  /**
   * While somebody listens, the server must hear of us, and we of it. Answers in how many ms to see to it
   * again. A session in which the server is silent for too long is given up.
   */
  keep(): number {
    const pause = this.#timeout / 3;
    const left = pause - since(this.#used);
    if (left >= 1) return left;
    if (this.#waiting.length > 0) this.retire();
    else this.send([SIGN_OF_LIFE]).catch(() => {});
    return pause;
  }

  /** A call begins to use it. */
  enter(): void {
    this.#calls++;
  }

  /** A call does not use it any longer. */
  leave(): void {
    if (--this.#calls === 0 && this.#retired) this.#socket.close();
  }

  /** No further call shall use it, nor listen. It is closed when those that use it have left. */
  retire(): void {
    this.#retired = true;
    this.#listeners.lose();
    if (this.#calls === 0) this.#socket.close();
  }

  /** Ends it on the server, too. */
  async end(): Promise<void> {
    if (!this.#retired) await this.#write([request(0, CLOSING)]).catch(() => {});
    this.retire();
    // A call that is still under way would close the socket only when it leaves, after this has ended.
    this.#socket.close();
  }

  async #loggedIn(): Promise<void> {
    const answer = new Answer(await this.#frame());
    answer.int();
    answer.long();
    const error = answer.int();
    if (error) throw new Refused(error);
  }

  /** Reads as long as anybody waits or listens: a process may end while nobody does. */
  async #read(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#waiting.length > 0 || !this.#listeners.none) {
        const answer = new Answer(await this.#frame());
        const [number, zxid, error] = [answer.int(), answer.long(), answer.int()];
        if (number === NEWS) {
          // What has happened to the node, and how the session is.
          answer.long();
          this.#listeners.tell(answer.text());
          continue;
        }
        const [next] = this.#waiting;
        if (number !== next?.number) throw new Error("an answer to another question");
        this.#waiting.shift();
        // The session is over, or another server's.
        if (error === -112 || error === -118) this.retire();
        if (error && !next.mayFail) next.reject(new Refused(error));
        else next.resolve({ answer, zxid, error });
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#reading = false;
  }

  #fail(error: unknown): void {
    this.retire();
    this.#socket.close();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** In one go, for each flight is one round trip. */
  async #write(frames: readonly Uint8Array[]): Promise<void> {
    await this.#writer.write(joined(frames));
  }

  async #frame(first = false): Promise<Uint8Array> {
    try {
      return await this.#take(lengthOf(await this.#take(4), first));
    } catch (error) {
      throw error instanceof RangeError ? new Error("what answers is not ZooKeeper") : error;
    }
  }

  async #take(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      if (this.#rest.length === 0) {
        const { value } = await this.#reader.read();
        if (!value) throw new Error("the server closed the connection");
        this.#rest = value;
      }
      const part = this.#rest.subarray(0, length - at);
      bytes.set(part, at);
      at += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return bytes;
  }
}

function joined(frames: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((all, { length }) => all + length, 0));
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}
