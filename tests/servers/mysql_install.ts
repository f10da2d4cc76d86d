/**
 * A real MySQL. Of Debian only sid has one, and it needs sid's C library, too: so the package comes
 * with everything it depends on into one folder, where it runs with its own dynamic linker. That needs
 * no root, and nothing is installed on the machine.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { cached, run } from "./cache.ts";
import { removeFolder } from "./process.ts";

export interface MysqlInstallation {
  /** The dynamic linker; its arguments name the server, and what follows them is the server's. */
  readonly program: string;
  readonly args: readonly string[];
}

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** MySQL's program, fetched when it is the first time. Delete the cached folder to get a newer one. */
export async function requireMysql(): Promise<MysqlInstallation> {
  const tree = await cached(`mysql-sid-${process.arch}`, fetchTree);
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

async function fetchTree(folder: string): Promise<void> {
  const apt = join(folder, "apt");
  try {
    const archives = await download(apt, await mirror());
    await Promise.all(archives.map((archive) => run("dpkg-deb", ["-x", archive, folder])));
  } catch (cause) {
    const needs = "a real MySQL needs a Debian machine whose mirror can be reached";
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${needs} (package mysql-server-core of sid): ${reason}`, { cause });
  }
  await removeFolder(apt);
}

/** The address of Debian as this machine has been told it: which mirror that is, is not our matter. */
async function mirror(): Promise<string> {
  const release = await readFile("/etc/os-release", "utf8");
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] ?? "sid";
  const targets = await run("apt-get", ["indextargets", "--format", "$(RELEASE) $(REPO_URI)"]);
  for (const line of targets.split("\n")) {
    const [name, address] = line.split(" ");
    if (/^ID=debian$/m.test(release) && name === suite && address !== undefined) return address;
  }
  throw new Error(`the package sources of this machine have no Debian ${suite}`);
}

/** The package and all it depends on, as files; the machine's own state of packages stays untouched. */
async function download(folder: string, address: string): Promise<string[]> {
  if (!existsSync(KEYRING)) throw new Error(`${KEYRING} is missing`);
  await mkdir(join(folder, "lists/partial"), { recursive: true });
  await mkdir(join(folder, "archives/partial"), { recursive: true });
  // An empty list of what is installed: everything is needed, the C library included.
  await writeFile(join(folder, "status"), "");
  const source = `deb [signed-by=${KEYRING} target=Packages] ${address} sid main\n`;
  await writeFile(join(folder, "sources.list"), source);
  // On the command line, because only there they come after the machine's own settings (its proxy,
  // say), which stay in force.
  const settings = [
    `Dir::State=${folder}`,
    `Dir::State::lists=${join(folder, "lists")}`,
    `Dir::State::status=${join(folder, "status")}`,
    `Dir::Cache=${folder}`,
    `Dir::Cache::archives=${join(folder, "archives")}`,
    `Dir::Etc::sourcelist=${join(folder, "sources.list")}`,
    "Dir::Etc::sourceparts=/dev/null",
    "Dir::Etc::preferences=/dev/null",
    "Dir::Etc::preferencesparts=/dev/null",
    "APT::Get::AllowUnauthenticated=false",
    "Acquire::AllowInsecureRepositories=false",
    "Acquire::AllowWeakRepositories=false",
    "Acquire::Languages=none",
    // A user of its own for downloads could not write into our folder.
    "APT::Sandbox::User=",
  ].flatMap((setting) => ["-o", setting]);
  await run("apt-get", [...settings, "--error-on=any", "update"]);
  const request = ["--yes", "--no-install-recommends", "--download-only", "install"];
  await run("apt-get", [...settings, ...request, "mysql-server-core"]);
  const archives = await readdir(join(folder, "archives"));
  return archives.filter((name) => name.endsWith(".deb"))
    .map((name) => join(folder, "archives", name));
}
