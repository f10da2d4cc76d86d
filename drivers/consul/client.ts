/**
 * Requests to Consul for one batch.
 *
 * @module
 */

import type { ApplyOptions } from "../driver.ts";
import { partly } from "../kit/failure.ts";
import { plainRequest, textIn } from "../kit/http.ts";
import { consulError, Refused } from "./errors.ts";
import type { Found } from "./record.ts";
import type { Verb } from "./transaction.ts";

/** Where Consul is, and how it is asked. */
export interface Server {
  /** The origin, with the path of a proxy if there is one, and no slash at the end. */
  readonly base: string;
  /** What each request has after the `?`. */
  readonly query: string;
  /** What a request that only reads has besides. */
  readonly reading: string;
  /** The headers of each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Makes a text that never repeats. */
  readonly nonce: () => string;
}

/** What a transaction found. */
export interface Done {
  /** The keys that were read or written. */
  readonly found: readonly Found[];
  /** The agent's clock, in ms since 1970. */
  readonly now: number;
}

/** What is watched. */
export interface Watched {
  /** A key, or what keys begin with. */
  readonly key: string;
  /** Whether all keys are watched that begin so. */
  readonly all: boolean;
}

/** The longest that Consul waits, in ms. */
const LONGEST_WAIT = 600_000;

/** Why nothing was written: a condition did not hold, or a session has ended. */
export type Undone = "changed" | "no session";

/** The requests of one batch. */
export class Requests {
  readonly #server: Server;
  readonly #options: ApplyOptions;
  /** Whether something may have been written. */
  #wrote = false;

  /** Nothing is sent yet. */
  constructor(server: Server, options: ApplyOptions) {
    this.#server = server;
    this.#options = options;
  }

  /** Reads, or writes: all of it or nothing. */
  async transact(verbs: readonly Verb[], reads: boolean): Promise<Done | Undone> {
    const body = JSON.stringify(verbs.map((KV) => ({ KV })));
    return await this.#ask(
      "txn",
      body,
      reads ? this.#server.reading : "",
      (answer) => {
        const { Results, Errors } = JSON.parse(answer.text);
        if (answer.status === 409) {
          const said = (text: string) => Errors.some(({ What }: Fault) => What.startsWith(text));
          if (said("Permission denied")) {
            throw new Refused(403, "Permission denied");
          }
          return said("invalid session") ? "no session" : "changed";
        }
        const now = Date.parse(answer.headers.get("date") ?? "");
        const found = Array.from(Results as Iterable<{ KV: Found }>, ({ KV }) => KV);
        if (!Array.isArray(Results) || !(now > 0) || !found.every(isKey)) throw odd();
        this.#wrote ||= !reads;
        return { found, now };
      },
    );
  }

  /**
   * Waits until a key changes, or any key that begins so, but at most so many ms. Answers the index of its
   * last change, which is the one given if nothing has changed, and whether there is a key.
   */
  async watch(place: Watched, index: number, ms: number): Promise<readonly [number, boolean]> {
    // Consul waits for up to a sixteenth longer, so that not all come back at once.
    const wait = Math.floor(Math.min(ms, LONGEST_WAIT) * 16 / 17);
    const { key, all } = place;
    const more = `&index=${index}&wait=${wait}ms${all ? "&recurse" : ""}`;
    return await this.#ask(`kv/${key}`, undefined, more + this.#server.reading, (answer) => {
      const changed = Number(answer.headers.get("x-consul-index"));
      if (!(changed > 0)) throw odd();
      return [changed, answer.status === 200];
    });
  }

  /** The keys that begin so. */
  async names(prefix: string): Promise<string[]> {
    return await this.#ask(`kv/${prefix}`, undefined, "&keys", ({ status, text }) => {
      return status === 404 ? [] : Array.from(JSON.parse(text), String);
    });
  }

  /** Makes a session of so many ms; answers its id. */
  async create(ttl: number): Promise<string> {
    // Without the two lists it would also end with the agent's own health check.
    const session = {
      Name: "baton",
      TTL: `${ttl}ms`,
      LockDelay: "0s",
      Behavior: "delete",
      Checks: [],
      NodeChecks: [],
    };
    return await this.#ask("session/create", JSON.stringify(session), "", ({ text }) => {
      const { ID } = JSON.parse(text);
      if (typeof ID !== "string" || !/^[\w-]+$/.test(ID)) throw odd();
      return ID;
    });
  }

  /** Renews a session; answers whether it is there. */
  async renew(id: string, hasLeases: boolean): Promise<boolean> {
    return await this.#ask(`session/renew/${id}`, "", "", ({ status, text }) => {
      if (status === 404) return false;
      if (JSON.parse(text)[0].ID !== id) throw odd();
      this.#wrote ||= hasLeases;
      return true;
    });
  }

  async #ask<T>(
    path: string,
    body: string | undefined,
    reading: string,
    read: (answer: Answer) => T,
  ): Promise<T> {
    const { base, query, headers, nonce } = this.#server;
    const { signal, beforeRequest } = this.#options;
    try {
      beforeRequest?.();
    } catch (error) {
      throw this.#wrote ? partly(error) : error;
    }
    try {
      const response = await fetch(`${base}/v1/${path}?nonce=${nonce()}${query}${reading}`, {
        ...plainRequest(),
        method: body === undefined ? "GET" : "PUT",
        headers,
        ...body !== undefined && { body },
        ...signal && { signal },
      });
      const { status } = response;
      const text = await textIn("consul", response);
      const fine = status === 200 ||
        // A proxy's own page proves nothing.
        (status === 409 && path === "txn" && JSON.parse(text).Errors.every(isFault)) ||
        (status === 404 && (text.startsWith("Session id ") || (!text && body === undefined)));
      if (!fine) throw new Refused(status, text);
      return read({ status, text, headers: response.headers });
    } catch (error) {
      const failed = consulError(error, `${path} ${body} ${JSON.stringify(headers)}`, signal);
      throw this.#wrote ? partly(failed) : failed;
    }
  }
}

/** What was answered. */
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

interface Fault {
  readonly What: string;
}

function isFault({ What }: Fault): boolean {
  return typeof What === "string";
}

function isKey({ Key, CreateIndex, ModifyIndex }: Found): boolean {
  return typeof Key === "string" && Number.isSafeInteger(CreateIndex) &&
    Number.isSafeInteger(ModifyIndex);
}

function odd(): Error {
  return new TypeError("the answer is not one of Consul");
}
