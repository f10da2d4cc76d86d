/** Clients of PostgreSQL that can always be closed, whatever state the server is in. */
import { Socket } from "node:net";
// @ts-types="@types/pg"
import { Client, DatabaseError } from "pg";

export { type Client, DatabaseError };

export interface Login {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface PgLink {
  readonly client: Client;
  /** Whether the connection has ended, by whomever. */
  readonly closed: boolean;
  /** Once it has ended. */
  readonly gone: Promise<void>;
  /** Breaks the connection; what is under way on it fails. */
  close(): Promise<void>;
}

/** The parts of `postgresql://user:password@host/database`. */
export function loginOf(url: string): Login {
  const { username, password, pathname } = new URL(url);
  return {
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
  };
}

/**
 * Connects. The socket is ours, because `pg` takes leave with a message and waits for the server to
 * hang up, which a frozen one never does.
 */
export async function connectTo(
  port: number,
  login: Login,
  opened: (link: PgLink) => void = () => {},
): Promise<PgLink> {
  const socket = new Socket();
  let closed = false;
  const gone = new Promise<void>((resolve) => {
    socket.once("close", () => {
      closed = true;
      resolve();
    });
  });
  const client = new Client({
    ...login,
    host: "127.0.0.1",
    port,
    ssl: false,
    stream: () => socket,
  });
  client.on("error", () => {}); // Queries report it; the event would only be printed.
  const link: PgLink = {
    client,
    gone,
    get closed() {
      return closed;
    },
    async close() {
      socket.destroy();
      await gone;
    },
  };
  opened(link);
  try {
    await client.connect();
  } catch (error) {
    await link.close();
    throw error;
  }
  return link;
}
