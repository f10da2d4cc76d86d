/**
 * A state of the lease protocol as a short string. Every field has bits of its own, as many as the
 * scopes need; a test compares the keys of whole spaces with the states.
 *
 * @module
 */

import type { Phase, State } from "./lease_state.ts";

const PHASES: readonly Phase[] = ["idle", "trying", "held", "lost", "releasing"];

/** A state as a short string. */
export function keyOf(state: State): string {
  const { seat, disk } = state;
  const codes: number[] = [];
  for (const client of state.clients) {
    codes.push(
      PHASES.indexOf(client.phase) | client.attempt << 3 | client.age << 5 | client.againAge << 8 |
        client.sends << 11 | client.renewals << 13,
      client.grant | client.renewalAge + 1 << 4 | client.quiet << 7 | client.renewed << 10 |
        (client.refused ? 1 << 12 : 0) | (client.released ? 1 << 13 : 0),
      client.granted,
      client.grantedAgain,
    );
  }
  for (const { acquire, again, renew, staleRenew, release, evict } of state.requests) {
    codes.push(
      acquire | again << 2 | renew << 4 | staleRenew << 6 | release << 9 | evict << 12,
    );
  }
  for (const { id, left, token, grant, unrenewed } of [seat, disk]) {
    codes.push(id | left << 4 | grant << 8, token | unrenewed << 8);
  }
  codes.push(state.now | state.copiesLeft << 6 | state.restartsLeft << 9, state.writes);
  codes.push(state.fence | state.applied << 8, state.broken ? 1 : 0);
  codes.push(state.grantedIds, state.toldRefused, state.toldReleased);
  for (const token of state.tokens) codes.push(token);
  return String.fromCharCode(...codes);
}
