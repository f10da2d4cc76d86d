/**
 * The URLs `ipc:NAME`, and `ipc://` as Tooz writes it.
 *
 * @module
 */

import type { Driver } from "../driver.ts";
import { nameOf } from "../kit/urls.ts";
import { ipc } from "./ipc.ts";

/**
 * The driver of a URL.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 */
export function ipcAt(url: string): Driver {
  return ipc(nameOf("ipc", url));
}
