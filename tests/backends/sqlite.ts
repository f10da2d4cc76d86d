/**
 * One SQLite file; every handle is a connection of its own, as another process's would be.
 *
 * @module
 */

import { sqlite as open, type SqliteDriver } from "../../drivers/sqlite/sqlite.ts";
import { removeFolder, temporaryFolder } from "../servers/folders.ts";
import type { Backend, Running, Time } from "./backend.ts";
import { onClock } from "./fake_clock.ts";

/** On a fake clock. */
export const sqlite: Backend = {
  name: "sqlite",
  key: "sqlite",
  clock: "fake",
  lanes: 1,
  has: {},
  async start({ time } = {}) {
    const folder = await temporaryFolder("baton-sqlite-");
    const connect = (now: () => number) => open(`file:${folder}/leases.db`, { now });
    return onFile(time, connect, () => removeFolder(folder));
  },
};

/** A backend in a file, whose handles are closed before the file is removed. */
export function onFile(
  time: Time | undefined,
  connect: (now: () => number) => SqliteDriver,
  remove: () => Promise<void>,
): Running {
  const handles: SqliteDriver[] = [];
  const closeAll = (): void => handles.splice(0).forEach((driver) => driver.close());
  const backend = onClock(time, (now) => () => {
    const driver = connect(now);
    handles.push(driver);
    return driver;
  });
  return {
    ...backend,
    restart: () => Promise.resolve(closeAll()),
    stop: () => {
      closeAll();
      return remove();
    },
  };
}
