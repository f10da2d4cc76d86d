/**
 * The modules that a runtime brings.
 *
 * @module
 */

/**
 * One of them, by its name, such as `node:fs`; `undefined` where it is missing. A bundler would move an
 * import to the top, and then a Worker that could use it, but does not, would not start.
 */
export function runtimeModule<T>(name: string): T | undefined {
  type Get = { readonly getBuiltinModule?: (name: string) => T | undefined };
  const { process } = globalThis as { process?: Get };
  return process?.getBuiltinModule?.(name);
}
