/**
 * Events as text.
 *
 * @module
 */

import type { GroupEvent } from "../../../mod.ts";

/** Says an event without what only the backend knows, such as `left g b (expired)`. */
export function tell(event: GroupEvent): string {
  const who = "memberId" in event ? ` ${event.memberId}` : "";
  const reason = "reason" in event ? ` (${event.reason})` : "";
  return `${event.type} ${event.group}${who}${reason}`;
}
