/**
 * What backends behind an HTTP front end have in common: how they start, crash and end.
 *
 * @module
 */

import { type FakedClock, within } from "../servers/faked_clock.ts";
import type { Fault } from "../servers/faults.ts";
import type { Refusal } from "../servers/refusals.ts";
import { BY_REQUESTS, type RunningWith, type Server, wait, type Wire } from "./backend.ts";

/** A server as `../servers/` starts it. */
interface Startable {
  kill(dice?: number): Promise<void>;
  restart(): Promise<void>;
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** What a backend is made of. */
export interface Parts<S extends Startable> {
  readonly loses: Server["loses"];
  /** The wall clock that the server shows. */
  readonly clock?: FakedClock | undefined;
  /** Starts the server, and again after it was stopped or killed. */
  start(): Promise<S>;
  /** Makes it refuse. */
  refuse(server: S, dice: number): Promise<Refusal>;
  /** A front end over it. */
  front(server: S): Promise<Wire>;
}

/** A remote backend, with its server itself for what only this kind of server can do. */
export type Remote<S> = RunningWith<"server" | "wire"> & { readonly own: S };

/** What a proxy answers in the place of a server. */
export const NOT_REACHED: Fault = { status: 502, body: "<html><h1>Bad Gateway</h1></html>" };

/** Starts server and front end; what fails leaves nothing running. */
export async function startRemote<S extends Startable>(parts: Parts<S>): Promise<Remote<S>> {
  const environment = parts.clock?.environment ?? {};
  const own = await within(environment, () => parts.start());
  const wire = await parts.front(own).catch(async (error) => {
    await own.stop();
    throw error;
  });
  const stop = async (): Promise<void> => {
    await wire.stop();
    await own.stop();
  };
  try {
    await wire.migrate?.();
  } catch (error) {
    await stop();
    throw error;
  }
  const restart = (): Promise<void> => within(environment, () => own.restart());
  return {
    own,
    wire,
    server: {
      loses: parts.loses,
      kill: (dice) => own.kill(dice),
      restart,
      pause: () => own.pause(),
      resume: () => own.resume(),
      refuse: (dice) => parts.refuse(own, dice),
    },
    connect: () => wire.connect(),
    pass: wait,
    tick: 100,
    ...BY_REQUESTS,
    restart,
    // Not by a broken connection: there a runtime's own fetch sends again, unasked.
    cut: (what) => wire.faults.next(what === "request" ? NOT_REACHED : "truncate"),
    freeze: (after) => wire.faults.freeze(after),
    sent: () => wire.faults.sent(),
    stop,
  };
}
