/**
 * The URLs of Kubernetes: `kubernetes://:TOKEN@HOST/NAMESPACE/NAME`, and `kubernetes+http:` for a proxy on
 * this machine.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import type { Driver } from "../driver.ts";
import { decodedPart, parsed, type UrlParts } from "../kit/urls.ts";
import { kubernetes } from "./kubernetes.ts";

/**
 * The driver of a URL. No error repeats a part of it.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 */
export function kubernetesAt({ url, token }: UrlParts): Driver {
  const web = /^kubernetes\+http:/i.test(url) ? "http" : "https";
  const { username, password, host, pathname, hash } = parsed(url) ?? {};
  const [, namespace, name, more] = pathname?.split("/") ?? [];
  if (!host || hash || more !== undefined) {
    throw new InvalidArgument(
      "Cannot use this kubernetes: URL: it must be kubernetes://:TOKEN@HOST/NAMESPACE/NAME; or leave the " +
        "token out and give it as the option token",
    );
  }
  const given = token ?? decodedPart("token", password || username || "");
  return kubernetes({
    url: `${web}://${host}`,
    ...given && { token: given },
    ...namespace && { namespace },
    ...name && { name },
  });
}
