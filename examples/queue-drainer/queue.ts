/** A queue in a SQLite file that refuses results of an earlier leader. Any SQL database can do this. */

import { DatabaseSync } from "node:sqlite";
import { StaleToken } from "@baton/baton/fencing";

/** One item of work. */
export interface Item {
  readonly id: number;
  readonly text: string;
}

export class Queue implements Disposable {
  /** The database, to add items and to look at them. */
  readonly db: DatabaseSync;

  constructor(file: string) {
    this.db = new DatabaseSync(file, { timeout: 5_000 });
    this.db.exec(`
create table if not exists items (id integer primary key, text text not null, result text, term integer);
create table if not exists fence (id integer primary key check (id = 1), term integer not null);
insert or ignore into fence values (1, 0);`);
  }

  /** The oldest item without a result. */
  next(): Item | undefined {
    const row = this.db.prepare("select id, text from items where result is null order by id")
      .get();
    return row as unknown as Item | undefined;
  }

  /**
   * Stores an item's result unless a later leader has stored one; check and write are one transaction.
   *
   * @throws {StaleToken} when a later leader has; nothing is written then.
   */
  finish(id: number, result: string, term: number): void {
    this.db.exec("begin immediate");
    try {
      const fence = this.db.prepare("update fence set term = ?1 where term <= ?1").run(term);
      if (fence.changes === 0) throw new StaleToken({ resource: "queue", token: term });
      this.db.prepare("update items set result = ?, term = ? where id = ?").run(result, term, id);
      this.db.exec("commit");
    } catch (error) {
      this.db.exec("rollback");
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.db.close();
  }
}
