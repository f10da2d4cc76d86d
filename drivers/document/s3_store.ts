/**
 * S3's protocol, without the package that signs its requests: `./s3.ts` brings that along, and a URL loads
 * it. What is bundled because a URL could ask for it has no package of a vendor's for S3.
 *
 * @module
 */

import { ConnectionError, type CoordinationError } from "../../errors.ts";
import type { ApplyOptions, Driver } from "../driver.ts";
import { refuse } from "../kit/check.ts";
import { failure, noAnswer, partly, type Verdict } from "../kit/failure.ts";
import { nonces } from "../kit/nonce.ts";
import { checkOptions } from "../kit/options.ts";
import { checkToken, secureUrl } from "../kit/urls.ts";
import { document, type DocumentStore, type Found } from "./document.ts";
import { type Answer, BY_DATE, clockOf, send } from "./http.ts";

/** Who signs the requests. */
export interface S3Credentials {
  /** The id of the access key (`AWS_ACCESS_KEY_ID`). */
  readonly accessKeyId: string;
  /** The secret of the access key (`AWS_SECRET_ACCESS_KEY`). */
  readonly secretAccessKey: string;
  /** The token of temporary credentials (`AWS_SESSION_TOKEN`). Default: none. */
  readonly sessionToken?: string | undefined;
}

/** How the S3 driver is made. */
export interface S3Options {
  /**
   * The URL of the object: `https://s3.eu-central-1.amazonaws.com/BUCKET/baton.json`, or
   * `https://ACCOUNT.r2.cloudflarestorage.com/BUCKET/baton.json`. The bucket has to exist, and the object
   * is made by the first write. `http:` is for this machine only.
   */
  url: string;
  /** The credentials, or a function that returns those of now. It is called before each request. */
  credentials: S3Credentials | (() => S3Credentials | Promise<S3Credentials>);
  /** The region. Default: the one in the URL's host, `"auto"` for R2, and otherwise `"us-east-1"`. */
  region?: string | undefined;
}

const NAME = "s3";
/** It fits into an answer, with room for what an answer is made of. */
const MOST = 8 * 2 ** 20;
/** What nobody takes for a document. It is written only where a condition was ignored. */
const IGNORED = '{"baton":0}';

/** What is signed. */
export interface Unsigned extends Omit<S3Credentials, "sessionToken"> {
  /** The token of temporary credentials. */
  readonly sessionToken?: string;
  /** The HTTP method. */
  readonly method: string;
  /** Where to. */
  readonly url: string;
  /** The headers, to which the signature is added. */
  readonly headers: Record<string, string>;
  /** The service, in whose name it is signed. */
  readonly service: "s3";
  /** The region. Default: the one in the host. */
  readonly region?: string;
  /** The keys that are made of the secret, each for a day. */
  readonly cache: Map<string, ArrayBuffer>;
}

/** Signs a request, as `AwsV4Signer` of aws4fetch does. */
export type Sign = (
  request: Unsigned,
) => Promise<{ readonly url: URL; readonly headers: HeadersInit }>;

/**
 * Makes the driver with a signer: see `./s3.ts`.
 *
 * @throws {InvalidArgument} when the URL or the credentials cannot be right.
 */
export function s3With(sign: Sign, options: S3Options): Driver {
  checkOptions(options, "url credentials region");
  const { credentials } = options;
  if (typeof credentials !== "function") checkCredentials(credentials);
  return document(new S3Store(sign, { ...options, url: checkedUrl(options.url) }), {
    name: NAME,
    most: MOST,
    ...BY_DATE,
  });
}

/** A checked URL. No message repeats it: people paste credentials before the host. */
function checkedUrl(text: string): string {
  const url = secureUrl(text);
  if (!url || url.pathname.endsWith("/")) {
    refuse(
      "URL",
      "it must be https://HOST/BUCKET/KEY alone; http: is for this machine only",
    );
  }
  return url.href;
}

