/**
 * The options of `kubernetes()` from where Kubernetes' own tools have them: a kubeconfig, or the service
 * account of a pod.
 *
 * What it does **not** do: it runs no program to log in, shows no client's certificate, and does not make
 * the runtime trust the cluster's certificate authority. What it cannot do is refused, and the message
 * says what to do instead. No message repeats anything that stands in a file or in the environment.
 *
 * @module
 */

import { ConnectionError, NotSupported } from "../../errors.ts";
import { checkText, refuse } from "../kit/check.ts";
import { clientOf } from "../kit/clients.ts";
import { checkOptions } from "../kit/options.ts";
import { runtimeModule } from "../kit/runtime_modules.ts";
import type { KubernetesOptions } from "./kubernetes.ts";

export type { KubernetesOptions } from "./kubernetes.ts";

/** Which kubeconfig, and what of it. */
export interface KubeconfigOptions {
  /** The file. Default: the one that `KUBECONFIG` names, or `~/.kube/config`. */
  file?: string | undefined;
  /** The name of the context. Default: the file's current context. */
  context?: string | undefined;
}

/** Where the service account is. */
export interface InClusterOptions {
  /**
   * The folder that has the files `token` and, if there is one, `namespace`.
   * Default: `/var/run/secrets/kubernetes.io/serviceaccount`.
   */
  folder?: string | undefined;
}

/** What is used of the package yaml. */
interface Yaml {
  parse(text: string, options: { logLevel: "error" }): unknown;
}

/** A part of the kubeconfig. */
type Fields = Readonly<Record<string, unknown>>;

const FILE = "kubeconfig";
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
const BY_HAND = "give url and token to kubernetes() yourself";
const LOG_IN =
  "make a token with `kubectl create token SERVICEACCOUNT` and give it to kubernetes() as " +
  "the option token, or give it the URL of `kubectl proxy`";

/** What a cluster may ask for and cannot be done here, with what to do. */
const NOT_OF_CLUSTERS: Fields = {
  "insecure-skip-tls-verify":
    "certificates are always checked; let NODE_EXTRA_CA_CERTS or DENO_CERT " +
    `name the cluster's certificate authority, and ${BY_HAND}`,
  "tls-server-name": `${BY_HAND}, with the host that the certificate names`,
  "proxy-url": `let the runtime use the proxy (HTTPS_PROXY), and ${BY_HAND}`,
};
/** The same of users. To leave one out would be to come as somebody else. */
const NOT_OF_USERS: Fields = {
  "exec": `no program is run to log in; ${LOG_IN}`,
  "auth-provider": `no plug-in is run to log in; ${LOG_IN}`,
  "client-certificate": `requests show no client's certificate; ${LOG_IN}`,
  "client-certificate-data": `requests show no client's certificate; ${LOG_IN}`,
  "username": `Kubernetes no longer knows passwords; ${LOG_IN}`,
  "as": `nobody is impersonated; ${LOG_IN}`,
  "as-uid": `nobody is impersonated; ${LOG_IN}`,
  "as-groups": `nobody is impersonated; ${LOG_IN}`,
  "as-user-extra": `nobody is impersonated; ${LOG_IN}`,
};

/**
 * The options of `kubernetes()` for a context of a kubeconfig: `url`, `namespace` if the context has one,
 * and `token`. A `tokenFile` is read again before each request, so the token may change. It needs the
 * package `yaml`, and a runtime with files: Node 20.16 or later, Deno or Bun. The runtime has to trust the
 * cluster's certificate authority (`NODE_EXTRA_CA_CERTS`, `DENO_CERT`). The file is read once.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { kubeconfig } from "@baton/baton/drivers/kubeconfig";
 * import { kubernetes } from "@baton/baton/drivers/kubernetes";
 *
 * export async function connected(): Promise<Coordinator> {
 *   const options = await kubeconfig({ context: "staging" });
 *   return new Coordinator(kubernetes({ ...options, name: "jobs" }), { ttl: 30_000 });
 * }
 * ```
 * @throws {InvalidArgument} when the file is missing, several are named, or it asks for what cannot be
 *   done here: a program or plug-in that logs in, a client's certificate, a password, to act as somebody
 *   else, a proxy, a certificate that is not checked.
 * @throws {NotSupported} when the package is missing, or the runtime has no files.
 */
export async function kubeconfig(options: KubeconfigOptions = {}): Promise<KubernetesOptions> {
  checkOptions(options, "file context");
  const { file, context: chosen } = options;
  if (file !== undefined) checkText("file", file, 1, 4_096);
  if (chosen !== undefined) checkText("context", chosen, 1, 4_096);
  const host = hostHere();
  const path = file ?? usualFile(host);
  const content = await host.read(path).catch((error) =>
    refuse(FILE, `the file cannot be read (${codeIn(error)}); check KUBECONFIG or the option file`)
  );
  const { parse } = await clientOf<Yaml>("yaml", "2.9.1", BY_HAND);
  const config = contentOf(parse, content);
  const name = chosen ?? textIn(config, "current-context");
  if (!name) refuse(FILE, "it has no current context; give the option context");
  const context = named(config, "context", name);
  const cluster = named(config, "cluster", textIn(context, "cluster"));
  const by = textIn(context, "user");
  // A context without a user is for a proxy on this machine, which logs in itself.
  const user = by ? named(config, "user", by) : {};
  refuseSome(cluster, NOT_OF_CLUSTERS);
  refuseSome(user, NOT_OF_USERS);
  const url = textIn(cluster, "server");
  if (!url) refuse(FILE, "its cluster has no server");
  const namespace = textIn(context, "namespace");
  const tokenFile = textIn(user, "tokenFile");
  // The file goes first, as it does for kubectl.
  const token = tokenFile
    ? tokenAt(host, host.resolve(path, "..", tokenFile), "the file that tokenFile names")
    : textIn(user, "token");
  return { url, ...namespace && { namespace }, ...token && { token } };
}

