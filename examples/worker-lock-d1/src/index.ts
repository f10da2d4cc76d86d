/**
 * An API that rebuilds a report for one request at a time, and never lets an old one replace a newer one.
 * The lock, the reports and their fence are in one D1 database, which is all that it needs.
 */
import { Coordinator, systemRuntime } from "@baton/baton";
import { d1, type D1Database } from "@baton/baton/drivers/d1";
import { isStale, sqliteFence } from "@baton/baton/fencing";
import { withLock } from "@baton/baton/http";

/** The binding and the variable in `wrangler.jsonc`. */
interface Env {
  readonly DB: D1Database;
  /** What a report is made of; it may take its time. */
  readonly SOURCE_URL: string;
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

/** One for each request. On the free plan a request has 50 queries; some are for the report. */
function batonOf(_request: Request, { DB }: Env, context: Context): Coordinator {
  const runtime = systemRuntime({ waitUntil: (work) => context.waitUntil(work) });
  return new Coordinator(d1(DB), { lockTtl: 10_000, subrequests: 40, runtime });
}

const nameIn = (request: Request): string | undefined =>
  /^\/reports\/([\w-]+)$/.exec(new URL(request.url).pathname)?.[1];

/** Who asks while another request rebuilds the report gets 423, and when to try again. */
const rebuild = withLock(
  batonOf,
  nameIn,
  {},
  async (request, { lease }, { DB, SOURCE_URL }: Env, _context: Context) => {
    const name = nameIn(request);
    const source = await fetch(`${SOURCE_URL}/${name}`, { signal: lease.signal });
    const report = await source.text();
    const fence = sqliteFence({ resource: `report:${name}`, token: lease.token });
    try {
      // One transaction: a request that was paused, and has lost the lock meanwhile, writes nothing.
      await DB.batch([
        DB.prepare(fence.sql).bind(...fence.args),
        DB.prepare("insert or replace into reports (name, text) values (?, ?)").bind(name, report),
      ]);
    } catch (error) {
      if (!isStale(error)) throw error;
      return Response.json({ rebuilt: false, why: "a later request has" }, { status: 409 });
    }
    return Response.json({ rebuilt: true, token: lease.token });
  },
);

async function show(request: Request, { DB }: Env): Promise<Response> {
  const [answer] = await DB.batch([
    DB.prepare("select text from reports where name = ?").bind(nameIn(request) ?? ""),
  ]);
  const [row] = answer?.results as { text: string }[];
  return row ? new Response(row.text) : new Response("no such report", { status: 404 });
}

export default {
  async fetch(request: Request, env: Env, context: Context): Promise<Response> {
    return await (request.method === "POST" ? rebuild(request, env, context) : show(request, env));
  },
};
