/**
 * Chromium without windows (Debian's `chromium-headless-shell`), with the libraries that it needs, as
 * files in a folder: that needs no root, and nothing is installed on the machine.
 */
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { cached } from "./cache.ts";
import { ownSuite, unpackDebian } from "./debian.ts";
import { removeFolder } from "./folders.ts";

export interface ChromiumInstallation {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The C library has to be the machine's own, because the program starts with its dynamic linker. */
const C_LIBRARY =
  /^(ld-linux[-\w]*|lib(c|m|mvec|dl|rt|pthread|resolv|util|anl|nsl|thread_db|nss_\w+|c_malloc_debug))\.so[.\d]*$/;

/** Fetched when it is the first time, about 150 MB. Delete the cached folder to get a newer one. */
export async function requireChromium(): Promise<ChromiumInstallation> {
  // That of the machine's own release, because it uses the machine's C library.
  const suite = await ownSuite();
  const wanted = { suite, name: "chromium-headless-shell", whole: true };
  const tree = await cached(`chromium-${suite}-${process.arch}`, async (folder) => {
    await unpackDebian(folder, wanted);
    const files = await librariesIn(folder);
    const foreign = files.filter(([, name]) => C_LIBRARY.test(name));
    await Promise.all(foreign.map(([path]) => removeFolder(path)));
  });
  const libraries = (await librariesIn(tree)).map(([path]) => dirname(path));
  return {
    program: join(tree, "usr/lib/chromium/chromium-headless-shell"),
    environment: {
      LD_LIBRARY_PATH: [...new Set(libraries)].join(":"),
      // Fonts, and what is said about them.
      FONTCONFIG_SYSROOT: tree,
    },
  };
}

async function librariesIn(folder: string): Promise<[path: string, name: string][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter(({ name }) => /\.so[.\d]*$/.test(name))
    .map(({ parentPath, name }) => [join(parentPath, name), name]);
}
