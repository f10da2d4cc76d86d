/**
 * The table of a SQL backend, seen past every front end.
 *
 * @module
 */

import type { Driver } from "../../drivers/driver.ts";

/** What lies in a database. */
export interface Table {
  /** The server's own address and login. */
  readonly login: Login;
  /** Its name in statements. */
  readonly name: string;
  /** How many dead rows one clean-up deletes at most. */
  readonly sweeps: number;
  /** How often which error that ends a deadlock or a wait was seen, by number or SQLSTATE. */
  readonly deadlocks: Map<string, number>;
  /** A driver over a connection of its own, quick enough for thousands of rounds. */
  direct(): Promise<Driver>;
  /** A driver over a connection that its application uses, too; a crash ends it. */
  within(): Promise<Within>;
  /** Runs a statement on a connection of its own. */
  sql(text: string): Promise<readonly Record<string, unknown>[]>;
  /** A connection that is held, as a transaction needs it. */
  session(): Promise<(text: string, params?: readonly string[]) => Promise<unknown>>;
  /** Whether a statement waits for a row that another has locked. */
  waits(): Promise<boolean>;
  /** Puts rows there: `seats` of a resource that ended `ended` ms ago, with tokens `age` ms old. */
  put(resource: string, seats: number, ended: number, age: number): Promise<void>;
  /** All rows, dead or alive. */
  rows(): Promise<readonly Row[]>;
  /** On a connection of its own: makes a dead row one that has been dead for hours. */
  aging(): Promise<(resource: string, seat: string) => Promise<void>>;
  /** On a connection of its own: deletes such rows, and answers how many there are fewer. */
  sweeping(): Promise<() => Promise<number>>;
}

/** A connection that an application shares with Baton, though it opens transactions on it. */
export interface Within {
  readonly driver: Driver;
  /** Runs a statement of the application's. */
  sql(text: string): Promise<unknown>;
}

/** How to reach a database without its vendor. */
export interface Login {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A row; its token is text, for not every client reads such numbers. */
export interface Row {
  readonly resource: string;
  readonly seat: string;
  readonly id: string;
  readonly token: string;
}

/** Deadlocks and waits that lasted too long, by SQLSTATE or number. */
const NOTED = ["40P01", "55P03", "1213", "1205", "1020"];

/** Whether it is an error that ends a deadlock or a wait. */
export function isNoted(error: unknown): boolean {
  return NOTED.includes(numberOf(error));
}

/** Counts an error that ends a deadlock or a wait, and passes every error on. */
export function noteIn(deadlocks: Map<string, number>): (error: unknown) => never {
  return (error) => {
    const number = numberOf(error);
    if (isNoted(error)) deadlocks.set(number, (deadlocks.get(number) ?? 0) + 1);
    throw error;
  };
}

function numberOf(error: unknown): string {
  const { code, errno } = Object(error) as Record<string, unknown>;
  return String(errno ?? code);
}
