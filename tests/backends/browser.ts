/**
 * IndexedDB as a library has it in this process. What a real browser does is asked in
 * `tests/drivers/browser/`.
 *
 * @module
 */

import "fake-indexeddb/auto";
import { browser as open, type BrowserDriver } from "../../drivers/browser/browser.ts";
import type { Backend } from "./backend.ts";
import { onClock } from "./fake_clock.ts";

let databases = 0;

/** On a fake clock; every handle is a connection of its own. */
export const browser: Backend = {
  name: "browser",
  key: "browser",
  clock: "fake",
  lanes: 1,
  has: {},
  start({ time } = {}) {
    const name = `laws ${databases++}`;
    const handles: BrowserDriver[] = [];
    const backend = onClock(time, (now) => () => {
      const driver = open(name, { now });
      handles.push(driver);
      return driver;
    });
    const restart = () => Promise.resolve(handles.splice(0).forEach((each) => each.close()));
    // The library takes a turn of the event loop for each row.
    return Promise.resolve({ ...backend, many: 400, restart, stop: restart });
  },
};
