/**
 * A program that uses a lock by the URL on its command line, and ends without `stop()`.
 *
 * @module
 */

import { getCoordinator } from "../../url.ts";

const baton = await getCoordinator(Deno.args[0] ?? "", "me");
await baton.getLock("x").hold();
// The connection was idle, and keeps the process alive again until the answer is there.
await baton.getLock("y").hold();
// deno-lint-ignore no-console -- this is a command
console.log("held");
