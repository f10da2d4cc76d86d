/**
 * etcd's JSON gateway, by the runtime's own `fetch`.
 *
 * @module
 */

import type { ApplyOptions } from "../driver.ts";
import { isUnreachable } from "../kit/failure.ts";
import { linesIn, plainRequest, textIn } from "../kit/http.ts";
import { nonces } from "../kit/nonce.ts";
import { Answer, etcdError, isStaleToken, noAnswer } from "./errors.ts";

/** Where etcd is, and who asks. */
export interface Address {
  /** The base of each endpoint, with the version of the gateway: `http://host:2379/v3`. */
  readonly endpoints: readonly string[];
  /** The user and the password, if authentication is on. */
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  /** Sends requests. Default: the runtime's own. */
  readonly fetch?: typeof fetch | undefined;
}

/** An answer of the gateway. What is empty, 0 or false is left out. */
export type Json = Readonly<Record<string, unknown>>;

/** The endpoints of one cluster. */
export class Gateway {
  readonly #address: Address;
  readonly #nonce = nonces();
  readonly #plain = plainRequest();
  /** The endpoint that answered last. */
  #at = 0;
  #token: string | undefined;

  constructor(address: Address) {
    this.#address = address;
  }

  /**
   * Sends one request, and answers what came back. If nobody was reached, the other endpoints are
   * tried in order. A token that has ended is renewed.
   */
  async post(path: string, body: Json, options: ApplyOptions): Promise<Json> {
    return await this.#request(path, JSON.stringify(body), options, jsonIn);
  }

  /** Opens a stream, and answers its messages: each time all that have come. */
  async stream(
    path: string,
    body: Json,
    options: ApplyOptions,
  ): Promise<AsyncGenerator<Json[]>> {
    return await this.#request(path, JSON.stringify(body), options, async (response) => {
      if (!response.ok) await jsonIn(response);
      return messagesIn(response);
    });
  }

  /** @throws {Answer} when etcd does not know a lease; every other error is Baton's. */
  async #request<T>(
    path: string,
    body: string,
    options: ApplyOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { user } = this.#address;
    for (let again = false;; again = true) {
      if (user && this.#token === undefined) {
        const { token } = await this.#anywhere(
          "/auth/authenticate",
          JSON.stringify(user),
          options,
          jsonIn,
        );
        if (typeof token !== "string") throw noAnswer();
        this.#token = token;
      }
      try {
        return await this.#anywhere(path, body, options, read);
      } catch (error) {
        if (!isStaleToken(error)) throw error;
        if (again || !user) throw etcdError(error, body);
        this.#token = undefined;
      }
    }
  }

  /** Sends it to the endpoint that answered last or, where that is not reached, to the others. */
  async #anywhere<T>(
    path: string,
    body: string,
    { signal, beforeRequest }: ApplyOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const { endpoints, fetch: send = fetch } = this.#address;
    const token = this.#token;
    for (let tried = 1;; tried++) {
      const at = this.#at;
      beforeRequest?.();
      try {
        const response = await send(`${endpoints[at]}${path}?nonce=${this.#nonce()}`, {
          ...this.#plain,
          headers: {
            "content-type": "application/json",
            // A watch must not go on at a member that has lost its leader.
            "grpc-metadata-hasleader": "true",
            ...token !== undefined && { authorization: token },
          },
          body,
          ...signal && { signal },
        });
        return await read(response);
      } catch (error) {
        const code = error instanceof Answer ? error.code : undefined;
        // Whatever is wrong with this member, the next request goes elsewhere. 14: no leader.
        if ((code === undefined || code === 14) && this.#at === at) {
          this.#at = (at + 1) % endpoints.length;
        }
        if (tried < endpoints.length && isUnreachable(error)) continue;
        if (code === 5 || isStaleToken(error)) throw error;
        throw etcdError(error, body + (token ?? ""), signal);
      }
    }
  }
}

async function jsonIn(response: Response): Promise<Json> {
  const text = await textIn("etcd", response);
  if (!response.ok) throw new Answer(response.status, text);
  return Object(JSON.parse(text));
}

async function* messagesIn(response: Response): AsyncGenerator<Json[]> {
  for await (const lines of linesIn("etcd", response)) {
    yield lines.filter(Boolean).map((line) => Object(JSON.parse(line)));
  }
}
