/**
 * Kubernetes' API for Lease objects, on a front end of our own whose clock is the test's.
 *
 * @module
 */

import { kubernetes as open } from "../../drivers/document/kubernetes.ts";
import { type KubernetesServer, startKubernetes } from "../servers/kubernetes.ts";
import type { Backend, Wire } from "./backend.ts";
import { documentOverHttp } from "./documents.ts";

let documents = 0;
const another = (): string => `baton-${documents++}`;

/** A new front end for each start, with its objects. */
export const kubernetes: Backend<"wire"> = {
  name: "kubernetes",
  key: "kubernetes",
  ...documentOverHttp((now) => startKubernetes({ now }), wireTo, ({ url, token }) => {
    const name = another();
    return () => open({ url, token, name });
  }),
  // Its annotations have no room for more.
  holds: 600,
  vendors: [{
    name: "kubernetes",
    driver: (host, { token }, protocol) => open({ url: `${protocol}://${host}`, token }),
    pasted: (url, { token }) => [
      () => open({ url, token }),
      () => open({ url: "https://h.example", token: `${token} ${url}` }),
    ],
    url: (host, { token }) => urlOf(host, token),
  }],
};

function urlOf(host: string, token: string, name = "baton"): string {
  return `kubernetes+http://:${encodeURIComponent(token)}@${host}/default/${name}`;
}

function wireTo(server: KubernetesServer): Wire {
  const { url, token, faults } = server;
  const { host } = new URL(url);
  return {
    url: urlOf(host, token),
    apart: () => urlOf(host, token, another()),
    faults,
    looks: 1,
    get requests() {
      return server.requests;
    },
    connect: () => open({ url, token }),
    // With an object of its own, for those that share one make each other wait. On the host's clock.
    another: async () => wireTo(await startKubernetes()),
    stop: () => server.stop(),
  };
}
