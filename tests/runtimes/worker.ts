/**
 * A Worker that runs cases: a request names one and is answered how it went, a scheduled event is a
 * slot of a cron job, and a lease can be kept from one request to the next.
 *
 * @module
 */

import {
  type Address,
  Coordinator,
  cronJob,
  type Job,
  type Lease,
  open,
  run,
  slotOf,
} from "./package.ts";

interface Env {
  /** Whose slots are run. */
  readonly CRON: Address;
}

/** What can be asked of it in a request. */
export type Question =
  | { readonly job: Job }
  | { readonly hold: string; readonly ttl: number; readonly address: Address }
  | { readonly kept: "look" | "confirm" | "renew" | "release" }
  | { readonly ran: true };

/** How the lease that is kept stands. */
export interface Look {
  readonly held: boolean;
  readonly aborted: boolean;
  /** How often its signal has told of its end. */
  readonly told: number;
}

/** The slots that this isolate has run. */
const ran: number[] = [];
/** What outlives a request, against all advice: its timers do not. */
let kept: Lease | undefined;
let told = 0;

async function answer(question: Question): Promise<unknown> {
  if ("job" in question) return await run(question.job);
  if ("ran" in question) return ran;
  if ("hold" in question) {
    const { hold, ttl, address } = question;
    const baton = new Coordinator(open(address), { clocks: { step: 0 } });
    kept = await baton.getLock(hold).hold({ ttl, timeout: 0 });
    told = 0;
    kept.signal.addEventListener("abort", () => told++);
    return kept.token;
  }
  if (!kept) throw new Error("nothing is kept");
  if (question.kept === "renew") return await kept.renew();
  if (question.kept === "release") return await kept.release();
  if (question.kept === "confirm") {
    return await kept.confirm().then(() => "confirmed", (error: Error) => error.name);
  }
  const before = told;
  return { held: kept.held, aborted: kept.signal.aborted, told: before } satisfies Look;
}

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json({ answer: await answer(await request.json() as Question) });
  },
  async scheduled(event: { scheduledTime: number }, env: Env): Promise<void> {
    await cronJob(open(env.CRON), "worker").run({ slot: slotOf(event) }, ({ slot }) => {
      ran.push(slot);
    });
  },
};
