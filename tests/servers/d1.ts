/**
 * A real D1: that of workerd, the runtime of Cloudflare Workers, in a process of its own and on a
 * temporary folder. A Worker in front of it runs batches that come over HTTP.
 */
import { type MiniflareServer, startMiniflare } from "./miniflare.ts";

/** A statement, as the Worker takes it. */
export interface Asked {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** What became of a statement, as D1 says it. */
export interface Answered {
  readonly results: readonly Readonly<Record<string, unknown>>[];
  readonly meta: { readonly rows_read: number; readonly rows_written: number };
}

/** The Worker. What D1 throws is answered in D1's words; the id tells it from a stranger's on its port. */
const WORKER = `export default {
  async fetch(request, env) {
    if (request.method === "GET") return new Response(env.ID);
    const { constraint, statements } = await request.json();
    try {
      const session = constraint ? env.DB.withSession(constraint) : env.DB;
      const batch = statements.map(({ sql, params }) => session.prepare(sql).bind(...params));
      return Response.json({ answers: await session.batch(batch) });
    } catch ({ message }) {
      return Response.json({ error: message }, { status: 400 });
    }
  },
};`;

/** Its URL is where the Worker takes batches. */
export async function startD1(): Promise<MiniflareServer> {
  return await startMiniflare({
    name: "d1",
    script: WORKER,
    bindings: (folder) => ({ d1Databases: ["DB"], d1Persist: `${folder}/d1` }),
  });
}
