/**
 * The class of Baton's objects in this process, over a SQLite in memory, so that tests can look into it and
 * break it.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import {
  BatonObject,
  type ObjectNamespace,
} from "../../../drivers/durable_object/durable_object.ts";
import { sqlOf } from "../../../drivers/sqlite/client.ts";

/** An object. */
export interface InProcess {
  readonly database: DatabaseSync;
  /** What calls it. */
  readonly namespace: ObjectNamespace<string>;
  /** The URLs of all requests so far. */
  readonly urls: readonly string[];
  /** From now on the requests meet this first. It may throw, or answer in the object's place. */
  meet(fault: (request: Request) => unknown): void;
}

/** Makes one. `statement` is called before each of its statements. */
export function inProcess({ statement = () => {} } = {}): InProcess {
  const database = new DatabaseSync(":memory:");
  const sql = sqlOf(database);
  const object = new BatonObject({
    storage: {
      sql: {
        exec(text, ...params) {
          statement();
          const rows = sql(text, ...params);
          return { toArray: () => rows };
        },
      },
      transactionSync(work) {
        database.exec("begin");
        try {
          const done = work();
          database.exec("commit");
          return done;
        } catch (error) {
          if (database.isTransaction) database.exec("rollback");
          throw error;
        }
      },
    },
  });
  const urls: string[] = [];
  let meet = (_: Request): unknown => undefined;
  return {
    database,
    urls,
    meet: (fault) => void (meet = fault),
    namespace: {
      idFromName: (name) => name,
      get: () => ({
        fetch(url, init) {
          urls.push(url);
          const { signal } = init;
          const answer = async (): Promise<Response> => {
            const request = new Request(url, init);
            const instead = await meet(request);
            return instead instanceof Response ? instead : await object.fetch(request);
          };
          if (!signal) return answer();
          return new Promise((resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason), { once: true });
            answer().then(resolve, reject);
          });
        },
      }),
    },
  };
}
