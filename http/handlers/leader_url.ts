/**
 * Where a leader serves, as it says itself.
 *
 * @module
 */

import type { Json } from "../../coordination/groups/group_events.ts";

/**
 * Where the leader answers `request`: the `url` of its capabilities, with the request's path (after
 * the url's own, if it has one) and query.
 *
 * @returns `undefined` where it says nothing usable: no http or https URL, one with credentials in
 *   it, which are nobody's to hand out, or the very URL that was asked for, which would go in circles.
 */
export function leaderUrl(capabilities: Json | undefined, request: Request): URL | undefined {
  const said = urlIn(capabilities);
  if (said === undefined || !URL.canParse(said)) return undefined;
  const target = new URL(said);
  if (!/^https?:$/.test(target.protocol)) return undefined;
  if (target.username !== "" || target.password !== "") return undefined;
  const asked = new URL(request.url);
  // The look behind keeps it linear: a path of slashes alone would cost their square.
  // Parts are set, not joined as text: a path such as "//elsewhere" must not become a host.
  target.pathname = target.pathname.replace(/(?<!\/)\/+$/, "") + asked.pathname;
  target.search = asked.search;
  target.hash = asked.hash = "";
  return target.href === asked.href ? undefined : target;
}

function urlIn(capabilities: Json | undefined): string | undefined {
  if (typeof capabilities !== "object" || capabilities === null) return undefined;
  const url = Object.entries(capabilities).find(([key]) => key === "url")?.[1];
  return typeof url === "string" ? url : undefined;
}
