/**
 * An API that charges an account for one request at a time, even if many machines serve requests. The
 * same file runs on Workers, Deno and Node.
 */

import { Coordinator } from "@baton/baton";
import { upstash } from "@baton/baton/drivers/upstash";
import { withLock } from "@baton/baton/hono";
import { type Context, Hono } from "hono";
import { env } from "hono/adapter";

/** The environment's variables, or a Worker's secrets. */
interface Env extends Record<string, string> {
  UPSTASH_REDIS_REST_URL: string;
  UPSTASH_REDIS_REST_TOKEN: string;
  /** The service that moves the money. */
  PAYMENTS_URL: string;
}

/** One coordinator per request, as Workers need it; making one sends no request. */
function batonOf(c: Context): Coordinator {
  const { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } = env<Env>(c);
  return new Coordinator(upstash({ url, token }), { lockTtl: 10_000 });
}

const app = new Hono();

app.post(
  "/accounts/:id/charge",
  withLock(batonOf, (c) => `account:${c.req.param("id")}`),
  async (c) => {
    const { token, signal } = c.var.lease;
    const response = await fetch(`${env<Env>(c).PAYMENTS_URL}/${c.req.param("id")}`, {
      method: "POST",
      headers: { "fencing-token": `${token}` },
      body: await c.req.text(),
      signal,
    });
    return response.ok ? c.json({ charged: true, token }) : c.json({ charged: false }, 502);
  },
);

export default app;
