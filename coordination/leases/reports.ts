/**
 * What users hear: their own functions, which must not harm us, and a last resort where they have none.
 *
 * @module
 */

import type { CoordinatorEvent } from "../events.ts";

/**
 * Calls a user's function whose failure is nobody's business but its own. An async one would otherwise
 * end the process by an unhandled rejection.
 */
export function harmless(
  call: () => unknown,
  failed: (error: unknown) => void = () => {},
): void {
  try {
    Promise.resolve(call()).catch(failed);
  } catch (error) {
    failed(error);
  }
}

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
