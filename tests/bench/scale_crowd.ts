/** Something of which there can be many, and what is done while there are. */
import type { Op } from "../../drivers/driver.ts";
import type { Place } from "./scale_place.ts";
import type { Shape } from "./shape.ts";

/** What is done, and how what it costs may grow. */
export interface Deed {
  readonly name: string;
  /** Of its time. */
  readonly shape: Shape;
  /** Of its requests. */
  readonly requests: Shape;
  once(): unknown;
}

/** So many of something, at one place. */
export interface Crowd {
  /** Makes them more. */
  grow(to: number): Promise<void>;
  readonly deeds: readonly Deed[];
  /** Ends them all, as users do; what has no end is left to run out. */
  end(): Promise<void>;
  /** What is asked for while clean-up goes on beside it; all of it is over at once. */
  pair(turn: number): readonly Op[];
}

/** A kind of thing. */
export interface Subject {
  readonly name: string;
  /** Whether each asks again and again where the backend does not push. */
  readonly looking?: true;
  /** Whether the process or its backend keeps something of each. */
  readonly keeps: boolean;
  open(place: Place): Promise<Crowd>;
}
