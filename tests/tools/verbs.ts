/**
 * `deno run -A tests/tools/verbs.ts [--write]`: has `Coordinator` show the verbs that it inherits.
 *
 * Neither `deno doc` nor JSR shows what a class inherits, so a reader of `Coordinator` would not find
 * `getLock`. An interface of the same name does, and costs users no byte. It is copied from
 * `CoreCoordinator`, docs and all, so that nobody writes anything twice; `deno task check` compares.
 *
 * @module
 */

const SOURCE = new URL("../../coordination/core.ts", import.meta.url);
const TARGET = new URL("../../coordination/coordinator.ts", import.meta.url);

/** A public member with its docs: a property, a getter or a method; not the constructor. */
const MEMBER =
  /\n(?<docs> {2}\/\*\*(?:(?!\*\/)[^])*\*\/)\n {2}(?:(?<property>readonly \w+: [^;]+;)|(?:async )?(?:(?<get>get) )?(?<name>(?!constructor\b)[\w[\].]+)(?<generic><\w+>)?\((?<params>[^{]*?(?:= \{\}[^{]*?)?)\): (?<answer>.+) \{\n)/g;
/** The interface in its file. */
const REGION = /^export interface Coordinator \{\n[^]*?^\}\n/m;

async function formatted(text: string): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "ts", "--line-width", "100", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { code, stdout } = await process.output();
  if (code !== 0) throw new Error("what was made of core.ts cannot be formatted");
  return new TextDecoder().decode(stdout);
}

/** The interface, made of the class. */
async function interfaceOf(text: string): Promise<string> {
  const [, body = ""] = /^export class CoreCoordinator [^]*?\{\n([^]*?)^\}\n/m.exec(text) ?? [];
  const members = [...`\n${body}`.matchAll(MEMBER)].map(({ groups = {} }) => {
    const { docs, property, get, name, generic = "", params = "", answer } = groups;
    const type = property ??
      (get
        ? `get ${name}(): ${answer};`
        : `${name}${generic}(${params.replace(/: (\w+) = \{\}/g, "?: $1")}): ${answer};`);
    return `${docs}\n  ${type}\n`;
  });
  return await formatted(`export interface Coordinator {\n${members.join("")}}\n`);
}

const wanted = await interfaceOf(await Deno.readTextFile(SOURCE));
const text = await Deno.readTextFile(TARGET);
if (!REGION.test(text)) throw new Error("coordinator.ts has no interface Coordinator");
if (Deno.args.includes("--write")) {
  await Deno.writeTextFile(TARGET, text.replace(REGION, () => wanted));
} else if (!text.includes(wanted)) {
  // deno-lint-ignore no-console -- this is a command
  console.error("Coordinator shows other verbs than CoreCoordinator has: run it with --write");
  Deno.exit(1);
}
