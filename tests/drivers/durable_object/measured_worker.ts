/**
 * As `object_worker.ts`, but its object counts the rows that its statements read and write, as Cloudflare
 * bills them, and answers the counts of each request in a header.
 *
 * @module
 */

import { BatonObject as Plain } from "../../../drivers/durable_object/durable_object.ts";
import type { ObjectState } from "../../../drivers/durable_object/object.ts";
import worker from "../../servers/object_worker.ts";

interface Cursor {
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

/** It has the name of the class that it measures, for the binding. */
export class BatonObject extends Plain {
  readonly #counts: { read: number; written: number };

  constructor({ storage }: ObjectState) {
    const counts = { read: 0, written: 0 };
    super({
      storage: {
        transactionSync: (work) => storage.transactionSync(work),
        sql: {
          exec(text, ...params) {
            const cursor = storage.sql.exec(text, ...params);
            const rows = cursor.toArray();
            const { rowsRead, rowsWritten } = cursor as typeof cursor & Cursor;
            counts.read += rowsRead;
            counts.written += rowsWritten;
            return { toArray: () => rows };
          },
        },
      },
    });
    this.#counts = counts;
  }

  override async fetch(request: Request): Promise<Response> {
    const before = { ...this.#counts };
    const response = await super.fetch(request);
    const { read, written } = this.#counts;
    response.headers.set("x-rows", `${read - before.read}/${written - before.written}`);
    return response;
  }
}

export default worker;
