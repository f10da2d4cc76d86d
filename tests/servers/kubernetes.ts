/**
 * The part of Kubernetes' API that keeps Lease objects, in this process, as a real API server 1.36 over etcd
 * was seen to answer: a real one takes a quarter of an hour to build. Where the two differ: there is one
 * role, objects are in memory, and nothing is watched.
 */
import { setImmediate } from "node:timers";
import { Faults, type HttpReply, type HttpRequest } from "./faults.ts";
import { serveHttp } from "./http.ts";

export interface KubernetesOptions {
  /** What `Date` shows, in ms since 1970. Default: the host's clock. */
  readonly now?: (() => number) | undefined;
}

export interface KubernetesServer {
  readonly url: string;
  /** Who has it may get, create and update. */
  readonly token: string;
  /** The objects, by their names. */
  readonly objects: Map<string, LeaseObject>;
  /** HTTP requests seen so far, those with a fault included. */
  readonly requests: number;
  readonly faults: Faults;
  stop(): Promise<void>;
}

interface LeaseObject {
  readonly apiVersion: "coordination.k8s.io/v1";
  readonly kind: "Lease";
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** The most bytes of all annotations of an object. */
const MOST = 256 * 1024;

export async function startKubernetes(
  { now = Date.now }: KubernetesOptions = {},
): Promise<KubernetesServer> {
  const faults = new Faults();
  const token = `token-${crypto.randomUUID()}`;
  const objects = new Map<string, LeaseObject>();
  let versions = 1_000;
  const handler = async (request: HttpRequest): Promise<HttpReply> => {
    // A write takes its time, and its condition is looked at when it ends.
    if (request.method !== "GET") await new Promise<void>((resolve) => setImmediate(resolve));
    const reply = answer(request, token, objects, () => `${++versions}`);
    return { ...reply, headers: { ...reply.headers, date: new Date(now()).toUTCString() } };
  };
  const http = await serveHttp(handler, faults);
  return {
    url: http.url,
    token,
    objects,
    faults,
    get requests() {
      return http.requests;
    },
    stop: () => http.stop(),
  };
}

function answer(
  { method, url, headers, body }: HttpRequest,
  token: string,
  objects: Map<string, LeaseObject>,
  nextVersion: () => string,
): HttpReply {
  const given = headers.authorization;
  if (given === undefined) return refusal(403, "Forbidden");
  if (given !== `Bearer ${token}`) return refusal(401, "Unauthorized");
  const [, place = ""] = /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/default\/leases([^?]*)/
    .exec(url) ?? [, "none"];
  if (place === "none") return refusal(404, "NotFound");
  const name = place.slice(1);
  const there = objects.get(name);
  if (method === "GET") return there ? object(200, there) : refusal(404, "NotFound");
  if (method === "DELETE") {
    objects.delete(name);
    return object(200, there ?? {});
  }
  const { metadata = {} } = Object(JSON.parse(new TextDecoder().decode(body)));
  const { uid, resourceVersion, annotations = {} } = metadata;
  const size = new TextEncoder().encode(Object.entries(annotations).flat().join("")).length;
  const write = (status: number, name: string, uid: string): HttpReply => {
    if (size > MOST) return refusal(422, "Invalid");
    const next: LeaseObject = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, uid, resourceVersion: nextVersion(), annotations },
    };
    objects.set(name, next);
    return object(status, next);
  };
  if (method === "POST" && name === "") {
    if (objects.has(metadata.name)) return refusal(409, "AlreadyExists");
    return write(201, metadata.name, crypto.randomUUID());
  }
  if (method !== "PUT") return refusal(405, "MethodNotAllowed");
  if (!there) {
    // As it was seen: without a uid, a write of a deleted object's version creates it anew.
    return uid === undefined ? write(201, name, crypto.randomUUID()) : refusal(409, "Conflict");
  }
  if (resourceVersion === undefined) return refusal(422, "Invalid");
  const fits = resourceVersion === there.metadata.resourceVersion &&
    (uid === undefined || uid === there.metadata.uid);
  return fits ? write(200, name, there.metadata.uid) : refusal(409, "Conflict");
}

function object(status: number, value: object): HttpReply {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

function refusal(code: number, reason: string): HttpReply {
  const status = { kind: "Status", apiVersion: "v1", status: "Failure", reason, code };
  return object(code, { ...status, message: "of no interest" });
}
