/**
 * A connection to memcached: commands go out in flights, and their replies come in the same order.
 *
 * @module
 */

import { unlessAborted } from "../kit/aborts.ts";
import type { Connect, Socket, SocketAddress } from "../kit/sockets.ts";

/** A reply that is not one to what was asked. */
export class OddReply extends Error {
  /** What was answered, by memcached or by another server. It may repeat what was sent. */
  readonly line: string;

  /** With the line. */
  constructor(line: string) {
    super("an odd reply");
    this.line = line;
  }
}

/** No line of memcached's is longer, in bytes. */
const LONGEST_LINE = 2_048;
/** The end of a line. */
const NEWLINE = 10;
const END = "\r\n";

/** What is read of the replies to one flight. */
export interface Replies {
  /** The next line, without its end. */
  line(): Promise<string>;
  /** The next bytes as a text, and the end of a line after them. */
  text(length: number): Promise<string>;
}

/** An open connection, which any number of calls share. */
export class Connection implements Replies {
  /** Whether further calls may use it. */
  open = true;
  readonly #socket: Socket;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #rest = new Uint8Array();
  readonly #answered: () => void;
  #login: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #calls = 0;

  /** With the command that logs in, if there is one, which goes out with the first flight. */
  constructor(socket: Socket, login: string | undefined, answered: () => void) {
    this.#socket = socket;
    this.#answered = answered;
    this.#login = login;
    this.#reader = socket.readable.getReader();
    this.#writer = socket.writable.getWriter();
    // A write that fails says so itself.
    this.#writer.closed.catch(() => {});
  }

  /**
   * Sends commands, and reads their replies. After an error or an abort no further call uses this
   * connection, because nobody knows where the next reply begins; it is closed when all have left.
   */
  async ask<T>(
    commands: string,
    read: (replies: Replies) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    this.#calls++;
    try {
      return await unlessAborted(this.#exchange(commands, read), signal);
    } catch (error) {
      this.open = false;
      throw error;
    } finally {
      if (--this.#calls === 0 && !this.open) this.#socket.close();
    }
  }

  /** No further call shall use it. It is closed when those that do have left. */
  retire(): void {
    this.open = false;
    if (this.#calls === 0) this.#socket.close();
  }

  async line(): Promise<string> {
    let end: number;
    while ((end = this.#rest.indexOf(NEWLINE)) < 0) {
      if (this.#rest.length > LONGEST_LINE) throw new OddReply("");
      await this.#more();
    }
    return this.#take(end + 1).trimEnd();
  }

  async text(length: number): Promise<string> {
    while (this.#rest.length < length + END.length) await this.#more();
    const text = this.#take(length);
    if (this.#take(END.length) !== END) throw new OddReply("");
    return text;
  }

  #exchange<T>(commands: string, read: (replies: Replies) => Promise<T>): Promise<T> {
    const login = this.#login;
    this.#login = undefined;
    const bytes = new TextEncoder().encode(`${login ?? ""}${commands}`);
    // Those who wait for the reply see the end of the connection then.
    this.#writer.write(bytes).catch(() => this.#socket.close());
    const reply = this.#turn.then(async () => {
      if (login !== undefined) {
        const line = await this.line();
        if (line !== "STORED") throw new OddReply(line);
      }
      return await read(this);
    });
    this.#turn = reply;
    // Those whose call was aborted have left.
    reply.catch(() => {});
    return reply;
  }

  #take(length: number): string {
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }

  async #more(): Promise<void> {
    const { value } = await this.#reader.read();
    if (!value) throw new Error("the server closed the connection");
    this.#answered();
    const [before, all] = [this.#rest, new Uint8Array(this.#rest.length + value.length)];
    all.set(before);
    all.set(value, before.length);
    this.#rest = all;
  }
}

/** A connection that is being opened, and how many wait for it. */
interface Opening {
  readonly connection: Promise<Connection>;
  readonly stop: AbortController;
  waiting: number;
}

/** The way to a server: one connection, which is opened when it is needed. */
export class Way {
  /** Whether anybody has ever answered there. */
  answered = false;
  readonly #connect: Connect;
  readonly #address: SocketAddress;
  readonly #login: string | undefined;
  #connection: Connection | undefined;
  #opening: Opening | undefined;

  /** Nothing is opened yet. */
  constructor(connect: Connect, address: SocketAddress, login: string | undefined) {
    this.#connect = connect;
    this.#address = address;
    this.#login = login;
  }

  /**
   * An open connection.
   *
   * @throws the signal's reason when it aborts before there is one; what `connect` throws.
   */
  async enter(signal: AbortSignal | undefined): Promise<Connection> {
    if (this.#connection?.open) return this.#connection;
    const opening = this.#opening ??= this.#begin();
    opening.waiting++;
    try {
      return await unlessAborted(opening.connection, signal);
    } finally {
      // Others may still wait for it.
      if (--opening.waiting === 0) {
        this.#opening = undefined;
        opening.stop.abort();
      }
    }
  }

  /** Closes the connection. The next call opens another one. */
  end(): void {
    this.#connection?.retire();
  }

  #begin(): Opening {
    const stop = new AbortController();
    const open = async (): Promise<Connection> => {
      const socket = await this.#connect({ ...this.#address, signal: stop.signal });
      const answered = () => void (this.answered = true);
      const connection = this.#connection = new Connection(socket, this.#login, answered);
      // Nobody waits for it any more.
      if (stop.signal.aborted) connection.retire();
      return connection;
    };
    return { connection: open(), stop, waiting: 0 };
  }
}
