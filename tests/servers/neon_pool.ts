/** Connections to PostgreSQL kept between requests and cleaned of all session state in between. */
// @ts-types="@types/pg"
import type { QueryArrayConfig } from "pg";
import {
  type Answer,
  type Backend,
  ConnectError,
  ConnectionLost,
  RESET,
  type Session,
  SqlError,
} from "./neon_backend.ts";
import { connectTo, DatabaseError, type Login, type PgLink } from "./pg_client.ts";

/** Below PostgreSQL's limit, so that tests can connect beside the front end. */
const MOST = 64;

interface Idle {
  readonly key: string;
  readonly link: PgLink;
}

export function poolOf(port: number): Backend {
  /** Clean ones; the last is the one used last. */
  const idle: Idle[] = [];
  const open = new Set<PgLink>();
  /** Woken whenever a connection has become idle or has gone. */
  const waiting: (() => void)[] = [];
  let closed = false;

  const wake = () => waiting.shift()?.();

  /** A password is checked by the server, so a connection is for those who know the same one. */
  async function acquire(key: string, login: Login): Promise<PgLink> {
    for (;;) {
      if (closed) throw new ConnectError("the pool has been closed");
      const at = idle.findLastIndex((each) => each.key === key);
      const [found] = at === -1 ? [] : idle.splice(at, 1);
      if (found !== undefined) return found.link;
      if (open.size < MOST) return await connect(login);
      const [other] = idle.splice(0, 1);
      if (other === undefined) await new Promise<void>((resolve) => waiting.push(resolve));
      else await other.link.close();
    }
  }

  async function connect(login: Login): Promise<PgLink> {
    try {
      return await connectTo(port, login, (link) => {
        open.add(link);
        void link.gone.then(() => {
          open.delete(link);
          const at = idle.findIndex((each) => each.link === link);
          if (at !== -1) idle.splice(at, 1);
          wake();
        });
      });
    } catch (error) {
      const cause = error instanceof DatabaseError ? new SqlError(error) : error;
      throw new ConnectError("PostgreSQL cannot be reached", { cause });
    }
  }

  async function release(key: string, link: PgLink): Promise<void> {
    try {
      await link.client.query(RESET);
    } catch {
      await link.close();
    }
    if (link.closed) return;
    idle.push({ key, link });
    wake();
  }

  return {
    async session(login, work) {
      const key = JSON.stringify([login.user, login.password, login.database]);
      const link = await acquire(key, login);
      try {
        return await work(sessionOn(link));
      } finally {
        // In a later turn, so that the answer is on its way before.
        setImmediate(() => void release(key, link));
      }
    },
    async close() {
      closed = true;
      for (const each of waiting.splice(0)) each();
      await Promise.all([...open].map((link) => link.close()));
    },
  };
}

function sessionOn(link: PgLink): Session {
  return {
    async query(text, params): Promise<Answer> {
      const config: QueryArrayConfig & { readonly queryMode: "extended" } = {
        text,
        values: [...params],
        rowMode: "array",
        // Or `pg` would take the simple protocol for a query without parameters.
        queryMode: "extended",
        types: { getTypeParser: () => (value: string) => value },
      };
      try {
        const { fields, rows, command, rowCount } = await link.client.query<(string | null)[]>(
          config,
        );
        return { fields, rows, command: command ?? "", rowCount };
      } catch (error) {
        throw error instanceof DatabaseError
          ? new SqlError(error)
          : new ConnectionLost({ cause: error });
      }
    },
  };
}
