/**
 * A real MySQL or MariaDB on a free loopback port, in a temporary folder, for as long as a test runs.
 * Durability, isolation and SQL mode are the server's defaults.
 */
import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Connection } from "mysql2/promise";
import { run, serverUser } from "./cache.ts";
import { linkTo, type MysqlAddress, type MysqlLink } from "./mysql_link.ts";
import { type MysqlKind, type MysqlProgram, mysqlProgram } from "./mysql_kinds.ts";
import { onFreePort } from "./ports.ts";
import { orRemoved, removeFolder, temporaryFolder } from "./folders.ts";
import { controlled, type RunningProcess, type Server, startProcess } from "./process.ts";

export type { MysqlKind } from "./mysql_kinds.ts";

export interface MysqlOptions {
  /** Further arguments of the server. */
  readonly settings?: readonly string[];
}

export interface MysqlServer extends Server {
  readonly kind: MysqlKind;
  readonly port: number;
  /** The process of now: it changes with a restart. */
  readonly pid: number;
  readonly user: string;
  /** It has characters in it that a URL takes only percent-encoded. */
  readonly password: string;
  readonly database: string;
  /** For a test's own set-up: the rows, or none, on a connection of its own. */
  query(sql: string, parameters?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Sets what only somebody may set who may still write while the server is read-only. */
  administer(sql: string): Promise<void>;
  /** Whether a statement waits for what another has locked. */
  waits(): Promise<boolean>;
  /** A connection of its own for the caller, closed by `stop`. A crash ends it for good. */
  client(): Promise<Connection>;
}

const ACCOUNT = { user: "baton", password: "p@ss/w:rd%1", database: "baton" } as const;

const KEEPER = { ...ACCOUNT, user: "keeper" } as const;

/**
 * Run before the server listens, at every start; a user of MySQL is bound to where he comes from. On
 * MariaDB whoever may do all may also write to a server that is read-only.
 */
const initial = (kind: MysqlKind): string => `
CREATE DATABASE IF NOT EXISTS ${ACCOUNT.database};
${
  [ACCOUNT, KEEPER].map(({ user, password }) => `
CREATE USER IF NOT EXISTS '${user}'@'127.0.0.1' IDENTIFIED BY '${password}';
GRANT ALL ON *.* TO '${user}'@'127.0.0.1';`).join("")
}
${kind === "mariadb" ? `REVOKE READ_ONLY ADMIN ON *.* FROM '${ACCOUNT.user}'@'127.0.0.1';` : ""}
`;

interface Site {
  readonly program: MysqlProgram;
  readonly folder: string;
  readonly port: number;
  readonly settings: readonly string[];
}

export async function startMysql(
  kind: MysqlKind,
  options: MysqlOptions = {},
): Promise<MysqlServer> {
  const { settings = [] } = options;
  const program = await mysqlProgram(kind);
  const folder = await temporaryFolder(`baton-${kind}-`);
  return await orRemoved(folder, async () => {
    if (serverUser !== undefined) await chown(folder, serverUser.uid, serverUser.gid);
    await writeFile(join(folder, "initial.sql"), initial(kind));
    await run("cp", ["-R", program.pristine, join(folder, "data")], serverUser);
    return await onFreePort(async (port) => {
      const site = { program, folder, port, settings };
      return serverOf(kind, site, await launch(site));
    }, /Address already in use/);
  });
}

function launch({ program, folder, port, settings }: Site): Promise<RunningProcess> {
  const pidFile = join(folder, "server.pid");
  return startProcess({
    program: program.program,
    folder,
    log: "server.log",
    args: [
      program.args,
      [`--datadir=${join(folder, "data")}`, `--tmpdir=${folder}`, `--pid-file=${pidFile}`],
      ["--bind-address=127.0.0.1", `--port=${port}`, `--socket=${join(folder, "server.sock")}`],
      ["--skip-name-resolve", `--init-file=${join(folder, "initial.sql")}`],
      ["--max-connections=300", "--innodb-buffer-pool-size=32M", "--skip-log-bin"],
      ["--performance-schema=OFF"],
      program.settings,
      settings,
    ].flat(),
    ready: () => answers(port, pidFile),
    ...(serverUser === undefined ? {} : { user: serverUser }),
  });
}

/**
 * Whether this very server answers. The name of its process file is compared, because after a lost
 * race for the port it is somebody else's server that answers, or refuses the password.
 */
async function answers(port: number, pidFile: string): Promise<boolean> {
  try {
    const [row] = await ask(port, "SELECT @@pid_file AS file", []);
    return row?.["file"] === pidFile;
  } catch {
    return false; // It does not listen yet.
  }
}

async function ask(
  port: number,
  sql: string,
  parameters: readonly unknown[],
  account: Omit<MysqlAddress, "port"> = ACCOUNT,
): Promise<Record<string, unknown>[]> {
  const link = linkTo({ ...account, port });
  try {
    const [result] = await (await link.connection).query(sql, [...parameters]);
    return Array.isArray(result) ? result as Record<string, unknown>[] : [];
  } finally {
    await link.cut();
  }
}

function serverOf(kind: MysqlKind, site: Site, first: RunningProcess): MysqlServer {
  const { port, folder } = site;
  const { current, controls } = controlled(first, () => launch(site));
  const links: MysqlLink[] = [];

  return {
    kind,
    port,
    get pid() {
      return current().pid;
    },
    ...ACCOUNT,
    query: (sql, parameters = []) => ask(port, sql, parameters),
    administer: async (sql) => void await ask(port, sql, [], KEEPER),
    async waits() {
      // Its table of transactions shows what it saw last, unless nobody has looked for 100 ms.
      const [row] = await ask(port, "show engine innodb status", []);
      const [, now = ""] = String(row?.["Status"]).split("LIST OF TRANSACTIONS FOR EACH SESSION");
      return now.includes("LOCK WAIT");
    },
    async client() {
      const link = linkTo({ ...ACCOUNT, port });
      links.push(link);
      return await link.connection;
    },
    async stop() {
      await Promise.all(links.map((link) => link.cut()));
      // Nobody reads the folder again, and to end in good order takes MySQL more than a second.
      await current().kill();
      await removeFolder(folder);
    },
    ...controls,
  };
}
