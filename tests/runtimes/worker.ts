/**
 * A Worker that runs cases: a request names one and is answered how it went, a scheduled event is a
 * slot of a cron job, and a lease can be kept from one request to the next.
 *
 * @module
 */

import {
  Coordinator,
  type CoordinatorEvent,
  cronJob,
  type D1Database,
  type Job,
  type Lease,
  migrateD1,
  open,
  run,
  runOnD1,
  slotOf,
} from "./package.ts";

/** Backends by the names that schedules have here. */
type Env = Readonly<Record<string, string>>;

/** What it has where it was started with a D1. */
interface Bindings {
  readonly DB: D1Database;
}

/** What can be asked of it in a request. */
export type Question =
  | { readonly job: Job }
  | { readonly hold: string; readonly ttl: number; readonly url: string }
  | { readonly kept: "look" | "confirm" | "renew" | "release" }
  | { readonly ran: true }
  /** A case on its own D1, or its tables. */
  | { readonly d1: string | null };

/** How the lease that is kept stands. */
export interface Look {
  readonly held: boolean;
  /** How often its loss was reported, before it was looked at and after. */
  readonly told: readonly [before: number, after: number];
}

/** The slots that this isolate has run. */
const ran: number[] = [];
/** What outlives a request, against all advice: its timers do not. */
let kept: Lease | undefined;
let told = 0;

async function answer(question: Question, { DB }: Bindings): Promise<unknown> {
  if ("d1" in question) {
    return await (question.d1 === null ? migrateD1(DB) : runOnD1(question.d1, DB));
  }
  if ("job" in question) return await run(question.job);
  if ("ran" in question) return ran;
  if ("hold" in question) {
    const { hold, ttl, url } = question;
    // Who is to be told needs a timer from the start. Its signal is not asked for: Workers bind one to
    // the request that made it.
    const on = (event: CoordinatorEvent): void => void (event.type === "lost" && told++);
    const baton = new Coordinator(await open(url), { clocks: { step: 0 }, on });
    told = 0;
    kept = await baton.getLock(hold).hold({ ttl, timeout: 0 });
    return kept.token;
  }
  if (!kept) throw new Error("nothing is kept");
  if (question.kept === "renew") return await kept.renew();
  if (question.kept === "release") return await kept.release();
  if (question.kept === "confirm") {
    return await kept.confirm().then(() => "confirmed", (error: Error) => error.name);
  }
  const before = told;
  return { held: kept.held, told: [before, told] } satisfies Look;
}

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    return Response.json({ answer: await answer(await request.json() as Question, env) });
  },
  async scheduled(event: { scheduledTime: number; cron: string }, env: Env): Promise<void> {
    const driver = await open(env[event.cron] as string);
    await cronJob(driver, "worker").run({ slot: slotOf(event) }, ({ slot }) => {
      ran.push(slot);
    });
  },
};
