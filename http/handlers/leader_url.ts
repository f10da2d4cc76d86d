/**
 * Where a leader serves, by its own capabilities.
 *
 * @module
 */

import type { Json } from "../../coordination/groups/group_events.ts";

/**
 * The URL at which the leader answers `request`: the `url` of its capabilities with the request's
 * path and query. If that `url` has a path, the request's path follows it.
 *
 * @returns `undefined` if there is no usable URL: it is not http or https; it has credentials in
 *   it, which must not be handed out; or it is the URL that was requested, which would be a circle.
 */
export function leaderUrl(capabilities: Json | undefined, request: Request): URL | undefined {
  const said = urlIn(capabilities);
  if (said === undefined || !URL.canParse(said)) return undefined;
  const target = new URL(said);
  if (!/^https?:/.test(target.protocol)) return undefined;
  if (target.username !== "" || target.password !== "") return undefined;
  const asked = new URL(request.url);
  // The lookbehind keeps it linear: without it, a path of nothing but slashes takes quadratic time.
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
