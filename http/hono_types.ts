/**
 * Hono's types under names of our own. Hono documents them, so here they are `@internal`.
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
 * Hono's handler, as `app.get()` and similar methods take it.
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
 * Hono's function that runs the handlers after a middleware.
 *
 * @internal
 */
export type Next = hono.Next;
