/**
 * A bucket of R2 in this process, whose clock is the test's. It keeps the conditions that the driver relies
 * on; `tests/drivers/document/r2_test.ts` asks the same of it and of workerd's own.
 *
 * @module
 */

import type { R2Body, R2Bucket, R2Condition, R2Written } from "../../drivers/document/r2.ts";
import { Freezer } from "./document.ts";

/** Every version of every object has an ETag of its own. */
export class OwnBucket implements R2Bucket {
  readonly #now: () => number;
  readonly #freezer: Freezer;
  readonly #objects = new Map<string, { readonly etag: string; readonly value: string }>();
  #versions = 0;

  constructor(now: () => number = Date.now, freezer: Freezer = new Freezer()) {
    this.#now = now;
    this.#freezer = freezer;
  }

  async get(key: string): Promise<R2Body | null> {
    await this.#freezer.come();
    const found = this.#objects.get(key);
    return found ? { etag: found.etag, text: () => Promise.resolve(found.value) } : null;
  }

  async put(key: string, value: string, options?: R2Condition): Promise<R2Written | null> {
    await this.#freezer.come();
    const etag = this.#objects.get(key)?.etag;
    const { onlyIf } = options ?? {};
    const holds = !onlyIf ||
      ("etagMatches" in onlyIf ? onlyIf.etagMatches === etag : etag === undefined);
    if (!holds) return null;
    this.#objects.set(key, { etag: `${++this.#versions}`, value });
    return { uploaded: new Date(this.#now()) };
  }
}
