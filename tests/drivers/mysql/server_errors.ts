/**
 * Errors of a server, in the forms in which clients hand them on.
 *
 * @module
 */

/** As mysql2 tells it, and as Vitess does. */
export function errors(errno: number): Error[] {
  const vitess = `target: x.-.primary: vttablet: rpc error: desc = oops (errno ${errno}) ` +
    `(sqlstate HY000) (CallerID: canary): Sql: "insert canary"`;
  return [Object.assign(new Error("canary"), { errno }), new Error(vitess)];
}
