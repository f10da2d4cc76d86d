/**
 * PGlite, PostgreSQL within this process, for where there is no other: one connection, so requests
 * wait for each other, and no two transactions ever overlap.
 */
import { randomUUID } from "node:crypto";
import { PGlite, protocol } from "@electric-sql/pglite";
import {
  type Answer,
  type Backend,
  ConnectError,
  type Field,
  RESET,
  type Session,
  SqlError,
} from "./neon_backend.ts";
import type { Login } from "./pg_client.ts";

const { serialize, messages } = protocol;

export interface LocalDatabase {
  readonly login: Login;
  readonly backend: Backend;
}

export async function openPglite(): Promise<LocalDatabase> {
  const database = await PGlite.create();
  const login = { user: "postgres", password: randomUUID(), database: "postgres" };
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  const session: Session = {
    async query(text, params) {
      return answerOf(
        await exchange(database, [
          serialize.parse({ text }),
          serialize.bind({ values: [...params] }),
          serialize.describe({ type: "P" }),
          serialize.execute({}),
          serialize.sync(),
        ]),
      );
    },
  };

  return {
    login,
    backend: {
      session(asked, work) {
        const done = last.then(async () => {
          if (closed) throw new ConnectError("PGlite has been closed");
          check(asked, login);
          try {
            return await work(session);
          } finally {
            await exchange(database, [serialize.query(RESET)]);
          }
        });
        last = done.catch(() => {});
        return done;
      },
      async close() {
        closed = true;
        await last;
        await database.close();
      },
    },
  };
}

/** PGlite asks for no password; a front end without one would hide mistakes. */
function check(asked: Login, login: Login): void {
  const refuse = (code: string, message: string) => {
    const cause = new SqlError(Object.assign(new Error(message), { code, severity: "FATAL" }));
    throw new ConnectError("PGlite refuses the login", { cause });
  };
  if (asked.user !== login.user || asked.password !== login.password) {
    refuse("28P01", `password authentication failed for user "${asked.user}"`);
  }
  if (asked.database !== login.database) {
    refuse("3D000", `database "${asked.database}" does not exist`);
  }
}

type Message = Awaited<ReturnType<PGlite["execProtocol"]>>["messages"][number];

async function exchange(
  database: PGlite,
  parts: readonly Uint8Array[],
): Promise<readonly Message[]> {
  const request = new Uint8Array(await new Blob(parts.map((part) => part.slice())).arrayBuffer());
  return (await database.execProtocol(request, { throwOnError: false })).messages;
}

function answerOf(received: readonly Message[]): Answer {
  const fields: Field[] = [];
  const rows: (string | null)[][] = [];
  let tag = "";
  for (const message of received) {
    if (message instanceof messages.DatabaseError) throw new SqlError(message);
    if (message instanceof messages.DataRowMessage) rows.push(message.fields);
    if (message instanceof messages.CommandCompleteMessage) tag = message.text;
    if (message instanceof messages.RowDescriptionMessage) {
      for (const { format: _, ...field } of message.fields) fields.push(field);
    }
  }
  const [, command = "", count] = /^(\S*)(?:.* (\d+))?/.exec(tag) ?? [];
  return { fields, rows, command, rowCount: count === undefined ? null : Number(count) };
}
