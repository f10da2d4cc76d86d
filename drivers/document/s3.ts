/**
 * Leases in one object of S3, or of any store that speaks its protocol and honours its conditions: R2,
 * Tigris, Ceph, versitygw. It needs no database and no server of your own.
 *
 * What it does **not** promise, beyond what `./document.ts` says. Its clock is the `Date` of the answers,
 * in whole seconds: a ttl is at least a second, and a lease that is not renewed ends up to two seconds
 * late, never early. If several front ends answer, their clocks must agree within half a second. A write
 * is two requests. Give it the store's own address: through a CDN, a custom domain or a cache an old
 * object would look like a new one.
 *
 * A server that ignores `If-Match` or `If-None-Match` would let two hold one lease. The first write of an
 * object tries both, and refuses to go on without them.
 *
 * @module
 */

import { AwsV4Signer } from "aws4fetch";
import { ConnectionError } from "../../errors.ts";
import type { ApplyOptions, Driver } from "../driver.ts";
import { refuse } from "../kit/check.ts";
import { partly } from "../kit/failure.ts";
import { nonces } from "../kit/nonce.ts";
import { checkOptions } from "../kit/options.ts";
import { checkToken, secureUrl } from "../kit/urls.ts";
import { document, type DocumentStore, type Found } from "./document.ts";
import { given } from "./given.ts";
import { type Answer, ask, type Asked, BY_DATE, clockOf, type Refusal, Refused } from "./http.ts";

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

/**
 * Makes the driver. Each operation is two requests, or one if it changes nothing.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { s3 } from "@baton/baton/drivers/s3";
 *
 * declare const env: { AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string };
 * const driver = s3({
 *   url: "https://s3.eu-central-1.amazonaws.com/my-bucket/baton.json",
 *   credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
 * });
 * const baton = new Coordinator(driver, { ttl: 60_000 });
 * ```
 * @throws {InvalidArgument} when the URL or the credentials cannot be right.
 */
export function s3(options: S3Options): Driver {
  checkOptions(options, "url credentials region");
  const { credentials } = options;
  if (typeof credentials !== "function") checkCredentials(credentials);
  return document(storeAt(checkedUrl(options.url), options), {
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

function checkCredentials(credentials: S3Credentials): void {
  const { accessKeyId, secretAccessKey, sessionToken }: Partial<S3Credentials> = Object(
    credentials,
  );
  for (const each of [accessKeyId, secretAccessKey, sessionToken ?? "-"]) checkToken(each!);
}

/** The version of an object: its ETag, or `undefined` for the one that is not there yet. */
type Version = string | undefined;

function storeAt(url: string, { credentials, region }: S3Options): DocumentStore<Version> {
  const nonce = nonces();
  /** The keys that are made of the secret, each for a day: see `AwsV4Signer`. */
  const keys = new Map<string, ArrayBuffer>();

  async function asked<T>(
    method: string,
    headers: Record<string, string>,
    body: string | null,
    options: ApplyOptions,
    read: (answer: Answer) => T,
  ): Promise<T> {
    const { signal } = options;
    const now = await given(NAME, "credentials", credentials, checkCredentials, signal);
    const sending = async () => {
      const { sessionToken, ...pair } = now;
      const signed = await new AwsV4Signer({
        ...pair,
        ...sessionToken !== undefined && { sessionToken },
        ...{ method, headers, service: "s3" },
        // Without it, the signer reads the region in the host.
        ...region !== undefined && { region },
        // A name that the vendor's own clients send, and that each server ignores.
        url: `${url}?x-id=${nonce()}`,
        cache: keys,
      }).sign();
      return { url: signed.url.href, method, headers: signed.headers, body };
    };
    return await ask(S3, sending, options, read);
  }

  const put = (text: string, condition: Record<string, string>, options: ApplyOptions) =>
    asked("PUT", { ...condition, "content-type": "application/json" }, text, options, isWritten);

  /** @param wrote Whether the object has been written by now. */
  async function mustLose(
    condition: Record<string, string>,
    options: ApplyOptions,
    wrote = false,
  ): Promise<void> {
    const won = await put(IGNORED, condition, options).catch((error) => {
      throw wrote ? partly(error) : error;
    });
    if (!won) return;
    throw new ConnectionError(
      `This server ignores ${
        Object.keys(condition)
      }, so two could hold one lease, and no lease is ` +
        "granted here; use a store with conditional writes, and delete this object",
    );
  }

  return {
    read: (options) => asked("GET", {}, null, options, foundIn),
    async write(text, version, options) {
      if (version !== undefined) return await put(text, { "if-match": version }, options);
      // Once in the life of an object: does this server know conditions?
      await mustLose({ "if-match": '"00000000000000000000000000000000"' }, options);
      const created = await put(text, { "if-none-match": "*" }, options);
      if (created) await mustLose({ "if-none-match": "*" }, options, true);
      return created;
    },
  };
}

/** The object in the answer to a `GET`. */
function foundIn({ status, text, headers }: Answer): Found<Version> {
  const code = codeIn(text);
  if (status === 404 && code === "NoSuchKey") {
    return { text: undefined, version: undefined, now: clockOf(NAME, headers) };
  }
  const version = headers.get("etag");
  if (status !== 200 || !version) throw new Refused(status, code);
  return { text, version, now: clockOf(NAME, headers) };
}

/** Whether a `PUT` was done. */
function isWritten({ status, text, headers }: Answer): boolean {
  if (status === 200 && headers.has("etag")) return true;
  const code = codeIn(text);
  // 404: somebody has deleted it. 409: another write is under way, so this one was not tried.
  const lost =
    /^(412 PreconditionFailed|404 NoSuchKey|409 (ConditionalRequestConflict|OperationAborted))$/;
  if (lost.test(`${status} ${code}`)) return false;
  throw new Refused(status, code);
}

/** The code in an error's XML; `""` if it is none of S3's. */
function codeIn(text: string): string {
  return /^(?:<\?xml[^>]*\?>)?\s*<Error>[^]*?<Code>(\w{1,64})<\/Code>/.exec(text)?.[1] ?? "";
}

/** What S3 says before it writes anything: the codes, and what to do. */
const REFUSALS: readonly (readonly [codes: RegExp, refusal: Refusal])[] = [
  [
    /Denied|Signature|^(Invalid|Expired)(AccessKeyId|Token)|AuthorizationHeader|TimeTooSkewed/,
    [
      "check the credentials, the region and this machine's clock; the rights are s3:GetObject, " +
      "s3:PutObject and, or a missing object looks like a forbidden one, s3:ListBucket",
      "unauthorized",
    ],
  ],
  [/^NoSuchBucket/, ["the bucket has to exist: check the URL"]],
  [
    /^(NotImplemented|InvalidArgument|InvalidRequest|MethodNotAllowed)$/,
    ["this store has no conditional writes, it seems, and then it cannot be used"],
  ],
  [/^(SlowDown|TooManyRequests)$/, ["this object is written too often", "busy"]],
];

const S3: Asked = {
  name: NAME,
  refusalIn: ({ status, message }) =>
    REFUSALS.find(([codes]) => status >= 400 && codes.test(message))?.[1],
};
