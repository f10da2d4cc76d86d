/**
 * A Worker that has Baton's class of objects, and tries the laws of drivers and coordinators over its own
 * binding: each request names a case, and is answered how it went.
 *
 * @module
 */

import {
  durableObject,
  type ObjectNamespace,
} from "../../drivers/durable_object/durable_object.ts";
import { systemRuntime } from "../../mod.ts";
import { coordinationCases } from "../conformance/coordination/mod.ts";
import { driverCases, pushCases } from "../conformance/mod.ts";

export { BatonObject } from "../../drivers/durable_object/durable_object.ts";

/** A case. */
export interface ObjectJob {
  readonly suite: "driver" | "coordination";
  readonly name: string;
}

interface Env {
  readonly READY: string;
  readonly BATON: ObjectNamespace;
}

async function run({ suite, name }: ObjectJob, { BATON }: Env): Promise<void> {
  const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  const tick = 100;
  // Who wins a race is decided by the object, on which `laws/` has many more rounds.
  const rounds = 20;
  if (suite === "driver") {
    const place = { connect: () => durableObject(BATON), pass, tick, rounds };
    return await byName([...driverCases, ...pushCases], name).run(place);
  }
  // A case lasts as long as its request, and so do its timers.
  const runtime = { ...systemRuntime(), lasting: true };
  const place = { driver: () => durableObject(BATON), runtime, pass, tick };
  return await byName(coordinationCases, name).run(place);
}

function byName<T extends { readonly name: string }>(cases: readonly T[], name: string): T {
  const found = cases.find((each) => each.name === name);
  if (!found) throw new Error(`there is no case "${name}"`);
  return found;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (request.method === "GET") return new Response(env.READY);
    return await run(await request.json(), env).then(
      () => new Response(),
      (error) => new Response(`${error}\n${Object(error).stack}`, { status: 500 }),
    );
  },
};
