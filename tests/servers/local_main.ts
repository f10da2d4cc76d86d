/**
 * `deno task local -- upstash|neon|planetscale [--port N] [-- COMMAND …]`: a vendor's protocol on this
 * machine, over a real server, for those who develop an application. `docs/local.md` shows its use.
 *
 * It prints the variables by which an application finds it, in the form of a `.env` file, and runs until
 * Ctrl-C. With a command it runs that with these variables, and ends when the command has ended. The
 * tables of Baton are there; everything is gone at the end.
 *
 * @module
 */

import process from "node:process";
import { planetscaleQuery } from "../../drivers/mysql/planetscale.ts";
import { migrate as migrateMysql } from "../../drivers/mysql/schema.ts";
import { neonQuery } from "../../drivers/postgres/neon.ts";
import { migrate as migratePostgres } from "../../drivers/postgres/schema.ts";
import { pointNeonAt } from "./neon.ts";

/** What a server says about itself, in the line that it prints. */
type Said = Readonly<Record<string, string>>;

interface Vendor {
  /** The program in this folder, and its arguments. */
  readonly program: readonly [string, ...string[]];
  /** The port, which stays the same from day to day. */
  readonly port: number;
  readonly variables: (said: Said) => Readonly<Record<string, string>>;
  /** Makes Baton's table. */
  readonly prepare: (said: Said) => Promise<void>;
}

const VENDORS: Readonly<Record<string, Vendor>> = {
  upstash: {
    program: ["upstash_main.ts"],
    port: 8079,
    variables: ({ url = "", token = "" }) => ({
      UPSTASH_REDIS_REST_URL: url,
      UPSTASH_REDIS_REST_TOKEN: token,
    }),
    prepare: async () => {},
  },
  neon: {
    program: ["neon_main.ts"],
    port: 4444,
    variables: ({ connectionString = "" }) => ({ DATABASE_URL: connectionString }),
    async prepare({ connectionString = "" }) {
      pointNeonAt();
      await migratePostgres(neonQuery(connectionString));
    },
  },
  planetscale: {
    program: ["planetscale_main.ts", "--server", "mariadb"],
    port: 3900,
    variables: ({ databaseUrl = "" }) => ({ DATABASE_URL: databaseUrl }),
    prepare: ({ databaseUrl = "" }) => migrateMysql(planetscaleQuery({ url: databaseUrl })),
  },
};

const USAGE = `usage: deno task local -- ${
  Object.keys(VENDORS).join("|")
} [--port N] [-- COMMAND …]\n`;

interface Wanted {
  readonly vendor: Vendor;
  readonly port: number;
  readonly command: readonly string[];
}

/** What the arguments ask for; `undefined` if they make no sense. */
function read(given: readonly string[]): Wanted | undefined {
  // `deno task` hands its own "--" on.
  const args = given[0] === "--" ? given.slice(1) : given;
  const end = args.indexOf("--");
  const [name = "", flag, number, ...more] = end < 0 ? args : args.slice(0, end);
  const vendor = Object.hasOwn(VENDORS, name) ? VENDORS[name] : undefined;
  if (!vendor || more.length > 0 || (flag !== undefined && flag !== "--port")) return undefined;
  const port = flag ? Number(number) : vendor.port;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return undefined;
  return { vendor, port, command: end < 0 ? [] : args.slice(end + 1) };
}

/** The first line of a stream. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream() as never)) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  return text;
}

/** Resolves when this process is asked to end, or when the terminal or the parent is gone. */
function asked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}

/** Runs a command with these variables, until it ends or `ended`; answers its exit status. */
async function run(
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  ended: Promise<void>,
): Promise<number> {
  const child = new Deno.Command(program, { args, env, stdin: "inherit" }).spawn();
  let over = false;
  void ended.then(() => over || child.kill("SIGTERM"));
  const { code } = await child.status;
  over = true;
  return code;
}

const wanted = read(process.argv.slice(2));
if (!wanted) {
  process.stderr.write(USAGE);
  process.exit(2);
}
const { vendor, port, command } = wanted;
const [file, ...args] = vendor.program;
const server = new Deno.Command(Deno.execPath(), {
  args: ["run", "-A", new URL(file, import.meta.url).href, ...args, "--port", `${port}`],
  stdin: "piped",
  stdout: "piped",
}).spawn();
const ended = asked();
let status = 1;
try {
  const line = await firstLine(server.stdout);
  // What went wrong has been said on standard error.
  if (line) {
    const said: Said = JSON.parse(line);
    await vendor.prepare(said);
    const variables = vendor.variables(said);
    if (command.length > 0) {
      status = await run(command, variables, ended);
    } else {
      const lines = Object.entries(variables).map(([name, value]) => `${name}="${value}"\n`);
      process.stdout.write(lines.join(""));
      process.stderr.write("Ready. Ctrl-C ends it, and everything that is in it.\n");
      await ended;
      status = 0;
    }
  }
} finally {
  // It ends when its standard input closes, and its database with it.
  await server.stdin.close().catch(() => {});
  await server.status;
}
process.exit(status);
