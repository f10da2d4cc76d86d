/**
 * ZooKeeper, and a Java to run it with, as files of Debian's packages: that needs no root, and nothing is
 * installed on the machine.
 */
import { existsSync, readlinkSync } from "node:fs";
import { readdir, symlink, unlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { cached } from "./cache.ts";
import { unpackDebian } from "./debian.ts";

/** The releases of ZooKeeper under test, by the release of Debian that has each. */
export const ZOOKEEPERS = { "3.9": "trixie", "3.8": "bookworm" } as const;

export type ZookeeperVersion = keyof typeof ZOOKEEPERS;

export interface ZookeeperInstallation {
  readonly java: string;
  readonly classPath: string;
}

/** Packages with the classes that the server is made of, besides its own. */
const CLASSES = ["libslf4j-java", "libsnappy-java", "libdropwizard-metrics-java", "libnetty-java"];
/** The archives of these packages that are used. */
const ARCHIVES =
  /^(zookeeper|zookeeper-jute|slf4j-api|slf4j-simple|snappy-java|metrics-core|netty-(common|buffer|transport|codec|handler|resolver|transport-native-unix-common))(-\d[^-]*)?\.jar$/;

/** Both, fetched when it is the first time. */
export async function requireZookeeper(version: ZookeeperVersion): Promise<ZookeeperInstallation> {
  const suite = ZOOKEEPERS[version];
  const [java, tree] = await Promise.all([
    requireJava(),
    cached(
      `zookeeper-${suite}`,
      (folder) =>
        unpackDebian(folder, { suite, name: "libzookeeper-java", more: CLASSES, whole: false }),
    ),
  ]);
  const share = join(tree, "usr/share/java");
  const archives = (await readdir(share)).filter((name) => ARCHIVES.test(name));
  if (!archives.some((name) => /^zookeeper(-\d|\.jar)/.test(name))) {
    throw new Error(`the packages of Debian ${suite} have no ZooKeeper where it was looked for`);
  }
  return { java, classPath: archives.map((name) => join(share, name)).join(":") };
}

/** Debian's oldest that is new enough: it runs with the C library of any that is newer. */
async function requireJava(): Promise<string> {
  const wanted = { suite: "bookworm", name: "openjdk-17-jre-headless", whole: false };
  const tree = await cached(`java-bookworm-${process.arch}`, async (folder) => {
    await unpackDebian(folder, wanted);
    await bindLinks(folder, join(folder, "usr/lib/jvm"));
  });
  const machines = join(tree, "usr/lib/jvm");
  const name = (await readdir(machines)).find((each) => /^java-17-openjdk-\w+$/.test(each));
  if (name === undefined) throw new Error(`there is no Java in ${machines}`);
  return join(machines, name, "bin/java");
}

/** Its settings are links to where a package is installed: they shall lead to the same files here. */
async function bindLinks(root: string, folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const link = join(entry.parentPath, entry.name);
    const target = join(root, readlinkSync(link));
    if (!readlinkSync(link).startsWith("/") || !existsSync(target)) continue;
    await unlink(link);
    await symlink(relative(dirname(link), target), link);
  }
}
