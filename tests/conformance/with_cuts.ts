/**
 * Cuts the way to a backend that has no wire of its own.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import { wrapped } from "../../drivers/kit/wrapped.ts";
import type { Backend, Cut } from "./backend.ts";

/**
 * The same backend, with `cut`: the next `apply` of any handle is cut as a broken connection would be. It
 * rejects with an error that is none of Baton's, as it happens in drivers that forget to catch one.
 */
export function withCuts(backend: Backend): Backend {
  const cuts: Cut[] = [];
  return {
    ...backend,
    connect: async () => cuttable(await backend.connect(), cuts),
    cut: (what) => void cuts.push(what),
  };
}

function cuttable(inner: Driver, cuts: Cut[]): Driver {
  return {
    ...wrapped(inner),
    async apply(ops, options) {
      const cut = ops.length > 0 ? cuts.shift() : undefined;
      if (cut === "request") {
        options?.beforeRequest?.();
        throw new TypeError("the connection was cut before the request arrived");
      }
      const outcomes = await inner.apply(ops, options);
      if (cut === "reply") throw new TypeError("the connection was cut before the reply arrived");
      return outcomes;
    },
  };
}
