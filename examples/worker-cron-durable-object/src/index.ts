/**
 * A job that Cloudflare triggers every five minutes. It runs once per slot, however often it is
 * triggered, and needs no service but Cloudflare: the leases are in a Durable Object of this Worker.
 */
import {
  type Cron,
  cronJob,
  type Run,
  slotOf,
  type SlotOptions,
  systemRuntime,
} from "@baton/baton/cron";
import { durableObject, type ObjectNamespace } from "@baton/baton/drivers/durable-object";

export { BatonObject } from "@baton/baton/drivers/durable-object";

/** The binding and the variables in `wrangler.jsonc`. */
interface Env {
  readonly BATON: ObjectNamespace;
  /** The job's name. */
  readonly JOB: string;
  /** `"once"`: a slot never runs twice. `"retry"`: after a crash, the next trigger of the slot runs it. */
  readonly MODE: NonNullable<SlotOptions["mode"]>;
  /** How long a run may take, in ms; in `"retry"`, how long after a crash its slot is free again. */
  readonly TTL: number;
  /** The URL that does the work. */
  readonly TARGET_URL: string;
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

function jobOf({ BATON, JOB, TTL: ttl }: Env, context: Context): Cron {
  // Lets the release of a claim without an answer finish after the event has ended with an error.
  const runtime = systemRuntime({ waitUntil: (work) => context.waitUntil(work) });
  return cronJob(durableObject(BATON), JOB, { ttl, runtime });
}

/** The work. Its receiver should refuse a token below the highest that it has seen for that slot. */
async function call({ TARGET_URL }: Env, { slot, token, signal }: Run): Promise<void> {
  const headers = { "idempotency-key": `${slot}`, "fencing-token": `${token}` };
  const { status } = await fetch(TARGET_URL, { method: "POST", headers, signal });
  // An error ends the run; in "retry" its slot is free again.
  if (status !== 200) throw new Error(`the target answered ${status}`);
}

export default {
  async scheduled(event: { readonly scheduledTime: number }, env: Env, ctx: Context) {
    await jobOf(env, ctx).run({ slot: slotOf(event), mode: env.MODE }, (run) => call(env, run));
  },

  /** The last runs, public to everyone who knows the address. They contain no secret. */
  async fetch(_request: Request, env: Env, ctx: Context): Promise<Response> {
    return Response.json(await jobOf(env, ctx).history());
  },
};
