/**
 * Packages of another Debian than this machine's, as files in a folder. That needs no root, and nothing
 * is installed on the machine.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./cache.ts";
import { removeFolder } from "./folders.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** What to fetch. */
export interface Wanted {
  /** The release of Debian that has it. */
  readonly suite: string;
  /** The name of the package. */
  readonly name: string;
  /** Further packages of the same release. */
  readonly more?: readonly string[];
  /** Whether all that it depends on is fetched with it, the C library included. */
  readonly whole: boolean;
}

/** Unpacks a package of Debian into a folder. */
export async function unpackDebian(folder: string, wanted: Wanted): Promise<void> {
  const apt = join(folder, "apt");
  try {
    const archives = await download(apt, await mirror(), wanted);
    await Promise.all(archives.map((archive) => run("dpkg-deb", ["-x", archive, folder])));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `the package ${wanted.name} of Debian ${wanted.suite} needs a Debian machine whose mirror can be ` +
        `reached: ${reason}`,
      { cause },
    );
  }
  await removeFolder(apt);
}

/** The release of Debian that this machine has. */
export async function ownSuite(): Promise<string> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const [, suite = "sid"] = /^VERSION_CODENAME=(\w+)$/m.exec(release) ?? [];
  return suite;
}

/** The address of Debian as this machine has been told it: which mirror that is, is not our matter. */
async function mirror(): Promise<string> {
  const release = await readFile("/etc/os-release", "utf8");
  const suite = await ownSuite();
  const targets = await run("apt-get", ["indextargets", "--format", "$(RELEASE) $(REPO_URI)"]);
  for (const line of targets.split("\n")) {
    const [name, address] = line.split(" ");
    if (/^ID=debian$/m.test(release) && name === suite && address !== undefined) return address;
  }
  throw new Error(`the package sources of this machine have no Debian ${suite}`);
}

/** The package as files; the machine's own state of packages stays untouched. */
async function download(
  folder: string,
  address: string,
  { suite, name, more = [], whole }: Wanted,
): Promise<string[]> {
  if (!existsSync(KEYRING)) throw new Error(`${KEYRING} is missing`);
  const archives = join(folder, "archives");
  await mkdir(join(folder, "lists/partial"), { recursive: true });
  await mkdir(join(archives, "partial"), { recursive: true });
  // An empty list of what is installed: everything is needed, the C library included.
  await writeFile(join(folder, "status"), "");
  const source = `deb [signed-by=${KEYRING} target=Packages] ${address} ${suite} main\n`;
  await writeFile(join(folder, "sources.list"), source);
  // On the command line, because only there they come after the machine's own settings (its proxy,
  // say), which stay in force.
  const settings = [
    `Dir::State=${folder}`,
    `Dir::State::lists=${join(folder, "lists")}`,
    `Dir::State::status=${join(folder, "status")}`,
    `Dir::Cache=${folder}`,
    `Dir::Cache::archives=${archives}`,
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
  if (whole) {
    await run("apt-get", [...settings, ...request, name, ...more]);
  } else {
    // It downloads into the working folder.
    const inside = ["-c", 'cd "$0" && exec apt-get "$@"', archives];
    await run("sh", [...inside, ...settings, "download", name, ...more]);
  }
  const files = await readdir(archives);
  return files.filter((file) => file.endsWith(".deb")).map((file) => join(archives, file));
}