/**
 * The options of `kubernetes()` in a pod: the API server of its cluster, and the service account's
 * namespace and token. The token is read again before each request, because Kubernetes replaces it. It
 * needs a runtime with files: Node 20.16 or later, Deno or Bun. The runtime has to trust `ca.crt` beside
 * the token: set `NODE_EXTRA_CA_CERTS` or `DENO_CERT` in the pod.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { inCluster } from "@baton/baton/drivers/kubeconfig";
 * import { kubernetes } from "@baton/baton/drivers/kubernetes";
 *
 * export async function connected(): Promise<Coordinator> {
 *   return new Coordinator(kubernetes(await inCluster()), { ttl: 30_000 });
 * }
 * ```
 * @throws {NotSupported} when this process is not in a pod, or the runtime has no files.
 * @throws {ConnectionError} when the service account's files cannot be read.
 */
export async function inCluster(options: InClusterOptions = {}): Promise<KubernetesOptions> {
  checkOptions(options, "folder");
  const { folder = ACCOUNT } = options;
  checkText("folder", folder, 1, 4_096);
  const host = hostHere();
  const { KUBERNETES_SERVICE_HOST: address, KUBERNETES_SERVICE_PORT: port } = host.env;
  if (!address || !port) {
    throw new NotSupported(
      "This process is not in a pod of Kubernetes: KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is " +
        "missing. Elsewhere, use kubeconfig()",
    );
  }
  const token = tokenAt(host, host.resolve(folder, "token"), "the service account's token");
  // A pod without a token is found out here, and not by the first request.
  await token();
  const namespace = await host.read(host.resolve(folder, "namespace")).catch((error) => {
    if (codeIn(error) === "ENOENT") return "";
    throw unread("the service account's namespace", error);
  });
  return {
    url: `https://${address.includes(":") ? `[${address}]` : address}:${port}`,
    token,
    ...namespace.trim() && { namespace: namespace.trim() },
  };
}

/** What is used of the runtime. */
interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly delimiter: string;
  resolve(...parts: string[]): string;
  read(path: string): Promise<string>;
}

/** The runtime's files, when they are needed. */
function hostHere(): Host {
  const { env } = (globalThis as { process?: { env: Host["env"] } }).process ?? {};
  const fs = runtimeModule<typeof import("node:fs")>("node:fs");
  const os = runtimeModule<typeof import("node:os")>("node:os");
  const path = runtimeModule<typeof import("node:path")>("node:path");
  if (!env || !fs || !os || !path) {
    throw new NotSupported(
      `Cannot read files here. Use Node 20.16 or later, Deno or Bun; or ${BY_HAND}`,
    );
  }
  return {
    env,
    home: os.homedir(),
    delimiter: path.delimiter,
    resolve: path.resolve,
    read: (file) => fs.promises.readFile(file, "utf8"),
  };
}

/** @throws {InvalidArgument} when the environment names several files, which kubectl would merge. */
function usualFile({ env, home, delimiter, resolve }: Host): string {
  const [file, another] = (env["KUBECONFIG"] ?? "").split(delimiter).filter(Boolean);
  if (another) {
    refuse(
      FILE,
      "KUBECONFIG names several files; give one as the option file, or merge them with " +
        "`kubectl config view --flatten`",
    );
  }
  return file ?? resolve(home, ".kube", "config");
}

/** @throws {InvalidArgument} without the parser's words, which repeat what they are about. */
function contentOf(parse: Yaml["parse"], text: string): Fields {
  try {
    return Object(parse(text, { logLevel: "error" }) ?? {});
  } catch {
    return refuse(FILE, "it is not valid YAML");
  }
}

/** The context, cluster or user of that name. */
function named(config: Fields, kind: "context" | "cluster" | "user", name?: string): Fields {
  const list = config[`${kind}s`];
  const found = (Array.isArray(list) ? list : []).filter((each) => Object(each)["name"] === name);
  if (!name || found.length !== 1) {
    refuse(FILE, `it has no ${kind} of that name, or several; see \`kubectl config view\``);
  }
  return Object(found[0][kind] ?? {});
}

/** @throws {InvalidArgument} when one of the fields is there. */
function refuseSome(fields: Fields, not: Fields): void {
  for (const [key, advice] of Object.entries(not)) {
    if (fields[key]) refuse(FILE, `it has ${key}, and ${advice}`);
  }
}

/** A text; an empty one counts as none, as it does for kubectl. */
function textIn(fields: Fields, key: string): string | undefined {
  const value = fields[key] ?? "";
  if (typeof value !== "string") refuse(FILE, `${key} is not a text; put it in quotes`);
  return value || undefined;
}

/** Reads a token each time: its file is replaced before the token ends. */
function tokenAt(host: Host, path: string, what: string): () => Promise<string> {
  return async () => {
    const token = (await host.read(path).catch((error) => {
      throw unread(what, error);
    })).trim();
    if (token) return token;
    throw unread(what, { code: "it is empty" });
  };
}

/** The path is not shown: by mistake it may be the token itself. */
function unread(what: string, error: unknown): ConnectionError {
  return new ConnectionError(
    `Cannot read ${what} (${codeIn(error)}), so nothing was sent; check that the file is there`,
    { code: "unauthorized", retryable: true },
  );
}

/** What the runtime calls the error; its message would repeat the path. */
function codeIn(error: unknown): string {
  const { code } = Object(error);
  return typeof code === "string" ? code : "unknown";
}
