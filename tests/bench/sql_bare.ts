/** The least that can be asked of a database that is to remember it: rows by a primary key. */
import { limited, type Way } from "./sql_ways.ts";

/** Statements of one request each, sent with a time limit. */
export interface Bare {
  /** Writes a row anew, whether or not it is there. */
  upsert(name: string): Promise<unknown>;
  /** Changes rows that {@link prepare} made. */
  update(names: readonly string[]): Promise<unknown>;
  /** Reads as many rows as {@link prepare} was told of. */
  list(): Promise<unknown>;
}

/** A row to be listed. */
export interface Member {
  readonly seat: string;
  readonly id: string;
  readonly value: string;
}

/** The statements of a way, over tables of their own. */
export function bareOf(way: Way): Bare & {
  prepare(names: readonly string[], members: readonly Member[]): Promise<void>;
} {
  const postgres = way.kind === "neon";
  const text = postgres ? "text" : "varchar(200)";
  const [first, second] = postgres ? ["$1", "$2"] : ["?", "?"];
  const taken = postgres
    ? "on conflict (name) do update set value = excluded.value"
    : "on duplicate key update value = values(value)";
  const insert = `insert into bare (name, value) values (${first}, ${second}) ${taken}`;
  const send = (sql: string, ...values: string[]) =>
    limited((signal) => way.send({ sql, values }, signal));
  // A value that is there already would not be written, and nothing flushed.
  let version = 0;
  const next = () => `${way.name} ${++version}`;
  return {
    upsert: (name) => send(insert, name, next()),
    update: (names) =>
      send(
        `update bare set value = ${first} where name in (${names.map((name) => `'${name}'`)})`,
        next(),
      ),
    list: () => send("select name, id, value from members"),
    async prepare(names, members) {
      await send(
        `create table if not exists bare (name ${text} primary key, value ${text} not null)`,
      );
      await send(
        `create table if not exists members (name ${text} primary key, id ${text}, value ${text})`,
      );
      for (const name of names) await send(insert, name, next());
      await send("delete from members");
      for (const { seat, id, value } of members) {
        await send(`insert into members values ('${seat}', '${id}', '${value}')`);
      }
    },
  };
}
