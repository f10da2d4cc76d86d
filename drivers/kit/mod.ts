/**
 * What the author of a driver needs: checks of the operations, their meaning over a table of your
 * own, and errors in the words that all drivers use. `docs/write-a-driver.md` shows how to use it.
 *
 * @module
 */

export { checkOps, MAX_LIMIT, MAX_TTL, refuse } from "./check.ts";
export { CODEC_VERSION, decodeOps, decodeOutcomes, encodeOps, encodeOutcomes } from "./codec.ts";
export { failure, type Verdict } from "./failure.ts";
export { bySeat, endOf, placeKey } from "./order.ts";
export { plain, textOf } from "./plain_words.ts";
export { type Connect, connect, type Socket, type SocketAddress, socketsLast } from "./sockets.ts";
export { lastPage, type Listed, page, type Place, placeIn, step, type Table } from "./step.ts";
export { nonces } from "./nonce.ts";
export { isLoopback } from "./urls.ts";
export { type After, Waiters } from "./waiting.ts";
export { noStore } from "./no_store.ts";
