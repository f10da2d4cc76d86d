/**
 * Kubernetes as its own tools reach it: by a kubeconfig, and in a pod by the service account.
 *
 * @module
 */

import assert from "node:assert/strict";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import process from "node:process";
import { inCluster, kubeconfig } from "../../../drivers/document/kubeconfig.ts";
import { kubernetes } from "../../../drivers/document/kubernetes.ts";
import { ConnectionError, InvalidArgument, NotSupported } from "../../../errors.ts";
import { granted } from "../../conformance/expect.ts";
import { acquire } from "../../conformance/operations.ts";
import { inFolder } from "../../servers/folders.ts";
import { type KubernetesServer, startKubernetes } from "../../servers/kubernetes.ts";

const SECRET = "s3cr3t";

async function withKubernetes(test: (server: KubernetesServer) => Promise<void>): Promise<void> {
  const server = await startKubernetes();
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

/** Works with other variables in the environment, which are as before afterwards. */
async function withEnv(
  variables: Readonly<Record<string, string | undefined>>,
  work: () => Promise<void>,
): Promise<void> {
  const set = (values: typeof variables): void => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  const before = Object.fromEntries(Object.keys(variables).map((key) => [key, process.env[key]]));
  set(variables);
  try {
    await work();
  } finally {
    set(before);
  }
}

/** A kubeconfig with one context. */
function configOf(user: object, cluster: object = {}, context: object = {}): string {
  // JSON is YAML.
  return JSON.stringify({
    "current-context": "one",
    contexts: [{ name: "one", context: { cluster: "c", user: "u", ...context } }],
    clusters: [{ name: "c", cluster: { server: "https://k8s.example:6443", ...cluster } }],
    users: [{ name: "u", user }],
  });
}

/** A kubeconfig as kubectl writes it, of two clusters. */
function ofTwo(first: KubernetesServer, second: KubernetesServer): string {
  return `apiVersion: v1
kind: Config
preferences: {}
current-context: first
contexts:
- context:
    cluster: first
    user: first-admin
  name: first
- name: second
  context: {cluster: second, user: second-admin, namespace: default}
clusters:
- name: first
  cluster:
    certificate-authority-data: ${btoa("-----BEGIN CERTIFICATE-----")}
    server: ${first.url}
- name: second
  cluster:
    insecure-skip-tls-verify: false
    server: ${second.url}
users:
- name: first-admin
  user:
    token: ${first.token}
- name: second-admin
  user:
    tokenFile: tokens/second # beside the kubeconfig
`;
}

/** Asserts that it is refused in these words, and that nothing of the file is repeated. */
async function refused(
  promise: Promise<unknown>,
  words: RegExp,
  kind: new (message: string) => Error = InvalidArgument,
): Promise<void> {
  await assert.rejects(promise, (error: Error) => {
    assert(error instanceof kind, `${error}`);
    assert.match(error.message, words);
    assert(!Deno.inspect(error).includes(SECRET), Deno.inspect(error));
    if (/so nothing was sent/.test(error.message)) {
      const { code, retryable } = error as ConnectionError;
      assert.deepEqual([code, retryable], ["unauthorized", true]);
    }
    return true;
  });
}

Deno.test("the current context of the kubeconfig, or another one by its name, leads to its cluster", () =>
  withKubernetes((first) =>
    withKubernetes((second) =>
      inFolder("baton-kubeconfig-", async (folder) => {
        const file = join(folder, "config");
        await writeFile(file, ofTwo(first, second));
        await mkdir(join(folder, "tokens"));
        await writeFile(join(folder, "tokens", "second"), `${second.token}\n`);
        await granted(kubernetes(await kubeconfig({ file })), acquire("lock:a"));
        assert.deepEqual([first.objects.size, second.objects.size], [1, 0]);
        const options = await kubeconfig({ file, context: "second" });
        assert.equal(options.namespace, "default");
        await granted(kubernetes({ ...options, name: "jobs" }), acquire("lock:a"));
        assert.deepEqual([...second.objects.keys()], ["jobs"]);
      })
    )
  ));

Deno.test("KUBECONFIG names the file, ~/.kube/config is the usual one, and several are refused", () =>
  inFolder("baton-kubeconfig-", async (folder) => {
    const [file, usual] = [join(folder, "mine"), join(folder, ".kube", "config")];
    await writeFile(file, configOf({ token: "mine" }));
    await mkdir(join(folder, ".kube"));
    await writeFile(usual, configOf({ token: "usual" }));
    const home = { HOME: folder, USERPROFILE: folder };
    await withEnv({ ...home, KUBECONFIG: `${file}${delimiter}` }, async () => {
      assert.equal((await kubeconfig()).token, "mine");
      assert.equal((await kubeconfig({ file: usual })).token, "usual");
    });
    await withEnv({ ...home, KUBECONFIG: undefined }, async () => {
      assert.equal((await kubeconfig()).token, "usual");
    });
    await withEnv({ ...home, KUBECONFIG: [file, usual].join(delimiter) }, async () => {
      await refused(kubeconfig(), /several files.*--flatten/);
    });
    // Some set it to what the file should hold.
    await withEnv({ ...home, KUBECONFIG: SECRET }, async () => {
      await refused(kubeconfig(), /cannot be read/);
    });
  }));

Deno.test("what a kubeconfig asks for and cannot be done here is refused, with what to do", () =>
  inFolder("baton-kubeconfig-", async (folder) => {
    const file = join(folder, "config");
    const other = { name: SECRET, user: { token: SECRET } };
    const rows: readonly (readonly [string, RegExp])[] = [
      [configOf({ exec: { command: SECRET } }), /has exec.*kubectl create token.*kubectl proxy/],
      [configOf({ "auth-provider": { name: SECRET } }), /has auth-provider.*kubectl create token/],
      [configOf({ "client-certificate": SECRET }), /client-certificate.*kubectl create token/],
      [
        // The token alone would be somebody else.
        configOf({ "client-certificate-data": SECRET, token: SECRET }),
        /client-certificate-data.*kubectl create token/,
      ],
      [configOf({ username: SECRET, password: SECRET }), /username.*kubectl create token/],
      ...["as", "as-uid"].map((key) => [configOf({ [key]: SECRET }), /impersonated/] as const),
      [configOf({ "as-groups": [SECRET] }), /impersonated/],
      [configOf({ "as-user-extra": { [SECRET]: [SECRET] } }), /impersonated/],
      [configOf({}, { "insecure-skip-tls-verify": true }), /NODE_EXTRA_CA_CERTS or DENO_CERT/],
      [configOf({}, { "tls-server-name": SECRET }), /the host that the certificate names/],
      [configOf({}, { "proxy-url": `http://${SECRET}@proxy` }), /HTTPS_PROXY/],
      [configOf({}, { server: "" }), /no server/],
      [configOf({ token: 12_345 }), /token is not a text/],
      [configOf({}, {}, { cluster: SECRET }), /no cluster of that name/],
      [configOf({}, {}, { user: SECRET }), /no user of that name/],
      [configOf({}).replace('"users":[', `"users":[{"name":"u"},`), /or several/],
      [configOf({}).replace('"current-context":"one"', '"kind":"Config"'), /no current context/],
      [JSON.stringify({ users: [other], contexts: SECRET, "current-context": "x" }), /no context/],
      [`token: "${SECRET}`, /not valid YAML/],
      [`a: &a [${SECRET}]\nb: *${SECRET}\n`, /not valid YAML/],
      [`a: !${SECRET} x\n`, /no current context/],
      [SECRET, /no current context/],
      ["", /no current context/],
    ];
    const { emitWarning } = process;
    // A warning of the parser's would repeat what it is about.
    process.emitWarning = () => assert.fail("it warned");
    try {
      for (const [text, words] of rows) {
        await writeFile(file, text);
        await refused(kubeconfig({ file }), words);
      }
    } finally {
      process.emitWarning = emitWarning;
    }
    await refused(kubeconfig({ file: join(folder, SECRET) }), /cannot be read \(ENOENT\)/);
    await writeFile(file, configOf({ token: SECRET }));
    await refused(kubeconfig({ file, context: SECRET }), /no context of that name/);
    await refused(kubeconfig({ file: "" }), /Cannot use this file/);
    await refused(kubeconfig({ path: file } as never), /There are: file context/);
    await refused(inCluster({ path: folder } as never), /There are: folder/);
  }));

Deno.test("a token's file is read again before each request, and the token beside it counts less", () =>
  withKubernetes((server) =>
    inFolder("baton-kubeconfig-", async (folder) => {
      const [file, token] = [join(folder, "config"), join(folder, "token")];
      await writeFile(file, configOf({ token: SECRET, tokenFile: token }, { server: server.url }));
      const driver = kubernetes(await kubeconfig({ file }));
      await refused(driver.apply([acquire("lock:a")]), /\(ENOENT\), so nothing/, ConnectionError);
      for (const text of ["", "\n"]) {
        await writeFile(token, text);
        await refused(driver.apply([acquire("lock:a")]), /it is empty/, ConnectionError);
      }
      assert.equal(server.requests, 0, "without a token nothing is sent");
      await writeFile(token, "of-yesterday");
      await refused(driver.apply([acquire("lock:a")]), /check the token/, ConnectionError);
      await writeFile(`${token}.new`, `${server.token}\n`);
      await rename(`${token}.new`, token);
      await granted(driver, acquire("lock:a"));
    })
  ));

Deno.test("what is no token is refused when it is used, and not repeated", () =>
  inFolder("baton-kubeconfig-", async (folder) => {
    const file = join(folder, "config");
    await writeFile(file, configOf({ token: `${SECRET} ${SECRET}` }));
    const options = await kubeconfig({ file });
    assert.throws(() => kubernetes(options), (error: Error) => !error.message.includes(SECRET));
    // A token in place of its file's name.
    await writeFile(file, configOf({ tokenFile: SECRET }));
    const driver = kubernetes(await kubeconfig({ file }));
    await refused(driver.apply([acquire("lock:a")]), /tokenFile/, ConnectionError);
  }));

Deno.test("in a pod the service account says where, in which namespace and who", () =>
  withKubernetes((server) =>
    inFolder("baton-account-", async (folder) => {
      const file = (name: string, text: string) => writeFile(join(folder, name), text);
      await file("token", "of-yesterday");
      await file("namespace", "default\n");
      const env = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
      await withEnv(env, async () => {
        const options = await inCluster({ folder });
        assert.deepEqual([options.url, options.namespace], ["https://10.96.0.1:443", "default"]);
        const driver = kubernetes({ ...options, url: server.url });
        await refused(driver.apply([acquire("lock:a")]), /check the token/, ConnectionError);
        await file("token", server.token);
        await granted(driver, acquire("lock:a"));
        await rm(join(folder, "namespace"));
        await mkdir(join(folder, "namespace"));
        await refused(inCluster({ folder }), /account's namespace \(EISDIR\)/, ConnectionError);
        await rm(join(folder, "namespace"), { recursive: true });
        assert.equal("namespace" in await inCluster({ folder }), false);
      });
      await withEnv({ ...env, KUBERNETES_SERVICE_HOST: "fd00::1" }, async () => {
        const options = await inCluster({ folder });
        assert.equal(options.url, "https://[fd00::1]:443");
        kubernetes(options);
        await rm(join(folder, "token"));
        await refused(inCluster({ folder }), /service account's token/, ConnectionError);
      });
      for (const missing of Object.keys(env)) {
        await withEnv({ ...env, [missing]: undefined }, async () => {
          await refused(inCluster({ folder }), /not in a pod.*kubeconfig\(\)/, NotSupported);
        });
      }
    })
  ));

Deno.test("a path and a context's name have at most 4,096 bytes", async () => {
  const [most, more] = [4_096, 4_097].map((length) => "/".padEnd(length, "x")) as [string, string];
  await refused(kubeconfig({ file: most }), /cannot be read/);
  await refused(kubeconfig({ file: more }), /Cannot use this file/);
  await inFolder("baton-kubeconfig-", async (folder) => {
    const file = join(folder, "config");
    await writeFile(file, configOf({}));
    await refused(kubeconfig({ file, context: most }), /no context of that name/);
    await refused(kubeconfig({ file, context: more }), /Cannot use this context/);
  });
  const env = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
  await withEnv(env, async () => {
    await refused(inCluster({ folder: most }), /Cannot read/, ConnectionError);
    await refused(inCluster({ folder: more }), /Cannot use this folder/);
    await refused(inCluster({ folder: "" }), /Cannot use this folder/);
  });
});

Deno.test("where there are no files, both say what to use instead", async () => {
  const { getBuiltinModule } = process;
  try {
    for (const missing of ["node:fs", "node:os", "node:path"]) {
      process.getBuiltinModule = ((name: string) =>
        name === missing
          ? undefined
          : getBuiltinModule.call(process, name)) as typeof getBuiltinModule;
      await refused(kubeconfig(), /Cannot read files here/, NotSupported);
      await refused(inCluster(), /Cannot read files here/, NotSupported);
    }
  } finally {
    process.getBuiltinModule = getBuiltinModule;
  }
});
