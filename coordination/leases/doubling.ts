/**
 * When to look for what can be forgotten.
 *
 * @module
 */

/** So few may stay without a look. */
const FEW = 64;

/**
 * Answers a function to call at each addition, which calls `sweep` whenever the number has doubled since
 * the last sweep: so that looking costs about one look for each addition, and what stays is bounded.
 */
export function doubling(all: { readonly size: number }, sweep: () => void): () => void {
  let many = FEW;
  return () => {
    if (all.size < many) return;
    sweep();
    many = Math.max(FEW, 2 * all.size);
  };
}
