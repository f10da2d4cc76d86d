/**
 * Whether a request was sent to a preview, where production's slots are to be left alone.
 *
 * @module
 */

/** The variables that tell a preview. */
interface Told {
  /** Vercel's. */
  readonly VERCEL_ENV?: unknown | undefined;
  /** Deno Deploy's. */
  readonly DENO_TIMELINE?: unknown | undefined;
  /** Netlify's, which for a function is its `context.deploy.context`. */
  readonly CONTEXT?: unknown | undefined;
}

/** Hosts that platforms give to previews: Vercel's branches, Netlify's and Deno's, Cloudflare's Pages. */
const HOST = /(-git-.*\.vercel\.app|--.*\.(netlify\.app|deno\.net)|\..*\.pages\.dev)$/;
/** What platforms' variables say there, in words of their own. */
const WORD = /\b(git-branch|preview|branch-deploy)\b/;

/** Whether a request's host is a preview's, or one of the platform's variables says so. */
export function inPreview(request: Request, env: object): boolean {
  const { VERCEL_ENV, DENO_TIMELINE, CONTEXT }: Told = env;
  return HOST.test(new URL(request.url).hostname) ||
    WORD.test(`${[VERCEL_ENV, DENO_TIMELINE, CONTEXT]}`);
}
