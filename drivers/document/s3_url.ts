/**
 * The URLs of S3: `s3://ACCESSKEYID:SECRET@BUCKET/KEY?region=eu-central-1`, and `endpoint=https://HOST` for
 * every other store that speaks its protocol.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import type { Driver } from "../driver.ts";
import { checkText } from "../kit/check.ts";
import { decodedPart, parsed, type UrlParts } from "../kit/urls.ts";
import { s3 } from "./s3.ts";

/**
 * The driver of a URL. No error repeats a part of it.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 */
export function s3At({ url, parameters, token }: UrlParts): Driver {
  const { username, password, host, pathname, hash } = parsed(url.replace(/^s3:/i, "https:")) ?? {};
  const { region, endpoint } = Object.fromEntries(new URLSearchParams(parameters));
  if (!host || !username || hash || (!region && !endpoint)) {
    throw new InvalidArgument(
      "Cannot use this s3: URL: it must be s3://ACCESSKEYID:SECRET@BUCKET/KEY?region=REGION, with /, +, # " +
        "and % in the secret percent-encoded; or leave the secret out and give it as the option token. " +
        "For a store that is not Amazon's, add endpoint=https://HOST",
    );
  }
  const base = endpoint ?? `https://s3.${region}.amazonaws.com`;
  checkText("endpoint", base, 1, 512);
  return s3({
    url: `${base.replace(/\/$/, "")}/${host}${pathname}`,
    credentials: {
      accessKeyId: decodedPart("access key's id", username),
      secretAccessKey: token ?? decodedPart("secret", password ?? ""),
    },
    region,
  });
}
