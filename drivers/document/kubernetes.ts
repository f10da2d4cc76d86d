/**
 * Leases in one Lease object of Kubernetes (coordination.k8s.io/v1), by `fetch` alone: all of Baton's
 * leases are in an annotation of it.
 *
 * What it does **not** promise, beyond what `./document.ts` says. Its clock is the `Date` of the API
 * server's answers, in whole seconds: a ttl is at least a second, and a lease that is not renewed ends up
 * to two seconds late, never early. If several API servers answer, their clocks must agree within half a
 * second. Annotations hold 256 KiB, which is about 1,700 leases without values, or three values of 64 KiB.
 * Each change is a write of etcd. It is for a few leaders and locks, not for large groups.
 *
 * @module
 */

import type { ApplyOptions, Driver } from "../driver.ts";
import { refuse } from "../kit/check.ts";
import { noAnswer } from "../kit/failure.ts";
import { nonces } from "../kit/nonce.ts";
import { checkOptions } from "../kit/options.ts";
import { checkToken, secureUrl } from "../kit/urls.ts";
import { document, type DocumentStore, type Found } from "./document.ts";
import { given } from "./given.ts";
import { type Answer, ask, type Asked, BY_DATE, clockOf, type Refusal, Refused } from "./http.ts";

/** How the Kubernetes driver is made. */
export interface KubernetesOptions {
  /**
   * Where the API server is: `https://kubernetes.default.svc` in a cluster. `http:` is for this machine
   * only, such as `kubectl proxy`. The runtime has to trust the cluster's certificate authority
   * (`NODE_EXTRA_CA_CERTS`, `DENO_CERT`), which is in `/var/run/secrets/kubernetes.io/serviceaccount/ca.crt`.
   */
  url: string;
  /**
   * The bearer token, or a function that returns that of now: those of service accounts change every hour.
   * `kubeconfig()` and `inCluster()` of `@baton/baton/drivers/kubeconfig` give one that reads the file each
   * time. Default: none.
   */
  token?: string | (() => string | Promise<string>) | undefined;
  /** The namespace of the Lease object. Default: `"default"`. */
  namespace?: string | undefined;
  /** The name of the Lease object, which the first write creates. Default: `"baton"`. */
  name?: string | undefined;
}

const NAME = "kubernetes";
/** Kubernetes allows 256 KiB for all annotations of an object; its own tools may add some. */
const MOST = 251_000;
/** The annotation that holds the document. */
const ANNOTATION = "baton/leases";

/**
 * Makes the driver. Each operation is two requests, or one if it changes nothing. The role needs `get`,
 * `create` and `update` on `leases`.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { kubernetes } from "@baton/baton/drivers/kubernetes";
 *
 * declare function tokenOfNow(): Promise<string>; // reads the service account's file
 * const driver = kubernetes({ url: "https://kubernetes.default.svc", token: tokenOfNow });
 * const baton = new Coordinator(driver, { ttl: 30_000 });
 * ```
 * @throws {InvalidArgument} when an option cannot be right.
 */
