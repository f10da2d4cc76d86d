/**
 * Hono's types under names of ours: their docs are not ours to give, as `@internal` says.
 *
 * @module
 */

import type * as hono from "hono";

/**
 * Hono's context, `c`.
 *
 * @internal
 */
export type Context = hono.Context;

/**
 * Hono's handler, as `app.get()` and its like take it.
 *
 * @internal
 */
export type Handler = hono.Handler;

/**
 * Hono's middleware that adds variables to `c.var`.
 *
 * @internal
 */
export type Middleware<V extends object> = hono.MiddlewareHandler<{ Variables: V }>;

/**
 * What runs the handlers that come after a middleware.
 *
 * @internal
 */
export type Next = hono.Next;
