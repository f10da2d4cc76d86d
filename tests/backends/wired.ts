/**
 * A driver that sends texts, as one over HTTP does, to a server in the same process: whoever owns the
 * wire sees every byte.
 *
 * @module
 */

import { checkOps } from "../../drivers/kit/check.ts";
import { decodeOps, decodeOutcomes, encodeOps, encodeOutcomes } from "../../drivers/kit/codec.ts";
import { nonces } from "../../drivers/kit/nonce.ts";
import type { ApplyOptions, Driver } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import type { Backend } from "../conformance/mod.ts";
import type { Time } from "./backend.ts";
import { onClock } from "./fake_clock.ts";

/** Sends one request; answers the text that came back. */
export type Wire = (request: string, options: ApplyOptions) => Promise<string>;

/** How a request is made of a batch and sent; a test may plant a bug here. */
export type Send = (wire: Wire, batch: string, options: ApplyOptions) => Promise<string>;

/** Sends each batch once, with a nonce, after it was reported. */
export function soundly(): Send {
  const nonce = nonces();
  return async (wire, batch, options) => {
    options.beforeRequest?.();
    return await wire(`${nonce()} ${batch}`, options);
  };
}

/** Memory on a fake clock, behind a wire that can be seen and cut. */
export function wired(send: Send = soundly(), time?: Time): Backend {
  const sent: string[] = [];
  const backend = onClock(time, (now, after) => {
    const server = memory({ now, after });
    const wire: Wire = async (request, { signal }) => {
      sent.push(request);
      const ops = decodeOps(request.slice(request.indexOf("{")));
      return encodeOutcomes(await server.apply(ops, { signal }));
    };
    return () => client(server, wire, send);
  });
  return { ...backend, sent: () => sent.splice(0) };
}

function client({ guarantees }: Driver, wire: Wire, send: Send): Driver {
  return {
    name: "wired",
    guarantees,
    async apply(ops, options = {}) {
      checkOps(ops, guarantees.minTtl);
      options.signal?.throwIfAborted();
      if (ops.length === 0) return [];
      return decodeOutcomes(await send(wire, encodeOps(ops), options), ops);
    },
  };
}
