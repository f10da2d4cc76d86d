/** A real PostgreSQL on a free loopback port, in a temporary folder, for as long as a test runs. */
import { randomUUID } from "node:crypto";
import { type Client, connectTo, type Login, type PgLink } from "./pg_client.ts";
import {
  createDatabase,
  dataOf,
  releaseSharedMemory,
  removeLock,
  requirePostgres,
  type SystemUser,
  unprivilegedUser,
} from "./postgres_folder.ts";
import { onFreePort } from "./ports.ts";
import { removeFolder, temporaryFolder } from "./folders.ts";
import { type RunningProcess, type Server, startProcess } from "./process.ts";
import {
  type FamilyGuard,
  freezeFamily,
  guardFamily,
  killFamily,
  signalFamily,
} from "./process_family.ts";

export interface PostgresOptions {
  /** Further settings, such as `{ max_connections: "20" }`; they survive a restart. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer extends Server {
  readonly port: number;
  /** The first process of now: it changes with a restart. */
  readonly pid: number;
  /** The connection string of a superuser, for the database `postgres`. */
  readonly url: string;
  readonly login: Login;
  /** Over a connection of its own. Without parameters the text may hold several statements. */
  query(text: string, params?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** A connected client for the caller. It does not survive a kill; `stop` closes it. */
  client(): Promise<Client>;
}

/** Everything a launch needs, and that stays the same over restarts. */
interface Place {
  readonly program: string;
  readonly folder: string;
  readonly user: SystemUser | undefined;
  readonly login: Login;
  /** In the command line of each of its processes. */
  readonly mark: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly guard: FamilyGuard;
}

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const program = await requirePostgres();
  const folder = await temporaryFolder("baton-postgres-");
  const mark = `baton-${randomUUID()}`;
  const user = unprivilegedUser();
  const guard = guardFamily(mark, folder);
  try {
    const login = await createDatabase(program, folder, user);
    const place = { program, folder, mark, user, login, settings: options.settings ?? {}, guard };
    return await onFreePort(
      async (port) => serverOf(place, port, await launch(place, port)),
      /Address already in use/,
    );
  } catch (error) {
    await killFamily(mark);
    await guard.dismiss();
    await removeFolder(folder);
    throw error;
  }
}

async function launch(place: Place, port: number): Promise<RunningProcess> {
  const { program, folder, login, user } = place;
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    max_connections: "100",
    // The title of each process starts with it.
    cluster_name: place.mark,
    // In its folder: a kill would leave shared memory behind for good.
    dynamic_shared_memory_type: "mmap",
    // A front end that rolls back what may not have begun would fill the log with warnings.
    log_min_messages: "error",
    ...place.settings,
  };
  const running = await startProcess({
    program,
    folder,
    log: "postgres.log",
    args: [
      "-D",
      dataOf(folder),
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    ready: () => answers(port, login, folder),
    ...(user === undefined ? {} : { user }),
  });
  await releaseSharedMemory(folder);
  return running;
}

/**
 * Whether this very server answers. Its folder is compared, because after a lost race for the port it
 * is somebody else's PostgreSQL that answers.
 */
async function answers(port: number, login: Login, folder: string): Promise<boolean> {
  let link: PgLink;
  try {
    link = await connectTo(port, login);
  } catch {
    return false; // Nobody listens yet, it is still starting, or it is not ours.
  }
  try {
    const { rows } = await link.client.query<{ data_directory: string }>("SHOW data_directory");
    return rows[0]?.data_directory === dataOf(folder);
  } catch {
    return false;
  } finally {
    await link.close();
  }
}

function serverOf(place: Place, port: number, first: RunningProcess): PostgresServer {
  const { folder, login, mark, guard } = place;
  let current = first;
  const links = new Set<PgLink>();

  const kill = async () => {
    await current.kill();
    // Children end by themselves only once they look, and a busy or frozen one does not look.
    await killFamily(mark);
    await removeLock(folder);
  };
  const end = async () => {
    signalFamily(mark, "SIGCONT");
    // SIGTERM, which `stop` sends, would wait for every client to leave; this one does not.
    current.signal("SIGINT");
    await current.stop();
    await killFamily(mark);
    await removeLock(folder);
  };

  return {
    port,
    get pid() {
      return current.pid;
    },
    url: `postgresql://${login.user}:${login.password}@127.0.0.1:${port}/${login.database}`,
    login,
    async query(text, params) {
      const link = await connectTo(port, login);
      try {
        const result = await link.client.query<Record<string, unknown>>(text, params?.slice());
        // Of several statements `pg` gives an array of results, against what its types say.
        const last = Array.isArray(result) ? result.at(-1) as typeof result : result;
        return last.rows;
      } finally {
        await link.close();
      }
    },
    async client() {
      const link = await connectTo(port, login, (link) => links.add(link));
      void link.gone.then(() => links.delete(link));
      return link.client;
    },
    async stop() {
      await Promise.all([...links].map((link) => link.close()));
      await end();
      await guard.dismiss();
      await removeFolder(folder);
    },
    kill,
    async restart() {
      await end();
      current = await launch(place, port);
    },
    pause: () => freezeFamily(mark),
    resume: () => signalFamily(mark, "SIGCONT"),
  };
}
