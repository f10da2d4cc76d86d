/**
 * The small worlds in which the lease protocol is searched. Each is as large as can be exhausted in
 * seconds, and each is large in something else.
 *
 * @module
 */

import type { Scope } from "./lease_state.ts";

/** Two clients, clocks within bounds, everything sent and delivered once. */
const PLAIN: Scope = {
  attempts: [1, 1],
  ttl: 3,
  sends: 1,
  renewals: 1,
  copies: 0,
  unheard: 1,
  writes: false,
  restarts: 0,
  slowRestart: true,
  horizon: 0,
};

/** One client acquires twice, and one request, whichever, arrives twice: what is late meets what is new. */
export const AGAIN: Scope = { ...PLAIN, attempts: [2, 1], copies: 1 };

/** Everything may be sent twice, and once more be doubled. */
export const REPLAY: Scope = { ...PLAIN, sends: 2, copies: 1 };

/** The smallest in which an acquire is sent twice. */
export const RESENT: Scope = { ...PLAIN, sends: 2, renewals: 0 };

/** Three clients. */
export const THREE: Scope = { ...PLAIN, attempts: [1, 1, 1], renewals: 0 };

/** Clocks may stand still for as long as they like, the server restarts, writes come late. */
export const LAWLESS: Scope = {
  ...PLAIN,
  renewals: 0,
  unheard: "any",
  writes: true,
  restarts: 1,
  horizon: 3,
};

/** The smallest in which a write comes late, and clocks keep within bounds. */
export const WRITING: Scope = { ...PLAIN, renewals: 0, writes: true };

/** The smallest in which a client acquires twice. */
export const TWICE: Scope = { ...PLAIN, attempts: [2, 1] };

/** Clocks agree: none misses a tick. */
export const PUNCTUAL: Scope = { ...TWICE, unheard: 0 };
