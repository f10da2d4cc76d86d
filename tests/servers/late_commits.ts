/**
 * Commits that take as long as a test likes, as with a synchronous standby that does not answer: whoever
 * writes has read the clock, and then waits for a gate before others see it.
 */

/** The value whose commits are late, on PostgreSQL. */
export const LATE = "late";

/** What is sent to a server for that. */
export interface LateCommits {
  /** Once, and each by itself. */
  readonly make: readonly string[];
  /** On one connection: from now on such commits wait. */
  readonly close: string;
  /** On the same connection: they go on. */
  readonly open: string;
}

/** Of PostgreSQL, to whoever writes {@link LATE}, or over it: a trigger that runs at the commit. */
export function lateOnPostgres(table: string): LateCommits {
  return {
    make: [
      `create function gate() returns trigger language plpgsql as $$ begin
  if new.value = '${LATE}' or (tg_op = 'UPDATE' and old.value = '${LATE}') then
    perform pg_advisory_xact_lock_shared(4242);
  end if;
  return null;
end $$`,
      `create constraint trigger gate after insert or update on ${table}
deferrable initially deferred for each row execute function gate()`,
    ],
    close: "select pg_advisory_lock(4242)",
    open: "select pg_advisory_unlock(4242)",
  };
}

/** What tells that a transaction is open, on MariaDB. */
const IN_TRANSACTION = " + @@in_transaction";

/**
 * Of MySQL and MariaDB, which have no such trigger, to every write: a transaction of its own, whose commit
 * waits, as behind a proxy that is slow. That it is one is not told to the driver, which refuses those of
 * applications.
 */
export function lateOnMysql<A extends object>(
  send: (sql: string) => Promise<A>,
  gate: () => Promise<void>,
): (sql: string) => Promise<A> {
  return async (sql) => {
    if (!/^(insert|update|delete)/.test(sql)) return await send(sql);
    const shown = !sql.includes(IN_TRANSACTION) && !sql.startsWith("delete");
    if (shown) {
      throw new Error("the statement does not look for transactions in these words any more");
    }
    await send("begin");
    try {
      const { serverStatus: _, ...answer } = await send(
        sql.replaceAll(IN_TRANSACTION, ""),
      ) as A & { serverStatus?: number };
      await gate();
      await send("commit");
      return answer as unknown as A;
    } catch (error) {
      await send("rollback");
      throw error;
    }
  };
}
