/**
 * The item that holds all leases, and the one that shows the time.
 *
 * @module
 */

import type { ApplyOptions } from "../driver.ts";
import { nonces } from "../kit/nonce.ts";
import type { DocumentStore, Found } from "./document.ts";
import { type Connection, OddReply, type Replies, type Way } from "./memcached_connection.ts";
import { memcachedError, unusable } from "./memcached_errors.ts";

/** Which version of the item was read, and over which connection. */
export interface Version {
  /**
   * Memcached counts versions from 1 on each time it starts. A connection does not outlive it, so a write
   * over the same one goes by the same count.
   */
  readonly connection: Connection;
  /** `undefined` of the item that is not there yet. */
  readonly cas: string | undefined;
}

/** How far a sender's clock may be from the server's, in ms, for tokens to follow it. */
const APART = 3_000;
/**
 * When the item ends that shows the time, in seconds since 1970: the latest that memcached knows. What it
 * shows is how long that is from now. So one that replaces a lost one shows the same time.
 */
const LAST_SECOND = 2 ** 31 - 1;
/** The longest item that is read, in bytes; memcached's own limit is 1 MiB by default. */
const MOST = 32 * 2 ** 20;

/** An item of memcached. */
export class ItemStore implements DocumentStore<Version> {
  readonly #way: Way;
  readonly #key: string;
  readonly #now: () => number;
  readonly #nonce = nonces();

  /** With the sender's clock, for tokens. */
  constructor(way: Way, key: string, now: () => number) {
    this.#way = way;
    this.#key = key;
    this.#now = now;
  }

  async read(options: ApplyOptions): Promise<Found<Version>> {
    const { signal, beforeRequest } = options;
    const connection = await this.#way.enter(signal);
    for (let attempt = 0; attempt < 3; attempt++) {
      signal?.throwIfAborted();
      beforeRequest?.();
      const { left, text, cas } = await this.#look(connection, signal);
      // To the one who makes the item it does not show the time yet.
      if (left < 0) continue;
      const now = (LAST_SECOND - left) * 1_000;
      const fine = Math.min(Math.max(this.#now(), now - APART), now + APART);
      return { text, version: { connection, cas }, now, fine };
    }
    throw unusable("its item for the time has no end; choose another key");
  }

  async #look(connection: Connection, signal: AbortSignal | undefined) {
    const nonce = this.#nonce();
    const commands = `mg ${this.#key}.clock O${nonce} s c t N${LAST_SECOND}\r\n` +
      `mg ${this.#key} O${nonce} c v\r\n`;
    const found = await this.#ask(connection, commands, false, signal, async (replies) => {
      const first = matched(await replies.line(), /^HD O\S+ (s\d+ c\d+) t(-?\d+)/, nonce);
      const [, kind = "", left] = first;
      const line = await replies.line();
      if (/^EN\b/.test(line)) return { kind, left: Number(left) };
      const [, length, cas] = matched(line, /^VA (\d{1,8}) O\S+ c(\d+)/, nonce);
      if (Number(length) > MOST) throw new OddReply(line);
      return { kind, left: Number(left), cas, text: await replies.text(Number(length)) };
    });
    // Ours is empty, and has a version.
    if (/c0$/.test(found.kind)) throw unusable("it counts no versions; start it without -C");
    if (!/^s0 /.test(found.kind)) {
      throw unusable("somebody else's item is there; choose another key");
    }
    return found;
  }

  async write(
    text: string,
    { connection, cas }: Version,
    { signal, beforeRequest }: ApplyOptions,
  ): Promise<boolean> {
    signal?.throwIfAborted();
    // Another call was given up on it meanwhile. What was read there is looked at again.
    if (!connection.open) return false;
    beforeRequest?.();
    // Not by `ms`: where the new item finds no room, that one deletes the old item.
    const [command, version] = cas === undefined ? ["add", ""] : ["cas", ` ${cas}`];
    const { length } = new TextEncoder().encode(text);
    const item = `${command} ${this.#key} 0 0 ${length}${version}\r\n${text}\r\n`;
    const line = await this.#ask(connection, item, true, signal, (replies) => replies.line());
    if (line === "STORED") return true;
    if (/^(EXISTS|NOT_FOUND|NOT_STORED)$/.test(line)) return false;
    throw memcachedError(new OddReply(line), { writes: true, answered: true });
  }

  async #ask<T>(
    connection: Connection,
    commands: string,
    writes: boolean,
    signal: AbortSignal | undefined,
    read: (replies: Replies) => Promise<T>,
  ): Promise<T> {
    try {
      return await connection.ask(commands, read, signal);
    } catch (error) {
      throw memcachedError(error, { writes, answered: this.#way.answered, signal });
    }
  }
}

/** @throws {OddReply} when it is not the reply to what was asked. */
function matched(line: string, form: RegExp, nonce: string): RegExpExecArray {
  const found = form.exec(line);
  if (!found || !line.includes(` O${nonce} `)) throw new OddReply(line);
  return found;
}
