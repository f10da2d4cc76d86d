/**
 * The tests in parts, each of which is one process: what waits beside what computes.
 *
 * @module
 */

/** Some test files. */
export interface Part {
  readonly name: string;
  /** Its files, by their paths from the root. */
  readonly files: RegExp;
  /**
   * Looks at no clock and so can wait for those that do: it has less of the processor's time. That can be so
   * little that a real server in it does not answer in time.
   */
  readonly aside?: true;
}

/**
 * All of them; a file belongs to the first that it fits, and each fits the last. Long ones come first, so
 * that none of them is left when the others have ended. Those aside step back, so that what is
 * measured on a real clock is delayed less by what only computes.
 */
export const PARTS: readonly Part[] = [
  {
    name: "proofs that compute",
    files:
      /^tests\/(simulation|protocol)\/|linearizability\/(?!backends|late_commits|clusters)|laws\/planted|hash_ring/,
    aside: true,
  },
  { name: "security", files: /^tests\/security\/(?!backends|roles)/, aside: true },
  {
    name: "the core and the handlers",
    files: /^tests\/(core|http|tools|mutation)\//,
    aside: true,
  },
  { name: "pages", files: /^tests\/pages\/(?!clients)/, aside: true },
  { name: "the npm package", files: /^tests\/package\//, aside: true },
  { name: "the coordinator's laws", files: /\/coordination_test\.ts$/ },
  { name: "the driver's contract", files: /\/driver_test\.ts$/ },
  { name: "differential and linearizability", files: /^tests\/(differential|linearizability)\// },
  { name: "runtimes and chaos", files: /^tests\/(runtimes|chaos)\// },
  {
    name: "the drivers of one server",
    files: /^tests\/drivers\/(?!etcd|consul|zookeeper|.*(race|crash|lost_reply)_test)/,
  },
  { name: "the drivers of clusters", files: /^tests\/drivers\/(etcd|consul|zookeeper)\// },
  { name: "races and crashes", files: /(race|crash|lost_reply)_test\.ts$/ },
  { name: "fencing, processes, slips and URLs", files: /^tests\/(fencing|processes|slips|url)\// },
  { name: "servers", files: /^tests\/servers\// },
  { name: "everything else", files: /^/ },
];

/** What takes no server: the core, and every backend within the process. */
export const QUICK = {
  files: /^tests\/(core|http)\/|laws\/planted|drivers\/(sqlite|ipc)\//,
  /** In these of the others, the tests with such a name. */
  partly: /(driver|coordination|differential|requests|linearizability\/backends)_test\.ts$/,
  names: "\\b(memory|sqlite|ipc|browser|retrying|namespaced|traced|budgeted|decorators)\\b",
} as const;

/** Every test file of the project, by its path from the root. */
export async function testFiles(root: string): Promise<string[]> {
  const found: string[] = [];
  const look = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
      const path = `${folder}/${name}`;
      if (isDirectory && name !== "node_modules") await look(path);
      else if (name.endsWith("_test.ts")) found.push(path);
    }
  };
  await Promise.all([look("tests"), look("examples")]);
  return found.sort();
}

/** The files of each part. */
export function inParts(files: readonly string[]): Map<Part, string[]> {
  const all = new Map<Part, string[]>(PARTS.map((part) => [part, []]));
  for (const file of files) {
    const part = PARTS.find(({ files }) => files.test(file));
    all.get(part as Part)?.push(file);
  }
  const [empty] = [...all].find(([, files]) => files.length === 0) ?? [];
  if (empty) {
    throw new Error(`There are no tests for the part "${empty.name}": see tests/tools/parts.ts`);
  }
  return all;
}
