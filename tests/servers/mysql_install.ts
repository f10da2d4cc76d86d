/**
 * A real MySQL. Of Debian only sid has one, and it needs sid's C library, too: so the package comes
 * with everything it depends on into one folder, where it runs with its own dynamic linker. That needs
 * no root, and nothing is installed on the machine.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { cached } from "./cache.ts";
import { unpackDebian } from "./debian.ts";

export interface MysqlInstallation {
  /** The dynamic linker; its arguments name the server, and what follows them is the server's. */
  readonly program: string;
  readonly args: readonly string[];
}

/** MySQL's program, fetched when it is the first time. Delete the cached folder to get a newer one. */
export async function requireMysql(): Promise<MysqlInstallation> {
  const wanted = { suite: "sid", name: "mysql-server-core", whole: true };
  const tree = await cached(`mysql-sid-${process.arch}`, (folder) => unpackDebian(folder, wanted));
  const libraries = join(tree, "usr/lib", await only(join(tree, "usr/lib"), /-linux-gnu\w*$/));
  const share = join(tree, "usr/share/mysql");
  return {
    program: join(libraries, await only(libraries, /^ld-linux[-\w]*\.so\.\d$/)),
    args: [
      ["--library-path", libraries, join(tree, "usr/sbin/mysqld")],
      ["--no-defaults", `--basedir=${join(tree, "usr")}`, `--lc-messages-dir=${share}`],
      [`--character-sets-dir=${join(share, "charsets")}`],
      [`--plugin-dir=${join(tree, "usr/lib/mysql/plugin")}`],
    ].flat(),
  };
}

async function only(folder: string, pattern: RegExp): Promise<string> {
  const name = (await readdir(folder)).find((each) => pattern.test(each));
  if (name === undefined) throw new Error(`nothing in ${folder} is like ${pattern}`);
  return name;
}
