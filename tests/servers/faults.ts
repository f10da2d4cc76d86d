/** One-shot faults between an HTTP client and a handler: what networks and proxies do to a request. */
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { AnswersCache } from "./answers_cache.ts";

export interface HttpRequest {
  readonly method: string;
  /** Path and query, as received. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What comes after the body, as it comes. It ends when the client leaves. */
  readonly stream?: Readable;
}

/** All a vendor's front end has to be. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpReply>;

export type Fault =
  | "pass"
  /** The connection breaks before the request is executed. */
  | "drop-request"
  /** The request is executed, then the connection breaks. */
  | "drop-reply"
  /** Nothing is executed and nothing is answered. */
  | "black-hole"
  /** The request is executed, and nothing is answered. */
  | "hang-reply"
  /** The request is executed twice, and the second answer is given. */
  | "duplicate"
  /** The request is executed, and half of the answer is given. */
  | "truncate"
  /** Nothing is executed; the client is sent to another origin (307). */
  | "redirect"
  /** The request is executed, and the answer comes so many milliseconds later. */
  | { readonly delay: number }
  /** The request is executed only after the promise, whether or not the client still waits. */
  | { readonly hold: Promise<void> }
  /** Nothing is executed; this is answered. */
  | {
    readonly status: number;
    readonly body: string;
    readonly headers?: Readonly<Record<string, string>>;
  }
  /** The request is executed, and this is answered instead. */
  | { readonly statusAfter: number; readonly body: string };

export type FaultKind =
  | Extract<Fault, string>
  | "delay"
  | "hold"
  | "status"
  | "statusAfter";

export interface FaultRecord {
  readonly kind: FaultKind;
  readonly index: number;
  readonly method: string;
  readonly url: string;
  /** How often the request has been executed to its end so far. */
  executed: number;
}

export interface FaultOptions {
  /** The origin that `"redirect"` sends clients to. */
  readonly redirectTo?: string;
}

export class Faults {
  /** One record per request, in the order of arrival. */
  readonly seen: FaultRecord[] = [];
  readonly redirectTo: string | undefined;
  /** What answers equal requests from memory, once there is such a thing on the way. */
  cache: AnswersCache | undefined;
  readonly #ended = new AbortController();
  #queue: Fault[] = [];
  #choose: (requestIndex: number) => Fault = () => "pass";
  #requests = 0;
  /** What was asked for, once somebody wants to know. */
  #texts: string[] | undefined;

  constructor(options: FaultOptions = {}) {
    this.redirectTo = options.redirectTo;
  }

  /** Each of the following requests takes the next of these, before anything `always` says. */
  next(...kinds: readonly Fault[]): void {
    this.#queue.push(...kinds);
  }

  /**
   * Lets the next `after` requests pass and holds the one that comes then, until `end()` is called. If it
   * has not come by then, it is not held.
   */
  freeze(after: number): { readonly frozen: Promise<void>; end(): void } {
    const [frozen, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const passes: Fault[] = Array.from({ length: after }, () => ({ delay: 0 }));
    const hold: Fault = {
      get hold() {
        frozen.resolve();
        return ended.promise;
      },
    };
    const mine = [...passes, hold];
    this.#queue.push(...mine);
    return {
      frozen: frozen.promise,
      end: () => {
        this.#queue = this.#queue.filter((each) => !mine.includes(each));
        ended.resolve();
      },
    };
  }

  /** Chooses for every request that finds the queue empty; requests are counted from zero. */
  always(choose: (requestIndex: number) => Fault): void {
    this.#choose = choose;
  }

  /** From now on everything passes. What is already under way stays as it is, and so does the log. */
  clear(): void {
    this.#queue = [];
    this.#choose = () => "pass";
  }

  /** From now on a cache is on the way that answers equal requests from memory. */
  cacheAnswers(): void {
    this.cache ??= new AnswersCache();
  }

  /** Every request since the last call, byte for byte; the first call begins to keep them. */
  sent(): readonly string[] {
    const texts = this.#texts ?? [];
    this.#texts = [];
    return texts;
  }

  count(kind: FaultKind): number {
    return this.seen.filter((record) => record.kind === kind).length;
  }

  /** For the front end: the server stops, so nothing is to be waited for any more. */
  end(): void {
    this.#ended.abort();
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** For the front end: what happens to the request that has just arrived. */
  take(request: HttpRequest): { readonly fault: Fault; readonly record: FaultRecord } {
    const index = this.#requests++;
    const fault = this.#queue.shift() ?? this.#choose(index);
    const { method, url } = request;
    this.#texts?.push(`${method} ${url}\n${new TextDecoder().decode(request.body)}`);
    const record: FaultRecord = { kind: kindOf(fault), index, method, url, executed: 0 };
    this.seen.push(record);
    return { fault, record };
  }
}

function kindOf(fault: Fault): FaultKind {
  if (typeof fault === "string") return fault;
  if ("delay" in fault) return "delay";
  if ("hold" in fault) return "hold";
  return "status" in fault ? "status" : "statusAfter";
}

/** What the HTTP side is to do: answer, break the connection, or keep quiet. */
export type Action = HttpReply | "cut" | "silence";

/** The handler as clients meet it, faults included. */
export function withFaults(
  handler: HttpHandler,
  faults: Faults,
): (request: HttpRequest) => Promise<Action> {
  return async (request) => {
    const { fault, record } = faults.take(request);
    const execute = async () => {
      const { cache } = faults;
      const reply = await (cache ? cache.answer(request, handler) : handler(request));
      record.executed++;
      return reply;
    };
    if (typeof fault === "string") return await applyNamed(fault, request, execute, faults);
    if ("delay" in fault) {
      const reply = await execute();
      await pause(fault.delay, faults.ended);
      return reply;
    }
    if ("hold" in fault) {
      await Promise.race([fault.hold, aborted(faults.ended)]);
      return faults.ended.aborted ? "silence" : await execute();
    }
    if ("status" in fault) return answer(fault.status, fault.body, fault.headers);
    await execute();
    return answer(fault.statusAfter, fault.body);
  };
}

async function applyNamed(
  fault: Extract<Fault, string>,
  request: HttpRequest,
  execute: () => Promise<HttpReply>,
  faults: Faults,
): Promise<Action> {
  switch (fault) {
    case "pass":
      return await execute();
    case "drop-request":
      return "cut";
    case "drop-reply":
      await execute();
      return "cut";
    case "black-hole":
      return "silence";
    case "hang-reply":
      await execute();
      return "silence";
    case "duplicate":
      await execute();
      return await execute();
    case "truncate": {
      const { stream, ...reply } = await execute();
      stream?.destroy();
      return { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) };
    }
    case "redirect":
      if (faults.redirectTo === undefined) throw new Error("redirectTo is not set");
      return answer(307, "", { location: new URL(request.url, faults.redirectTo).href });
  }
}

function answer(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = { "content-type": "application/json" },
): HttpReply {
  return { status, headers, body };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener("abort", finish);
  });
}
