/**
 * A connection of `mysql2` over a socket of our own: the client can only ask the server to close, and
 * waits for a frozen one; this can be cut at once, and whoever waits for an answer is told.
 */
import { connect, type Socket } from "node:net";
import { type Connection, type ConnectionOptions, createConnection } from "mysql2/promise";

export interface MysqlLink {
  readonly socket: Socket;
  /** Settled when the server has let us in, or has not. */
  readonly connection: Promise<Connection>;
  /** Breaks it in whatever state it is. */
  cut(): Promise<void>;
}

export interface MysqlAddress {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export function linkTo(address: MysqlAddress, options: ConnectionOptions = {}): MysqlLink {
  const { port, user, password, database } = address;
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const { flags = [], ...others } = options;
  const settings: ConnectionOptions = {
    user,
    password,
    database,
    charset: "utf8mb4",
    timezone: "Z",
    ...others,
    // The client would ask for it, and the SQL mode would not be the server's default.
    flags: ["-IGNORE_SPACE", ...flags],
    stream: () => socket,
  };
  const connection = createConnection(settings).then((ready) => {
    ready.on("error", () => {}); // Queries report it; without a listener it would end the process.
    return ready;
  });
  connection.catch(() => {}); // Whoever asks for it gets it all the same.
  return {
    socket,
    connection,
    async cut() {
      socket.destroy(new Error("the connection has been cut"));
      await closed;
    },
  };
}
