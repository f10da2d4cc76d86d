/**
 * Times in which the backend is reached and definitely says no, for seconds to a minute.
 *
 * @module
 */

import type { SeatOp } from "../../drivers/driver.ts";
import { ConnectionError } from "../../errors.ts";
import { oneOf, type Stream } from "./dice.ts";

/** What a driver makes of the backend's answer to these operations; `undefined` when it does them. */
export type Refusal = (ops: readonly SeatOp[]) => ConnectionError | undefined;

/** Draws why the backend refuses, and whether it refuses writes alone. */
export function refusal(random: Stream): Refusal {
  return oneOf(random, [readOnly, changedPassword, usedUp]);
}

/** The server that answers is a replica now: it answers looks, and a repetition may help. */
const readOnly: Refusal = (ops) =>
  ops.every(({ op }) => op === "inspect")
    ? undefined
    : new ConnectionError("the server is read-only", { code: "connection", retryable: true });

const changedPassword: Refusal = () =>
  new ConnectionError("the password is wrong", { code: "unauthorized", retryable: false });

const usedUp: Refusal = () =>
  new ConnectionError("the quota is used up", { code: "connection", retryable: false });
