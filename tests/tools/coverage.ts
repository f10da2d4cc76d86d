/**
 * `deno task coverage`: which lines of the core and the drivers no test reaches. What only tries the
 * same lines in other orders (simulation, histories, sequences, chaos) is left out, and what runs
 * them in other runtimes.
 *
 * @module
 */

import { removeFolder, temporaryFolder } from "../servers/folders.ts";

const root = new URL("../../", import.meta.url).pathname;

/** The folders that count, and the share of their lines that must be reached. */
const [ROOMS, LEAST] = [["coordination", "drivers"], 0.95];
const LEFT_OUT = [
  ...["simulation", "protocol", "linearizability", "differential", "chaos", "mutation"],
  ...["runtimes", "bench"],
].map((name) => `tests/${name}`);

/** The lines of one file that can be reached, and whether they were. */
interface Covered {
  readonly file: string;
  readonly lines: ReadonlyMap<number, boolean>;
}

function print(line: string): void {
  // deno-lint-ignore no-console -- this is a command
  console.log(line);
}

async function deno(args: readonly string[], stdout: "inherit" | "piped"): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd: root, stdout });
  const output = await command.output();
  if (!output.success) throw new Error(`deno ${args[0]} ended with code ${output.code}`);
  return stdout === "piped" ? new TextDecoder().decode(output.stdout) : "";
}

/** What an lcov report says of our files. */
function read(report: string): Covered[] {
  return report.split("end_of_record").flatMap((record): Covered[] => {
    const file = /^SF:(.*)$/m.exec(record)?.[1]?.replace(root, "");
    if (file === undefined || !ROOMS.some((room) => file.startsWith(`${room}/`))) return [];
    const found = [...record.matchAll(/^DA:(\d+),(\d+)/gm)];
    return [{ file, lines: new Map(found.map(([, line, hits]) => [Number(line), hits !== "0"])) }];
  });
}

function countOf(files: readonly Covered[]): readonly [reached: number, all: number] {
  const lines = files.flatMap(({ lines }) => [...lines.values()]);
  return [lines.filter((reached) => reached).length, lines.length];
}

const tests = Deno.args.length > 0 ? Deno.args : ["tests", `--ignore=${LEFT_OUT}`];
const folder = await temporaryFolder("baton-coverage-");
try {
  await deno(
    ["test", "-A", "--coverage-raw-data-only", `--coverage=${folder}/raw`, ...tests],
    "inherit",
  );
  const files = read(await deno(["coverage", "--lcov", `${folder}/raw`], "piped"));
  for (const { file, lines } of files) {
    const missed = [...lines].flatMap(([line, reached]) => reached ? [] : [line]);
    if (missed.length > 0) print(`${file}: nobody reaches ${missed.join(", ")}`);
  }
  const shares = ROOMS.map((room) => {
    const [reached, all] = countOf(files.filter(({ file }) => file.startsWith(`${room}/`)));
    print(`${room}: ${reached} of ${all} lines (${(100 * reached / all).toFixed(1)} %)`);
    return reached / all;
  });
  Deno.exitCode = shares.every((share) => share >= LEAST) ? 0 : 1;
} finally {
  await removeFolder(folder);
}
