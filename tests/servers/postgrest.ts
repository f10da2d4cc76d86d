/**
 * What of PostgREST, as Supabase runs it, Baton needs: it calls a function in a transaction of its own,
 * under the role of the key, and answers after the commit. The key is the role's name here.
 */
// @ts-types="@types/pg"
import { Pool } from "pg";
import type { PostgresServer } from "./postgres.ts";

/** A running front end. */
export interface PostgrestServer {
  readonly url: string;
  /** Calls a function of the schema `baton`. */
  call(key: string, name: string, args: unknown): Promise<{ status: number; code: string }>;
  stop(): Promise<void>;
}

/** An answer: its status, and what becomes JSON. */
type Answer = readonly [status: number, body: unknown];

const ROLES = ["anon", "service_role"];

/** How PostgREST's statuses follow from a SQLSTATE, as far as it matters. */
function statusOf(code: string): number {
  return code === "42501" ? 403 : code === "42883" ? 404 : 400;
}

export function startPostgrest(postgres: PostgresServer): PostgrestServer {
  const pool = new Pool({ connectionString: postgres.url, max: 32 });
  // The database may be stopped before the last connection has ended.
  pool.on("error", () => {});
  async function answer(
    method: string,
    path: string,
    headers: Headers,
    body: string,
  ): Promise<Answer> {
    const [, name = ""] = /^\/rest\/v1\/rpc\/(\w+)$/.exec(path) ?? [];
    const role = headers.get("authorization")?.replace("Bearer ", "") ?? "";
    if (!ROLES.includes(role)) return [401, { code: "PGRST301", message: "invalid key" }];
    if (method !== "POST" || !name) return [404, { code: "PGRST202", message: "no such function" }];
    const schema = headers.get("content-profile") ?? "public";
    const args = Object.entries(JSON.parse(body) as Record<string, unknown>);
    const client = await pool.connect();
    try {
      await client.query("begin isolation level read committed read write");
      await client.query(`set local role ${role}`);
      await client.query("select set_config('request.method', 'POST', true)");
      const list = args.map(([each], n) => `${each} => $${n + 1}`);
      const { rows } = await client.query(
        `select ${schema}.${name}(${list}) as answer`,
        args.map(([, value]) => value),
      );
      await client.query("commit");
      return [200, rows[0]?.answer];
    } catch (error) {
      await client.query("rollback");
      const { code, message } = Object(error);
      return [statusOf(code), { code, message, details: null, hint: null }];
    } finally {
      client.release();
    }
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { method, url, headers } = request;
    // Of a client that has gone there is no more than a part.
    const body = await request.text().catch(() => undefined);
    if (body === undefined) return new Response(null, { status: 400 });
    const [status, said] = await answer(method, new URL(url).pathname, headers, body);
    return Response.json(said ?? null, { status });
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return {
    url,
    async call(key, name, args) {
      const response = await fetch(`${url}/rest/v1/rpc/${name}`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-profile": "baton" },
        body: JSON.stringify(args),
      });
      return { status: response.status, code: Object(await response.json()).code };
    },
    async stop() {
      await server.shutdown();
      await pool.end();
    },
  };
}
