/** A cache between a front end and its clients that answers equal requests from memory, as some proxies do. */
import { createHash } from "node:crypto";
import type { HttpHandler, HttpReply, HttpRequest } from "./faults.ts";

/** How many answers it remembers. */
const MOST = 2_000;

export class AnswersCache {
  /** How many requests it has answered from memory. */
  hits = 0;
  readonly #answers = new Map<string, HttpReply>();

  /** Asks the handler, unless an equal request was answered well before. */
  async answer(request: HttpRequest, handler: HttpHandler): Promise<HttpReply> {
    const { method, url, body } = request;
    const key = createHash("sha256").update(`${method} ${url}\n`).update(body).digest("base64");
    const known = this.#answers.get(key);
    if (known) {
      this.hits++;
      return known;
    }
    const reply = await handler(request);
    if (reply.status !== 200) return reply;
    this.#answers.set(key, reply);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= MOST) break;
      this.#answers.delete(oldest);
    }
    return reply;
  }
}
