/**
 * A Worker that has the class of Baton's objects, and passes what it is sent on to the object that the
 * path names first: so a driver outside of workerd has a binding.
 *
 * @module
 */

export { BatonObject } from "../../drivers/durable_object/durable_object.ts";

/** The status that carries what a call of an object has thrown. A Worker may export no number. */
const THROWN = 590;

interface Env {
  readonly READY: string;
  readonly BATON: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(url: string, init: RequestInit): Promise<Response> };
  };
}

export default {
  async fetch(request: Request, { BATON, READY }: Env): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/ready") return new Response(READY);
    const [, object = "", path] = /^\/([^/]*)(\/.*)$/.exec(pathname) ?? [];
    try {
      const stub = BATON.get(BATON.idFromName(decodeURIComponent(object)));
      const { method, signal } = request;
      const body = method === "POST" ? await request.text() : null;
      return await stub.fetch(`https://baton${path}${search}`, { method, body, signal });
    } catch (error) {
      const { message, overloaded } = error as Error & { overloaded?: boolean };
      return Response.json({ message, overloaded }, { status: THROWN });
    }
  },
};
