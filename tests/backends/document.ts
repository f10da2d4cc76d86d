/**
 * The family of one document, over a store in this process whose clock counts whole seconds: all that its
 * algorithm does, without a wire.
 *
 * @module
 */

import {
  document as open,
  type DocumentOptions,
  type DocumentStore,
} from "../../drivers/document/document.ts";
import type { ApplyOptions } from "../../drivers/driver.ts";
import type { Backend as Place, Freeze } from "../conformance/mod.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import type { Backend } from "./backend.ts";
import { onClock } from "./fake_clock.ts";

/** What a store whose clock counts seconds promises. */
export const BY_SECONDS: DocumentOptions = {
  name: "document",
  guarantees: {
    consistency: "linearizable",
    clock: "server",
    durability: "process",
    minTtl: 1_000,
    overrun: 3,
  },
  most: 8 * 2 ** 20,
  unit: 1_000,
};

/** Holds a request on its way, wherever requests come by. */
export class Freezer {
  #pass = Infinity;
  #frozen = Promise.withResolvers<void>();
  #ended = Promise.withResolvers<void>();

  /** As `Backend.freeze`. */
  freeze(after: number): Freeze {
    this.#pass = after;
    this.#frozen = Promise.withResolvers();
    const ended = this.#ended = Promise.withResolvers();
    const { promise: frozen } = this.#frozen;
    return {
      frozen,
      end: () => {
        this.#pass = Infinity;
        ended.resolve();
      },
    };
  }

  /** Each request comes by here on its way. */
  async come(): Promise<void> {
    if (this.#pass-- !== 0) return;
    this.#frozen.resolve();
    await this.#ended.promise;
  }
}

/** A document in this process. */
export class OwnStore implements DocumentStore<number> {
  readonly #now: () => number;
  readonly #freezer: Freezer;
  #text: string | undefined;
  #version = 0;

  constructor(now: () => number, freezer: Freezer = new Freezer()) {
    this.#now = now;
    this.#freezer = freezer;
  }

  async read({ beforeRequest }: ApplyOptions) {
    beforeRequest?.();
    await this.#freezer.come();
    const now = Math.floor(this.#now() / 1_000) * 1_000;
    const found = { text: this.#text, version: this.#version, now };
    // The answer comes later than it was given.
    return await Promise.resolve(found);
  }

  async write(text: string, version: number, { beforeRequest }: ApplyOptions) {
    beforeRequest?.();
    await this.#freezer.come();
    const fits = version === this.#version;
    if (fits) [this.#text, this.#version] = [text, version + 1];
    return await Promise.resolve(fits);
  }
}

/** On a fake clock. */
export const document: Backend = {
  name: "a document",
  key: "document",
  clock: "fake",
  lanes: 1,
  has: {},
  holds: 1_200,
  start({ time } = {}) {
    const place = (): Place => {
      const freezer = new Freezer();
      const backend = onClock(time, (now) => {
        const store = new OwnStore(now, freezer);
        return () => open(store, BY_SECONDS);
      });
      return { ...backend, many: SIZES.documentLeases, freeze: (after) => freezer.freeze(after) };
    };
    return Promise.resolve({ ...place(), apart: place, stop: () => Promise.resolve() });
  },
};
