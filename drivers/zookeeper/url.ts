/**
 * The URLs of ZooKeeper, ours and Tooz's: `zookeeper://user:password@host:port,host:port/root`.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import type { Driver } from "../driver.ts";
import { refuse } from "../kit/check.ts";
import { decodedPart, type UrlParts } from "../kit/urls.ts";
import { zookeeper } from "./zookeeper.ts";

/** Options of Tooz's that mean nothing here, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  handler: "no threads are needed; leave it out",
  connection_retry: "the next call tries again; leave it out",
  command_retry: "calls are sent again for as long as it is safe; leave it out",
};
const FILES =
  "no files are read here; give zookeeper() tls: { ca } or a function connect that opens " +
  "sockets, and its driver to new Coordinator() or as one of the option schemes";

/**
 * The driver of a URL. No error repeats a part of it.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 */
export function zookeeperAt({ url, parameters, token }: UrlParts): Driver {
  const [, account, hosts, root] =
    /^(?:zookeeper|kazoo):\/\/(?:([^@/]*)@)?([^@/?#]+)(\/[^?#]+?)?\/?$/i.exec(url) ?? [];
  if (!hosts) {
    throw new InvalidArgument(
      "Cannot use this zookeeper: URL: it must be zookeeper://host:port, or with several servers " +
        "zookeeper://host:port,host:port; user:password@ may come before them, percent-encoded, and " +
        "/root after them",
    );
  }
  const [user = "", password] =
    account?.split(/:(.*)/s).map((part) => decodedPart("user or password", part)) ?? [];
  const options = new URLSearchParams(parameters);
  for (const [name, value] of options) {
    if (name === "hosts" || name === "use_ssl") continue;
    // What Tooz asks for by default is done here, too.
    const usual = /^(verify_certs|randomize_hosts)$/.test(name);
    if (usual && isTrue(name, value)) continue;
    refuse(name, usual ? "it can only be true here" : REFUSED[name] ?? FILES);
  }
  const ssl = options.get("use_ssl");
  return zookeeper({
    servers: [hosts, ...options.getAll("hosts")].flatMap((each) => each.split(",")),
    ...root && { root: decodedPart("root", root) },
    ...(user || token !== undefined) && { user, password: token ?? password },
    ...ssl !== null && { tls: isTrue("use_ssl", ssl) },
  });
}

/** As Tooz reads it. */
function isTrue(name: string, value: string): boolean {
  if (/^(1|t|true|on|y|yes)$/i.test(value)) return true;
  if (/^(0|f|false|off|n|no)$/i.test(value)) return false;
  return refuse(name, "it is neither true nor false");
}
