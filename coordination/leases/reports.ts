/**
 * A last resort where no user listens.
 *
 * @module
 */

import type { CoordinatorEvent } from "../events.ts";

/**
 * Says, where nobody observes, that a call goes on although the backend does not serve it: a `lead()`
 * with a wrong password would otherwise wait in silence. Answers whether there was anything to say.
 */
export function warned(event: CoordinatorEvent): boolean {
  if (!/^(campaign|acquire|tick)-failed$/.test(event.type)) return false;
  // deno-lint-ignore no-console -- the last resort, which `on: () => {}` replaces
  console.warn(
    `@baton/baton: ${event.type}, and it is tried again: ${
      Object(event).error?.message
    }. This is ` +
      "said once; the option `on` receives every such event",
  );
  return true;
}
