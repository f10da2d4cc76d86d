/**
 * Abort signals that look at the clock.
 *
 * @module
 */

import { onAbort } from "../../drivers/kit/aborts.ts";

/**
 * The controller's signal, which runs `look` whenever its `aborted` is read. A process that was
 * stopped past a deadline goes on in the middle of a function, before any timer can fire: its first
 * look must already tell the truth.
 */
export function watchful(controller: AbortController, look: () => void): AbortSignal {
  const { signal } = controller;
  let ended = signal.aborted;
  signal.addEventListener("abort", () => ended = true);
  const aborted = (): boolean => {
    look();
    return ended;
  };
  Object.defineProperties(signal, {
    aborted: { get: aborted },
    throwIfAborted: {
      value: () => {
        if (aborted()) throw signal.reason;
      },
    },
  });
  return signal;
}

/** A signal that aborts with the first of `signals`, and is as watchful as they are. */
export function firstOf(...signals: (AbortSignal | undefined)[]): AbortSignal {
  const given = signals.filter((signal) => signal !== undefined);
  const [only] = given;
  if (only && given.length === 1) return only;
  const controller = new AbortController();
  let ended = false;
  const look = (): void => {
    const aborted = ended ? undefined : given.find((signal) => signal.aborted);
    if (!aborted) return;
    ended = true; // before the abort, which looks at its own signal
    controller.abort(aborted.reason);
  };
  look();
  // Before anyone listens: who is called first must see that it has aborted.
  const joint = watchful(controller, look);
  if (ended) return joint;
  const unlisten = given.map((signal) => onAbort(signal, look));
  // Once it has aborted it listens no more: some of them live longer.
  onAbort(joint, () => unlisten.forEach((stop) => stop()));
  return joint;
}
