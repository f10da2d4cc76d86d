/**
 * A namespace for each environment, so that a preview does not take production's slots.
 *
 * @module
 */

import { checkNamespace } from "../drivers/decorators/namespaced.ts";
import { InvalidArgument } from "../errors.ts";

const PRODUCTION = "production";
/**
 * How many characters of a name go into a namespace. The rest of 64 is for an application's own
 * prefix.
 */
const LONGEST = 32;

/**
 * The namespace of the environment that a platform's own variables describe. It is `production`, or
 * one that production never has, such as `preview-fix-login-1x2y3z0`. Platforms also run schedules
 * in preview deployments. If these share a backend with production, the first trigger takes the
 * slot, and production may skip it.
 *
 * | platform | variables | namespaces |
 * | --- | --- | --- |
 * | any | `BATON_NAMESPACE` | what it says |
 * | Vercel | `VERCEL_ENV`, `VERCEL_TARGET_ENV`, `VERCEL_GIT_COMMIT_REF` | `production`, `preview-BRANCH`, `environment-NAME`, `development` |
 * | Deno Deploy | `DENO_TIMELINE` | `production`, `preview-BRANCH`, `preview-REVISION` |
 * | Netlify | `NETLIFY`, `CONTEXT`, `BRANCH` | `production`, `preview-BRANCH`, `preview-CONTEXT`, `development` |
 * | Railway | `RAILWAY_ENVIRONMENT_NAME` | `production`, `environment-NAME` |
 *
 * Cloudflare and servers of your own have no such variable: set `BATON_NAMESPACE` for each
 * environment. Netlify sets `CONTEXT` and `BRANCH` only for builds; in a function, pass
 * `{ NETLIFY: "true", CONTEXT: context.deploy.context }`.
 *
 * Characters that a namespace cannot have are replaced by `-`, and long names are cut. Then a hash
 * of the whole name follows, so that no two branches share a namespace. The longest has 52
 * characters, which leaves 12 for a prefix of your own.
 *
 * @example
 * ```ts ignore
 * const baton = new Coordinator(driver, { namespace: namespaceOf(process.env) });
 * ```
 * @param env The variables: `process.env`, `Deno.env.toObject()`, or a Worker's `env`. Nothing else
 *   is read.
 * @throws {InvalidArgument} when the variables describe no environment, or one that might be
 *   production's. A guess could let a preview take production's slots.
 */
export function namespaceOf(env: object): string {
  const read = (name: string): string => {
    const value = Object(env)[name];
    return typeof value === "string" ? value : "";
  };
  const own = read("BATON_NAMESPACE");
  if (own) {
    checkNamespace(own);
    return own;
  }
  const found = onVercel(read) ?? onDeno(read) ?? onNetlify(read) ?? onRailway(read);
  if (found) return found;
  throw new InvalidArgument(
    "Cannot tell the environment: there is no BATON_NAMESPACE, VERCEL_ENV, DENO_TIMELINE, NETLIFY " +
      "with CONTEXT, or RAILWAY_ENVIRONMENT_NAME. Set BATON_NAMESPACE in each environment",
  );
}

/** Reads a variable; `""` if it is not set. */
type Read = (name: string) => string;

function onVercel(read: Read): string | undefined {
  const kind = read("VERCEL_ENV");
  // A custom environment is of the kind "preview", and has a name of its own.
  const target = read("VERCEL_TARGET_ENV") || kind;
  if (!target) return undefined;
  if (target !== kind) return named("environment", target);
  return kind === PRODUCTION ? kind : named(kind, read("VERCEL_GIT_COMMIT_REF"));
}

function onDeno(read: Read): string | undefined {
  const timeline = read("DENO_TIMELINE");
  const [, preview] = /^(?:git-branch|preview)\/(.*)$/.exec(timeline) ?? [];
  return preview === undefined ? environment(timeline) : named("preview", preview);
}

function onNetlify(read: Read): string | undefined {
  const context = read("NETLIFY") && read("CONTEXT");
  if (!context || context === PRODUCTION) return context || undefined;
  return context === "dev" ? "development" : named("preview", read("BRANCH") || context);
}

function onRailway(read: Read): string | undefined {
  return environment(read("RAILWAY_ENVIRONMENT_NAME"));
}

function environment(name: string): string | undefined {
  if (!name || name === PRODUCTION) return name || undefined;
  return named("environment", name);
}

/** A namespace that production never has: the kind and, if there is one, the name. */
function named(kind: string, name: string): string {
  const kept = name.replace(/[^\w.-]+/g, "-").slice(0, LONGEST);
  const hash = kept === name ? [] : [hashOf(name)];
  return [kind, ...name ? [kept] : [], ...hash].join("-");
}

/** FNV-1a, 32 bits. There are few names, and nobody gains if two share a namespace. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(36);
}
