/**
 * S3's protocol for single objects, in this process: signatures of version 4, conditional writes, and a
 * clock of whole seconds. What is documented of conditions is done, and tests of its own hold it to that.
 * Where the two differ: objects are in memory, a bucket has no rights, and the front end is one machine.
 */
import { Buffer } from "node:buffer";
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { setImmediate } from "node:timers";
import { Faults, type HttpReply, type HttpRequest } from "./faults.ts";
import { serveHttp } from "./http.ts";

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Options {
  /** What `Date` shows, in ms since 1970. Default: the host's clock. */
  readonly now?: (() => number) | undefined;
  /** Conditions that it ignores, as some servers that speak this protocol do. Default: none. */
  readonly ignores?: readonly string[];
}

export interface S3Server {
  /** The bucket's URL. */
  readonly url: string;
  readonly keys: S3Keys;
  readonly region: string;
  /** The objects, by their keys. */
  readonly objects: Map<string, S3Object>;
  /** HTTP requests seen so far, those with a fault included. */
  readonly requests: number;
  readonly faults: Faults;
  stop(): Promise<void>;
}

interface S3Object {
  readonly text: string;
  readonly etag: string;
}

const BUCKET = "leases";
const REGION = "eu-test-1";
/** S3 accepts requests that were signed at most so many ms away from its clock. */
const SKEW = 15 * 60_000;
/** The most bytes of an object here; S3 takes far more. */
const MOST = 32 * 2 ** 20;

export async function startS3(
  { now = Date.now, ignores = [] }: S3Options = {},
): Promise<S3Server> {
  const faults = new Faults();
  const keys = { accessKeyId: "AKIATEST", secretAccessKey: crypto.randomUUID() };
  const objects = new Map<string, S3Object>();
  const bucket = new Bucket(objects, ignores);
  const handler = async (request: HttpRequest): Promise<HttpReply> => {
    const reply = await answer(request, keys, bucket);
    // Node would write its own.
    return { ...reply, headers: { ...reply.headers, date: new Date(now()).toUTCString() } };
  };
  const http = await serveHttp(handler, faults);
  return {
    url: `${http.url}/${BUCKET}`,
    keys,
    region: REGION,
    objects,
    faults,
    get requests() {
      return http.requests;
    },
    stop: () => http.stop(),
  };
}

async function answer(request: HttpRequest, keys: S3Keys, bucket: Bucket): Promise<HttpReply> {
  const wrong = signatureFault(request, keys);
  if (wrong) return refusal(wrong === "AuthorizationHeaderMalformed" ? 400 : 403, wrong);
  const [, name, key] = /^\/([^/?]+)\/([^?]+)/.exec(request.url) ?? [];
  if (name !== BUCKET || key === undefined) return refusal(404, "NoSuchBucket");
  const { method } = request;
  if (method === "GET") return bucket.get(key);
  if (method === "PUT") return await bucket.put(key, request);
  if (method === "DELETE") return bucket.delete(key);
  return refusal(405, "MethodNotAllowed");
}

class Bucket {
  readonly #objects: Map<string, S3Object>;
  readonly #ignores: readonly string[];
  /** How many conditional writes of an object are under way. */
  readonly #underWay = new Map<string, number>();
  #conflicts = 0;

  constructor(objects: Map<string, S3Object>, ignores: readonly string[]) {
    this.#objects = objects;
    this.#ignores = ignores;
  }

  get(key: string): HttpReply {
    const found = this.#objects.get(key);
    if (!found) return refusal(404, "NoSuchKey");
    return {
      status: 200,
      headers: { etag: found.etag, "content-type": "application/json" },
      body: found.text,
    };
  }

  delete(key: string): HttpReply {
    this.#objects.delete(key);
    return { status: 204, headers: {}, body: "" };
  }

  async put(key: string, { headers, body }: HttpRequest): Promise<HttpReply> {
    if (body.length > MOST) return refusal(400, "EntityTooLarge");
    const condition = (name: string): string | undefined =>
      this.#ignores.includes(name) ? undefined : headers[name]?.toString();
    const [match, none] = [condition("if-match"), condition("if-none-match")];
    if (none !== undefined && none !== "*") return refusal(501, "NotImplemented");
    const others = this.#underWay.get(key) ?? 0;
    // The second of two that come together may be refused because of the first, before that has ended.
    if (others > 0 && (match ?? none) !== undefined && ++this.#conflicts % 8 === 0) {
      return refusal(409, "ConditionalRequestConflict");
    }
    this.#underWay.set(key, others + 1);
    // A write takes its time, and the condition is looked at when it ends.
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#underWay.set(key, (this.#underWay.get(key) ?? 1) - 1);
    const found = this.#objects.get(key);
    if (match !== undefined && !found) return refusal(404, "NoSuchKey");
    if (match !== undefined && found?.etag !== match) return refusal(412, "PreconditionFailed");
    if (none !== undefined && found) return refusal(412, "PreconditionFailed");
    const text = Buffer.from(body).toString();
    const etag = `"${createHash("md5").update(body).digest("hex")}"`;
    this.#objects.set(key, { text, etag });
    return { status: 200, headers: { etag }, body: "" };
  }
}

function refusal(status: number, code: string): HttpReply {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code>` +
    "<Message>of no interest</Message><RequestId>x</RequestId></Error>";
  return { status, headers: { "content-type": "application/xml" }, body };
}

/** What is wrong with a signature (AWS, "Signature Version 4"), written without any client's code. */
function signatureFault({ method, url, headers }: HttpRequest, keys: S3Keys): string | undefined {
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/
      .exec(headers.authorization ?? "");
  if (!given) return "AccessDenied";
  const [, id, day = "", region = "", service = "", names = "", signature = ""] = given;
  if (id !== keys.accessKeyId) return "InvalidAccessKeyId";
  if (region !== REGION || service !== "s3") return "AuthorizationHeaderMalformed";
  const time = headers["x-amz-date"]?.toString() ?? "";
  const at = Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5"));
  // By the host's clock, since a client signs by that: the one that is shown may be a test's.
  if (!(Math.abs(at - Date.now()) <= SKEW)) return "RequestTimeTooSkewed";
  const [path = "", query = ""] = url.split("?");
  const encoded = (text: string): string =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const parameters = [...new URLSearchParams(query)]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`).sort();
  const canonical = [
    method,
    decodeURIComponent(path).split("/").map(encoded).join("/"),
    parameters.join("&"),
    ...names.split(";").map((name) => `${name}:${headers[name]?.toString().trim() ?? ""}`),
    "",
    names,
    headers["x-amz-content-sha256"],
  ].join("\n");
  const hash = createHash("sha256").update(canonical).digest("hex");
  const hmac = (key: string | Buffer, text: string): Buffer =>
    createHmac("sha256", key).update(text).digest();
  const key = [day, region, service, "aws4_request"].reduce<Buffer>(
    hmac,
    Buffer.from(`AWS4${keys.secretAccessKey}`),
  );
  const text = ["AWS4-HMAC-SHA256", time, `${day}/${region}/${service}/aws4_request`, hash].join(
    "\n",
  );
  const right = hmac(key, text);
  return timingSafeEqual(right, Buffer.from(signature, "hex"))
    ? undefined
    : "SignatureDoesNotMatch";
}
