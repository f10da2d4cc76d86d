/**
 * Whether a request was sent to a preview, where production's slots are to be left alone.
 *
 * @module
 */

/** The variables that tell a preview: Vercel's, Deno Deploy's and Netlify's. */
export interface PlatformVariables {
  /** Vercel's. */
  readonly VERCEL_ENV?: string | undefined;
  /** Deno Deploy's. */
  readonly DENO_TIMELINE?: string | undefined;
  /** Netlify's, which for a function is its `context.deploy.context`. */
  readonly CONTEXT?: string | undefined;
}

/** Hosts that platforms give to previews: Vercel's branches, Netlify's and Deno's, Cloudflare's Pages. */
const HOST = /(-git-.*\.vercel\.app|--.*\.(netlify\.app|deno\.net)|\..*\.pages\.dev)$/;
/** What platforms' variables say there, in words of their own. */
const WORD = /\b(git-branch|preview|branch-deploy)\b/;

/** Whether a request's host is a preview's, or one of the platform's variables says so. */
export function inPreview(request: Request, env: PlatformVariables): boolean {
  return HOST.test(new URL(request.url).hostname) ||
    WORD.test(`${[env.VERCEL_ENV, env.DENO_TIMELINE, env.CONTEXT]}`);
}
