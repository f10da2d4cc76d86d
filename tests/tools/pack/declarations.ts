/**
 * What declarations need beside what `deno pack` writes into them.
 *
 * @module
 */

/** A lease ends with its block, and TypeScript's library knows that from 5.2 on, if it is asked. */
const LIBRARY = '/// <reference lib="esnext.disposable" />\n';

/**
 * Asks for the library where a declaration uses it, so that a user with `target: "es2022"` need not.
 * JSR allows no such line in the sources.
 */
export function withLibrary(declarations: string): string {
  const used = /\b(?:Async)?Disposable\b|\bSymbol\.(?:asyncD|d)ispose\b/.test(declarations);
  return used ? LIBRARY + declarations : declarations;
}
