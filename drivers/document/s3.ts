/**
 * Leases in one object of S3, or of any store that speaks its protocol and honours its conditions: R2,
 * Tigris, Ceph, versitygw. It needs no database and no server of your own.
 *
 * What it does **not** promise, beyond what `./document.ts` says. Its clock is the `Date` of the answers,
 * in whole seconds: a ttl is at least a second, and a lease that is not renewed ends up to two seconds
 * late, never early. If several front ends answer, their clocks must agree within half a second. A write
 * is two requests. Give it the store's own address: through a CDN, a custom domain or a cache an old
 * object would look like a new one.
 *
 * A server that ignores `If-Match` or `If-None-Match` would let two hold one lease. The first write of an
 * object tries both, and refuses to go on without them.
 *
 * @module
 */

import { AwsV4Signer } from "aws4fetch";
import type { Driver } from "../driver.ts";
import { type S3Options, s3With } from "./s3_store.ts";

export type { S3Credentials, S3Options } from "./s3_store.ts";

/**
 * Makes the driver. Each operation is two requests, or one if it changes nothing.
 *
 * @example
 * ```ts
 * import { Coordinator } from "@baton/baton";
 * import { s3 } from "@baton/baton/drivers/s3";
 *
 * declare const env: { AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string };
 * const driver = s3({
 *   url: "https://s3.eu-central-1.amazonaws.com/my-bucket/baton.json",
 *   credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
 * });
 * const baton = new Coordinator(driver, { ttl: 60_000 });
 * ```
 * @throws {InvalidArgument} when the URL or the credentials cannot be right.
 */
export function s3(options: S3Options): Driver {
  return s3With((request) => new AwsV4Signer(request).sign(), options);
}
