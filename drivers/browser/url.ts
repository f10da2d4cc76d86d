/**
 * The URL `browser:NAME`.
 *
 * @module
 */

import type { Driver } from "../driver.ts";
import { nameOf } from "../kit/urls.ts";
import { browser } from "./browser.ts";

/**
 * The driver of a URL.
 *
 * @throws {InvalidArgument} when it cannot be used, with what to change.
 */
export function browserAt(url: string): Driver {
  return browser(nameOf("browser", url));
}
