/** The two servers that speak MySQL's protocol: their programs, and an empty data folder of each. */
import { createHash } from "node:crypto";
import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cached, run, serverUser } from "./cache.ts";
import { requireMysql } from "./mysql_install.ts";
import { requireProgram } from "./process.ts";

export type MysqlKind = "mysql" | "mariadb";

export interface MysqlProgram {
  readonly program: string;
  /** What comes before all other arguments. */
  readonly args: readonly string[];
  /** Settings that only this server has. */
  readonly settings: readonly string[];
  /** An initialised data folder, to be copied: making one takes longer than starting the server. */
  readonly pristine: string;
}

export function mysqlProgram(kind: MysqlKind): Promise<MysqlProgram> {
  return kind === "mysql" ? mysql() : mariadb();
}

/** The log of changes to come is written in full at the first start, and its default is 100 MB. */
const REDO = "--innodb-redo-log-capacity=32M";

async function mysql(): Promise<MysqlProgram> {
  const { program, args } = await requireMysql();
  const version = await run(program, [...args, "--version"]);
  const made = await cached(`mysql-data-${digest(version)}`, async (folder) => {
    const initialise = ["--initialize-insecure", REDO, ...await placesIn(folder)];
    await run(program, [...args, ...initialise], serverUser);
  });
  return {
    program,
    args,
    settings: [REDO, "--mysqlx=OFF", "--secure-file-priv=NULL"],
    pristine: join(made, "data"),
  };
}

/** Debian splits MariaDB up, and the server's package alone, which starts no service, lacks a part. */
async function mariadb(): Promise<MysqlProgram> {
  const program = await requireProgram("mariadbd", "mariadb-server-core");
  const install = await requireProgram("mariadb-install-db", "mariadb-server-core");
  await requireProgram("my_print_defaults", "mariadb-client-core");
  const version = await run(program, ["--no-defaults", "--version"]);
  const made = await cached(`mariadb-data-${digest(version)}`, async (folder) => {
    const options = ["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"];
    const places = await placesIn(folder);
    await run(install, [...options, "--innodb-log-file-size=32M", ...places], serverUser);
  });
  return {
    program,
    args: ["--no-defaults"],
    settings: ["--innodb-log-file-size=32M"],
    pristine: join(made, "data"),
  };
}

/** Not the machine's folder for what is temporary: MariaDB removes there what another one has made. */
async function placesIn(folder: string): Promise<string[]> {
  const places = [join(folder, "data"), join(folder, "tmp")];
  for (const place of places) {
    await mkdir(place);
    if (serverUser !== undefined) await chown(place, serverUser.uid, serverUser.gid);
  }
  const [data, temporary] = places;
  return [`--datadir=${data}`, `--tmpdir=${temporary}`];
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
