/**
 * The file of a name in a folder of its own; every handle is a connection of its own.
 *
 * @module
 */

import { ipc as open } from "../../drivers/sqlite/ipc.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import type { Backend } from "./backend.ts";
import { onFile } from "./sqlite.ts";

/** On a fake clock. */
export const ipc: Backend = {
  name: "ipc",
  key: "ipc",
  clock: "fake",
  lanes: 1,
  has: {},
  async start({ time } = {}) {
    const folder = await temporaryFolder("baton-ipc-");
    return onFile(time, (now) => open("Laws", { folder, now }), () => removeFolder(folder));
  },
};
