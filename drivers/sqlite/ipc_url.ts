/**
 * The URLs `ipc:NAME`, and `ipc://` as Tooz writes it.
 *
 * @module
 */

import { InvalidArgument } from "../../errors.ts";
import type { Driver } from "../driver.ts";
import { decodedPart } from "../kit/urls.ts";
import { ipc } from "./ipc.ts";

/** The name of a URL without one. */
const NAME = "baton";

/**
 * The driver of a URL.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 */
export function ipcAt(url: string): Driver {
  // What has a colon or an @ is more likely an account of a server than a name.
  const [, name] = /^ipc:(?:\/\/)?([^/?#:@]*)\/?$/i.exec(url) ?? [];
  if (name === undefined) {
    throw new InvalidArgument(
      "Cannot use this ipc: URL: it must be ipc:NAME, with /, :, @, ?, # and % in the name percent-encoded",
    );
  }
  return ipc(decodedPart("name", name) || NAME);
}
