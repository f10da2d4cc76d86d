/**
 * S3's protocol, on a front end of our own whose clock is the test's.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";
import { s3 as open } from "../../drivers/document/s3.ts";
import { type S3Server, startS3 } from "../servers/s3.ts";
import type { Backend, Wire } from "./backend.ts";
import { documentOverHttp } from "./documents.ts";

const KEY = "baton.json";
let documents = 0;
const another = (): string => `${documents++}.json`;

/** A new front end for each start, with its objects. */
export const s3: Backend<"wire"> = {
  name: "s3",
  key: "s3",
  ...documentOverHttp((now) => startS3({ now }), wireTo, (server) => {
    const key = another();
    return () => openOn(server, key);
  }),
  vendors: [{
    name: "s3",
    driver: (host, { user, token }, protocol) =>
      open({
        url: `${protocol}://${host}/leases/${KEY}`,
        credentials: { accessKeyId: user, secretAccessKey: token },
      }),
    pasted: (url, { user, token }) => [
      () => open({ url, credentials: { accessKeyId: user, secretAccessKey: token } }),
      () =>
        open({
          url: "https://h.example/b/k",
          credentials: { accessKeyId: `${user} ${url}`, secretAccessKey: token },
        }),
    ],
    url: (host, { user, token }) => urlOf({ accessKeyId: user, secretAccessKey: token }, host),
  }],
};

function urlOf(keys: S3Server["keys"], host: string, key = KEY): string {
  const [id, secret] = [keys.accessKeyId, keys.secretAccessKey].map(encodeURIComponent);
  return `s3://${id}:${secret}@leases/${key}?region=eu-test-1&endpoint=http://${host}`;
}

function openOn({ url, keys, region }: S3Server, key: string): Driver {
  return open({ url: `${url}/${key}`, credentials: keys, region });
}

function wireTo(server: S3Server): Wire {
  const { url, keys, faults } = server;
  const { host } = new URL(url);
  return {
    url: urlOf(keys, host),
    apart: () => urlOf(keys, host, another()),
    faults,
    looks: 1,
    get requests() {
      return server.requests;
    },
    connect: () => openOn(server, KEY),
    // With an object of its own, for those that share one make each other wait. On the host's clock.
    another: async () => wireTo(await startS3()),
    stop: () => server.stop(),
  };
}
