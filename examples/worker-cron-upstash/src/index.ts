/**
 * A job that Cloudflare triggers every five minutes, and that runs once per slot however often and
 * wherever it is triggered: in other accounts, in a Worker beside this one, or again after a failure.
 */
import {
  type Cron,
  cronJob,
  type Run,
  slotOf,
  type SlotOptions,
  systemRuntime,
} from "@baton/baton/cron";
import { upstash } from "@baton/baton/drivers/upstash";

/** What `wrangler.jsonc` sets, and two secrets. */
interface Env {
  readonly UPSTASH_REDIS_REST_URL: string;
  readonly UPSTASH_REDIS_REST_TOKEN: string;
  /** The job's name: whoever uses the same, on the same database, shares its slots. */
  readonly JOB: string;
  /** `"once"`: a run that crashes stays crashed. `"retry"`: the next trigger of its slot repeats it. */
  readonly MODE: NonNullable<SlotOptions["mode"]>;
  /** How long a run may take in ms; in `"retry"`, after how long without a sign it counts as dead. */
  readonly TTL: number;
  /** Where the work is done. */
  readonly TARGET_URL: string;
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

function jobOf(env: Env, context: Context): Cron {
  const {
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: token,
    JOB,
    TTL: ttl,
  } = env;
  // So that a claim without an answer is given back although its event has ended with an error.
  const runtime = systemRuntime({
    waitUntil: (work) => context.waitUntil(work),
  });
  return cronJob(upstash({ url, token }), JOB, { ttl, runtime });
}

/** The work. Who receives it should refuse a token below the highest it has seen for that slot. */
async function call(
  { TARGET_URL }: Env,
  { slot, token, signal }: Run,
): Promise<void> {
  const headers = { "idempotency-key": `${slot}`, "fencing-token": `${token}` };
  const { status } = await fetch(TARGET_URL, {
    method: "POST",
    headers,
    signal,
  });
  // Whatever is thrown here ends the run: in "retry" its slot is free again.
  if (status !== 200) throw new Error(`the target answered ${status}`);
}

export default {
  async scheduled(
    event: { readonly scheduledTime: number },
    env: Env,
    ctx: Context,
  ) {
    await jobOf(env, ctx).run(
      { slot: slotOf(event), mode: env.MODE },
      (run) => call(env, run),
    );
  },

  /** The last runs, for whoever knows the address; it tells no secret, but remove it if in doubt. */
  async fetch(_request: Request, env: Env, ctx: Context): Promise<Response> {
    return Response.json(await jobOf(env, ctx).history());
  },
};