export function kubernetes(options: KubernetesOptions): Driver {
  checkOptions(options, "url token namespace name");
  const { token, namespace = "default", name = "baton" } = options;
  if (typeof token === "string") checkToken(token);
  for (const each of [namespace, name]) {
    if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(each)) {
      refuse("name", "it must be of lower-case letters, digits and -");
    }
  }
  const base = checkedUrl(options.url);
  const leases = `${base}/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  return document(new LeaseStore(leases, name, token), {
    name: NAME,
    most: MOST,
    ...BY_DATE,
  });
}

/** A checked URL, without a slash at its end. No message repeats it. */
function checkedUrl(text: string): string {
  const url = secureUrl(text);
  if (!url) refuse("URL", "it must be https://HOST alone; http: is for this machine only");
  return url.href.replace(/\/$/, "");
}

/** Which object it was, and which version of it; `undefined` for the one that is not there yet. */
type Version = Readonly<Record<"uid" | "resourceVersion", string>> | undefined;

/** The part of a Lease object that is used. */
interface LeaseObject {
  readonly kind?: unknown;
  readonly metadata?: {
    readonly uid?: unknown;
    readonly resourceVersion?: unknown;
    readonly annotations?: Readonly<Record<string, unknown>>;
  };
}

class LeaseStore implements DocumentStore<Version> {
  readonly #leases: string;
  readonly #name: string;
  readonly #token: KubernetesOptions["token"];
  readonly #nonce = nonces();

  constructor(leases: string, name: string, token: KubernetesOptions["token"]) {
    this.#leases = leases;
    this.#name = name;
    this.#token = token;
  }

  async read(options: ApplyOptions): Promise<Found<Version>> {
    return await this.#ask("GET", this.#name, null, options, (answer) => {
      const { status, headers } = answer;
      if (status === 404 && reasonIn(answer) === "NotFound") {
        return { text: undefined, version: undefined, now: clockOf(NAME, headers) };
      }
      if (status !== 200) throw new Refused(status, reasonIn(answer));
      const { uid, resourceVersion, annotations = {} } = leaseIn(answer);
      const text = annotations[ANNOTATION];
      // An object without the annotation is somebody else's, and JSON without Baton's mark says so.
      const found = text === undefined ? "{}" : String(text);
      return { text: found, version: { uid, resourceVersion }, now: clockOf(NAME, headers) };
    });
  }

  async write(text: string, version: Version, options: ApplyOptions): Promise<boolean> {
    const body = JSON.stringify({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      // With the version alone, a write would bring an object back that has been deleted.
      metadata: { name: this.#name, ...version, annotations: { [ANNOTATION]: text } },
    });
    const [method, path] = version ? ["PUT", this.#name] : ["POST", ""];
    return await this.#ask(method!, path!, body, options, (answer) => {
      const { status } = answer;
      const reason = reasonIn(answer);
      const lost = (status === 409 && (reason === "Conflict" || reason === "AlreadyExists")) ||
        (status === 404 && reason === "NotFound" && version !== undefined);
      if (lost) return false;
      if (status !== 200 && status !== 201) throw new Refused(status, reason);
      const { annotations = {} } = leaseIn(answer);
      if (annotations[ANNOTATION] === text) return true;
      throw noAnswer(NAME, "a webhook or a proxy has changed what was written");
    });
  }

  async #ask<T>(
    method: string,
    path: string,
    body: string | null,
    options: ApplyOptions,
    read: (answer: Answer) => T,
  ): Promise<T> {
    const { signal } = options;
    const token = await given(NAME, "token", this.#token, (value) => checkToken(value!), signal);
    const sending = () => ({
      url: `${this.#leases}${path && `/${path}`}?nonce=${this.#nonce()}`,
      method,
      headers: {
        accept: "application/json",
        "content-type": "application/json",
        ...token !== undefined && { authorization: `Bearer ${token}` },
      },
      body,
    });
    return await ask(KUBERNETES, sending, options, read);
  }
}

/** @throws {UnknownOutcome} when the answer is no Lease object. */
function leaseIn({ text }: Answer) {
  const { kind, metadata = {} } = objectIn(text) as LeaseObject;
  const { uid, resourceVersion, annotations } = metadata;
  if (kind !== "Lease" || typeof uid !== "string" || typeof resourceVersion !== "string") {
    throw noAnswer(NAME, "the answer is not a Lease object");
  }
  return { uid, resourceVersion, ...annotations && { annotations } };
}

/** Why Kubernetes refused; `""` if the answer is none of its own. */
function reasonIn({ text }: Answer): string {
  const { kind, reason } = objectIn(text) as { kind?: unknown; reason?: unknown };
  return kind === "Status" && typeof reason === "string" && /^\w{1,64}$/.test(reason) ? reason : "";
}

function objectIn(text: string): object {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/** What Kubernetes says before it writes anything, by status. */
const REFUSALS: Readonly<Record<number, Refusal>> = {
  401: ["check the token: those of service accounts change, so give a function", "unauthorized"],
  403: ["check the role: it needs get, create and update on leases", "unauthorized"],
  404: ["check the URL and the namespace, which has to exist"],
  422: ["the Lease object cannot hold that"],
  429: ["the API server has too much to do", "busy"],
};

const KUBERNETES: Asked = { name: NAME, refusalIn: ({ status }) => REFUSALS[status] };