function checkCredentials({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials): void {
  for (const each of [accessKeyId, secretAccessKey, sessionToken ?? "-"]) checkToken(each);
}

/** The version of an object: its ETag, or `undefined` for the one that is not there yet. */
type Version = string | undefined;

class S3Store implements DocumentStore<Version> {
  readonly #sign: Sign;
  readonly #options: S3Options;
  readonly #nonce = nonces();
  /** See {@link Unsigned.cache}. */
  readonly #keys = new Map<string, ArrayBuffer>();

  constructor(sign: Sign, options: S3Options) {
    this.#sign = sign;
    this.#options = options;
  }

  async read(options: ApplyOptions): Promise<Found<Version>> {
    return await this.#ask("GET", {}, undefined, options, (answer) => {
      const { status, text, headers } = answer;
      if (status === 404 && codeIn(text) === "NoSuchKey") {
        return { text: undefined, version: undefined, now: clockOf(NAME, headers) };
      }
      const version = headers.get("etag");
      if (status !== 200 || !version) throw new Refused(answer);
      return { text, version, now: clockOf(NAME, headers) };
    });
  }

  async write(text: string, version: Version, options: ApplyOptions): Promise<boolean> {
    if (version !== undefined) return await this.#put(text, { "if-match": version }, options);
    // Once in the life of an object: does this server know conditions?
    await this.#mustLose({ "if-match": '"00000000000000000000000000000000"' }, options);
    const created = await this.#put(text, { "if-none-match": "*" }, options);
    if (created) await this.#mustLose({ "if-none-match": "*" }, options, true);
    return created;
  }

  /** @param wrote Whether the object has been written by now. */
  async #mustLose(
    condition: Record<string, string>,
    options: ApplyOptions,
    wrote = false,
  ): Promise<void> {
    const won = await this.#put(IGNORED, condition, options).catch((error) => {
      throw wrote ? partly(error) : error;
    });
    if (!won) return;
    throw new ConnectionError(
      `This server ignores ${
        Object.keys(condition)
      }, so two could hold one lease, and no lease is granted ` +
        "here; use a store with conditional writes, and delete this object",
    );
  }

  async #put(
    text: string,
    condition: Record<string, string>,
    options: ApplyOptions,
  ): Promise<boolean> {
    const headers = { ...condition, "content-type": "application/json" };
    return await this.#ask("PUT", headers, text, options, (answer) => {
      const { status, headers, text } = answer;
      if (status === 200 && headers.has("etag")) return true;
      const code = codeIn(text);
      // 404: somebody has deleted it. 409: another write is under way, so this one was not tried.
      const lost = (status === 412 && code === "PreconditionFailed") ||
        (status === 404 && code === "NoSuchKey") ||
        (status === 409 && /^(ConditionalRequestConflict|OperationAborted)$/.test(code));
      if (!lost) throw new Refused(answer);
      return false;
    });
  }

  async #ask<T>(
    method: string,
    headers: Record<string, string>,
    body: string | undefined,
    { signal, beforeRequest }: ApplyOptions,
    read: (answer: Answer) => T,
  ): Promise<T> {
    const { url, credentials, region } = this.#options;
    const now = typeof credentials === "function" ? await credentials() : credentials;
    checkCredentials(now);
    beforeRequest?.();
    try {
      const { sessionToken, ...keys } = now;
      const signed = await this.#sign({
        ...keys,
        ...sessionToken !== undefined && { sessionToken },
        ...{ method, headers, service: "s3" },
        // Without it, the signer reads the region in the host.
        ...region !== undefined && { region },
        // A name that the vendor's own clients send, and that each server ignores.
        url: `${url}?x-id=${this.#nonce()}`,
        cache: this.#keys,
      });
      const { href } = signed.url;
      return read(await send(NAME, { url: href, method, headers: signed.headers, body, signal }));
    } catch (error) {
      throw s3Error(error, signal);
    }
  }
}

/** S3 answered with something else than what was asked for. */
class Refused extends Error {
  readonly status: number;

  constructor({ status, text }: Answer) {
    super(codeIn(text));
    this.status = status;
  }
}

/** The code in an error's XML; `""` if it is none of S3's. */
function codeIn(text: string): string {
  return /^(?:<\?xml[^>]*\?>)?\s*<Error>[^]*?<Code>(\w{1,64})<\/Code>/.exec(text)?.[1] ?? "";
}

/** What S3 says before it writes anything: the codes, what to do, and which error that is. */
const REFUSALS:
  readonly (readonly [codes: RegExp, advice: string, kind?: "unauthorized" | "busy"])[] = [
    [
      /Denied|Signature|^(Invalid|Expired)(AccessKeyId|Token)|AuthorizationHeader|TimeTooSkewed/,
      "check the credentials, the region and this machine's clock; the rights are s3:GetObject, " +
      "s3:PutObject and, or a missing object looks like a forbidden one, s3:ListBucket",
      "unauthorized",
    ],
    [/^NoSuchBucket/, "the bucket has to exist: check the URL"],
    [
      /^(NotImplemented|InvalidArgument|InvalidRequest|MethodNotAllowed)$/,
      "this store has no conditional writes, it seems, and then it cannot be used",
    ],
    [/^(SlowDown|TooManyRequests)$/, "this object is written too often", "busy"],
  ];

function s3Error(error: unknown, signal: AbortSignal | undefined): CoordinationError {
  if (error instanceof Refused && error.message === "") {
    return noAnswer(NAME, `status ${error.status}`);
  }
  const judge = (): Verdict => {
    const { status, message } = error as Refused;
    const [, advice, kind] = REFUSALS.find(([codes]) => status >= 400 && codes.test(message)) ?? [];
    return {
      said: status === undefined ? "a broken connection" : `status ${status}: ${message}`,
      refused: advice !== undefined,
      unauthorized: kind === "unauthorized",
      mayPass: kind === "busy",
      advice: advice ?? "check the URL and the network",
    };
  };
  return failure(NAME, error, judge, signal);
}
