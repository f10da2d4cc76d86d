/**
 * Whether a request was sent to a preview deployment, which must leave production's slots alone.
 *
 * @module
 */

/** The variables that show a preview. */
interface Told {
  /** Vercel's. */
  readonly VERCEL_ENV?: unknown | undefined;
  /** Deno Deploy's. */
  readonly DENO_TIMELINE?: unknown | undefined;
  /** Netlify's. A function finds it in its `context.deploy.context`. */
  readonly CONTEXT?: unknown | undefined;
}

/** Hosts that platforms give to previews: Vercel's branches, Netlify's and Deno's, Cloudflare's Pages. */
const HOST = /(-git-.*\.vercel\.app|--.*\.(netlify\.app|deno\.net)|\..*\.pages\.dev)$/;
/** What the platforms' variables say in a preview. */
const WORD = /\b(git-branch|preview|branch-deploy)\b/;

/** Whether a request's host is a preview's, or one of the platform's variables says so. */
export function inPreview(request: Request, env: object): boolean {
  const { VERCEL_ENV, DENO_TIMELINE, CONTEXT }: Told = env;
  return HOST.test(new URL(request.url).hostname) ||
    WORD.test(`${[VERCEL_ENV, DENO_TIMELINE, CONTEXT]}`);
}
