/**
 * Calls of users' own functions, which must not harm us.
 *
 * @module
 */

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
