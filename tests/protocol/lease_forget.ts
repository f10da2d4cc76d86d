/**
 * What can make no difference any more is forgotten, so that states which differ in nothing else are
 * one. It keeps the search small; a test compares it with a search that forgets nothing.
 *
 * @module
 */

import { idOf, ownerOf } from "./lease_ids.ts";
import { clientOf, type Model, type State, withRequests } from "./lease_state.ts";

/** The state without requests that whoever executes them will find nothing to do for. */
export function forgotten(model: Model, state: State): State {
  const { rules } = model;
  // Otherwise a request may touch the lease of another id, or one that has ended.
  const byId = rules.idsAreFresh && rules.renewById && rules.releaseById && rules.renewNeedsLive;
  if (!byId) return state;
  let after = state;
  for (let id = 1; id < state.requests.length; id++) {
    const { release, staleRenew } = state.requests[id] ?? { release: 0, staleRenew: 0 };
    if (release + staleRenew === 0 || mayLive(state, id)) continue;
    if (isCurrent(model, state, id)) continue;
    after = withRequests(after, id, { release: 0, staleRenew: 0 });
  }
  return after;
}

/** Whether an id is live, or may come to be without its client's sending anything. */
function mayLive({ seat, disk, restartsLeft, requests }: State, id: number): boolean {
  const { acquire = 0, again = 0 } = requests[id] ?? {};
  return acquire + again > 0 || seat.id === id || (restartsLeft > 0 && disk.id === id);
}

/** Whether a client may still send, or wait for an answer, under an id. */
function isCurrent(model: Model, state: State, id: number): boolean {
  const owner = ownerOf(id);
  const { phase, attempt } = clientOf(state, owner);
  return idOf(model, owner, attempt) === id && (phase === "trying" || phase === "releasing");
}
