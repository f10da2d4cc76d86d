import assert from "node:assert/strict";
import process from "node:process";
import { namespaceOf as ofCron } from "../../coordination/cron/mod.ts";
import { Coordinator, InvalidArgument, namespaceOf } from "../../mod.ts";
import { memory } from "../../drivers/memory.ts";
import { Scene } from "./scene.ts";

type Env = Record<string, string | undefined>;
const netlify = (CONTEXT: string, BRANCH?: string): Env => ({ NETLIFY: "true", CONTEXT, BRANCH });

Deno.test("production is production on every platform", () => {
  for (
    const env of [
      { VERCEL_ENV: "production", VERCEL_GIT_COMMIT_REF: "main" },
      { VERCEL_ENV: "production", VERCEL_TARGET_ENV: "production" },
      { DENO_TIMELINE: "production", DENO_DEPLOYMENT_ID: "abc123" },
      netlify("production", "main"),
      { RAILWAY_ENVIRONMENT_NAME: "production" },
      { BATON_NAMESPACE: "production", VERCEL_ENV: "preview" },
    ]
  ) assert.equal(namespaceOf(env), "production", JSON.stringify(env));
  assert.equal(ofCron, namespaceOf);
});

Deno.test("a preview has a namespace of its branch, and the next deployment of the branch the same", () => {
  for (
    const [env, namespace] of [
      [{ VERCEL_ENV: "preview", VERCEL_GIT_COMMIT_REF: "fix-login" }, "preview-fix-login"],
      [{ VERCEL_ENV: "preview" }, "preview"],
      [{ VERCEL_ENV: "preview", VERCEL_TARGET_ENV: "preview" }, "preview"],
      [{ VERCEL_ENV: "preview", VERCEL_TARGET_ENV: "staging" }, "environment-staging"],
      [{ VERCEL_ENV: "production", VERCEL_TARGET_ENV: "staging" }, "environment-staging"],
      [{ VERCEL_ENV: "development" }, "development"],
      [{ DENO_TIMELINE: "git-branch/fix-login", DENO_DEPLOYMENT_ID: "1" }, "preview-fix-login"],
      [{ DENO_TIMELINE: "git-branch/fix-login", DENO_DEPLOYMENT_ID: "2" }, "preview-fix-login"],
      [{ DENO_TIMELINE: "preview/abc123" }, "preview-abc123"],
      [{ DENO_TIMELINE: "somewhere" }, "environment-somewhere"],
      [{ DENO_TIMELINE: "no/preview/abc123" }, "environment-no-preview-abc123-f0jyw2"],
      [netlify("deploy-preview", "fix-login"), "preview-fix-login"],
      [netlify("deploy-preview"), "preview-deploy-preview"],
      [netlify("branch-deploy", "staging"), "preview-staging"],
      [netlify("dev"), "development"],
      [{ RAILWAY_ENVIRONMENT_NAME: "shop-pr-12" }, "environment-shop-pr-12"],
      [{ BATON_NAMESPACE: "eu.staging_2" }, "eu.staging_2"],
    ] as const
  ) assert.equal(namespaceOf(env), namespace, JSON.stringify(env));
});

const NAMES = [
  ...["feat/login", "feat-login", "feat login", "feat//login", "feat:login", "FEAT/login"],
  ...["production", "main", "é", "è", "日本", "本日", "\ud800", "a".repeat(250), "a".repeat(251)],
  ...["..", "__proto__", "\0", "\n", "production\n", "-", "/"],
];

Deno.test("whatever a branch is called, its namespace is legal, its own, and not production's", () => {
  const made = (env: (name: string) => Env): string[] =>
    NAMES.map((name) => namespaceOf(env(name)));
  for (
    const all of [
      made((name) => ({ VERCEL_ENV: "preview", VERCEL_GIT_COMMIT_REF: name })),
      made((name) => ({ DENO_TIMELINE: `git-branch/${name}` })),
      made((name) => netlify("deploy-preview", name)),
    ]
  ) {
    assert.equal(new Set(all).size, NAMES.length, `${all}`);
    assert(!all.includes("production"));
    for (const namespace of all) {
      // With a prefix of the application's own it must do as well.
      for (const each of [namespace, `shop-${namespace}`, `shop-prefix.${namespace}`]) {
        assert(new Coordinator(memory(), { namespace: each }), each);
      }
    }
  }
  const custom = NAMES.filter((name) => name !== "production")
    .map((RAILWAY_ENVIRONMENT_NAME) => namespaceOf({ RAILWAY_ENVIRONMENT_NAME }));
  assert(!custom.includes("production"));
});

Deno.test("what describes no environment is refused: a guess would let a preview take production's slots", () => {
  for (
    const env of [
      ...[{}, undefined, null, { NODE_ENV: "production" }, { CONTEXT: "production" }],
      ...[{ VERCEL_ENV: "" }, { VERCEL_ENV: undefined }, { VERCEL: "1" }, { NETLIFY: "true" }],
      ...[{ DENO_DEPLOYMENT_ID: "abc123" }, { VERCEL_ENV: 42 }, { VERCEL_GIT_COMMIT_REF: "main" }],
      ...[{ CF_PAGES_BRANCH: "main" }, { RAILWAY_ENVIRONMENT_NAME: "" }],
    ]
  ) {
    assert.throws(() => namespaceOf(env as object), (error: Error) => {
      assert(error instanceof InvalidArgument);
      assert.match(error.message, /Set BATON_NAMESPACE in each environment/);
      return true;
    }, JSON.stringify(env));
  }
  for (const BATON_NAMESPACE of ["a/b", "a b", "x".repeat(65), "a\n", "é"]) {
    assert.throws(() => namespaceOf({ BATON_NAMESPACE }), InvalidArgument);
  }
});

Deno.test("it takes the environment as each runtime has it", () => {
  class Env {
    get VERCEL_ENV(): string {
      return "production";
    }
  }
  assert.equal(namespaceOf(new Env()), "production");
  assert.equal(
    namespaceOf({ BATON_NAMESPACE: "production", KV: { get: () => null } }),
    "production",
  );
  const before = process.env["BATON_NAMESPACE"];
  try {
    process.env["BATON_NAMESPACE"] = "from-process";
    assert.equal(namespaceOf(process.env), "from-process");
    assert.equal(namespaceOf(Deno.env.toObject()), "from-process");
  } finally {
    if (before === undefined) delete process.env["BATON_NAMESPACE"];
    else process.env["BATON_NAMESPACE"] = before;
  }
});

Deno.test("previews and production over one backend each run their own slot", async () => {
  const scene = new Scene();
  const slot = scene.runtime.wallNow;
  const ran: string[] = [];
  const preview = (VERCEL_GIT_COMMIT_REF: string): Env => ({
    VERCEL_ENV: "preview",
    VERCEL_GIT_COMMIT_REF,
  });
  // The previews come first, and twice.
  for (
    const env of [preview("a/b"), preview("a-b"), preview("a/b"), { VERCEL_ENV: "production" }]
  ) {
    const namespace = namespaceOf(env);
    const job = scene.member("m", { namespace }).cron("invoices");
    await job.run({ slot }, () => void ran.push(namespace.slice(0, 11)));
  }
  assert.deepEqual(ran, ["preview-a-b", "preview-a-b", "production"]);
});
