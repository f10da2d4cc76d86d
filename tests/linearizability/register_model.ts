/**
 * A number that can be read, written and swapped: the smallest object worth checking.
 *
 * @module
 */

import type { Model } from "./wgl.ts";

/** One operation on one register. */
export type RegisterInput =
  | { readonly op: "read"; readonly name: string }
  | { readonly op: "write"; readonly name: string; readonly value: number }
  | { readonly op: "swap"; readonly name: string; readonly from: number; readonly to: number };

/** The number read; 0 for a write; for a swap, whether the register was `from`: 1 or 0. */
export type RegisterOutput = number;

/** What the operation does to a register and answers. */
export function runRegister(state: number, input: RegisterInput): [RegisterOutput, number] {
  switch (input.op) {
    case "read":
      return [state, state];
    case "write":
      return [0, input.value];
    case "swap":
      return state === input.from ? [1, input.to] : [0, state];
  }
}

/** The model of one register, which begins as 0. */
export const registerModel: Model<number, RegisterInput, RegisterOutput> = {
  initial: 0,
  step(state, input, output) {
    const [answer, next] = runRegister(state, input);
    return output === undefined || output === answer ? [next] : [];
  },
  isRead: ({ op }, output) => op === "read" || (op === "swap" && output === 0),
  key: String,
  partition: ({ name }) => name,
};
