/**
 * An option that nobody knows is refused wherever options are taken. The documentation says where that
 * is, so a new function cannot be forgotten; that a new option cannot be, `checkOptions` sees to by its
 * types.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Coordinator, CoreCoordinator } from "../../mod.ts";
import { memory } from "../../drivers/memory.ts";
import { checkOptions } from "../../drivers/kit/options.ts";
import { DOORS, type Hall } from "./doors.ts";

const ROOT = new URL("../../", import.meta.url);

/** Those that take options, and are no doors of the package. */
const NO_DOORS = new Set([
  // What a driver is given comes from the core, and from other drivers.
  ...["Driver.apply", "DocumentStore.read", "DocumentStore.write"],
  // Internal, and called by those above them.
  ...["Acquirable.begin", "Lock.begin", "Semaphore.begin"],
]);

/** The part of what `deno doc --json` says that is looked at. */
interface Callable {
  readonly params?: readonly unknown[];
}
interface Member extends Callable {
  readonly name: string;
  readonly functionDef?: Callable;
  readonly jsDoc?: { readonly doc?: string };
}
interface Declaration {
  readonly kind: string;
  readonly def?: Callable & {
    readonly constructors?: readonly Callable[];
    readonly methods?: readonly Member[];
    readonly properties?: readonly Member[];
  };
}
interface Doc {
  readonly nodes: Readonly<
    Record<string, { symbols: readonly { name: string; declarations: readonly Declaration[] }[] }>
  >;
}

/** Whether one of the parameters is of a type of options. */
function takesOptions({ params = [] }: Callable = {}): boolean {
  return params.some((each) => /"repr":"(\w+Options|Interval)"/.test(JSON.stringify(each)));
}

/** What `deno doc` says of these files. */
async function docOf(...files: readonly string[]): Promise<Doc["nodes"][string]["symbols"]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "--quiet", ...files],
    cwd: ROOT,
  }).output();
  const { nodes }: Doc = JSON.parse(new TextDecoder().decode(stdout));
  return Object.values(nodes).flatMap(({ symbols }) => symbols);
}

/** The properties and methods that are shown of a class, and what is said of each. */
async function membersOf(name: string): Promise<{ name: string; docs: string }[]> {
  const declarations = (await docOf("mod.ts")).filter((each) => each.name === name)
    .flatMap((each) => each.declarations);
  return declarations.flatMap(({ def }) => [...def?.methods ?? [], ...def?.properties ?? []])
    .map((each) => ({ name: each.name, docs: each.jsDoc?.doc ?? "" }));
}

/** Everything public that takes options, by the names of `DOORS`. */
async function documented(): Promise<Set<string>> {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const found = new Set<string>();
  for (const { name, declarations } of await docOf(...Object.values<string>(exports))) {
    for (const { kind, def } of declarations) {
      if (kind === "function" && takesOptions(def)) found.add(name);
      if (def?.constructors?.some(takesOptions)) found.add(`new ${name}`);
      for (const method of def?.methods ?? []) {
        if (takesOptions(method.functionDef ?? method)) found.add(`${name}.${method.name}`);
      }
    }
  }
  return found;
}

/** A coordinator, what it holds, and how many requests it has made. */
async function hall(): Promise<Hall & { sent: () => number }> {
  let requests = 0;
  const backend = memory();
  const baton = new Coordinator({
    ...backend,
    apply: (ops, options) => {
      requests++;
      return backend.apply(ops, options);
    },
  }, { memberId: "m" });
  const lease = await baton.getLock("held").hold();
  const shards = await baton.joinPartitionedGroup("shards");
  await baton.createGroup("g");
  return { baton, lease, shards, sent: () => requests };
}

Deno.test("every function that the documentation shows with options is a door that is tried", async () => {
  const tried = Object.keys(DOORS).flatMap((key) => [key, key.split(/:| of /)[0] ?? ""]);
  const all = await documented();
  assert.ok(all.size > 70, `only ${all.size} were found`);
  // The verbs that a Coordinator shows of the core.
  const missing = [...all].filter((name) =>
    ![name, name.replace(/^Coordinator\./, "CoreCoordinator.")].some((each) =>
      tried.includes(each) || NO_DOORS.has(each)
    )
  );
  assert.deepEqual(missing, []);
});

for (const [name, door] of Object.entries(DOORS)) {
  Deno.test(`${name} refuses an unknown option, and does nothing`, async () => {
    const place = await hall();
    const before = place.sent();
    for (const wrong of [{ sginal: undefined }, { memberID: "x" }]) {
      const [option = ""] = Object.keys(wrong);
      await assert.rejects(async () => await door(wrong, place), (error: Error) => {
        assert.match(
          error.message,
          new RegExp(`^Cannot use this option "${option}": did you mean`),
        );
        return true;
      });
    }
    assert.equal(place.sent(), before);
    assert.equal(place.lease.held, true);
    await place.baton[Symbol.asyncDispose]();
  });
}

/** Options that are true or false. */
const FLAGS = [
  ...[
    "heartbeat",
    "keepAlive",
    "record",
    "rejoin",
    "replace",
    "requireMembership",
    "rpc",
    "shared",
  ],
  ...["skipIfRunning", "slotInQuery", "streams", "strict"],
];
/** What a variable of the environment says, and what else a program may give for false. */
const NO_FLAGS = ["false", "", 0];

/** The names of a door's options, which it says itself. */
async function optionsOf(
  door: (wrong: object, hall: Hall) => unknown,
  at: Hall,
): Promise<string[]> {
  const said = await Promise.resolve().then(() => door({ sginal: undefined }, at)).then(
    () => "",
    (error: Error) => error.message,
  );
  return said.split("There are: ")[1]?.split(" ") ?? [];
}

Deno.test("what must be true or false is nothing else, at every door: a variable's text would be true", async () => {
  const place = await hall();
  const before = place.sent();
  const tried = new Set<string>();
  for (const [name, door] of Object.entries(DOORS)) {
    for (const option of (await optionsOf(door, place)).filter((each) => FLAGS.includes(each))) {
      tried.add(option);
      for (const given of NO_FLAGS) {
        await assert.rejects(
          async () => await door({ [option]: given }, place),
          new RegExp(`Cannot use this ${option}: it is of type \\w+, and must be true or false`),
          `${name}, ${option}: ${JSON.stringify(given)}`,
        );
      }
    }
  }
  assert.deepEqual([...tried].sort(), FLAGS);
  assert.equal(place.sent(), before);
  await place.baton[Symbol.asyncDispose]();
});

Deno.test("what is given as a signal is one, at every door: most often it is the controller", async () => {
  const place = await hall();
  const before = place.sent();
  let tried = 0;
  for (const [name, door] of Object.entries(DOORS)) {
    if (!(await optionsOf(door, place)).includes("signal")) continue;
    tried++;
    for (const signal of [new AbortController(), "signal", 5_000]) {
      await assert.rejects(
        async () => await door({ signal }, place),
        /Cannot use this signal: it is not an AbortSignal; of an AbortController give its signal/,
        `${name}: ${typeof signal}`,
      );
    }
  }
  assert.ok(tried > 40, `only ${tried} doors take one`);
  assert.equal(place.sent(), before);
  await place.baton[Symbol.asyncDispose]();
});

Deno.test("the most alike known name is asked for, and all are named", () => {
  interface Known {
    ttl?: number;
    timeout?: number;
    memberId?: string;
    token?: string;
    minHold?: boolean;
  }
  const asks = (wrong: object): string => {
    try {
      checkOptions(wrong as Known, "ttl timeout memberId token minHold?");
    } catch (error) {
      return (error as Error).message.slice("Cannot use this option ".length);
    }
    return "";
  };
  const all = "There are: ttl timeout memberId token minHold";
  for (
    const [wrong, meant] of [
      ["tll", "ttl"],
      ["timeOut", "timeout"],
      ["memberID", "memberId"],
      ["member", "memberId"],
      ["tokn", "token"],
      ["minhold", "minHold"],
      ["minHold?", "minHold"],
      ["ttl?", "ttl"],
    ] as const
  ) {
    assert.equal(asks({ [wrong]: 1 }), `"${wrong}": did you mean ${meant}? ${all}`);
  }
  for (const minHold of [undefined, true, false]) assert.equal(asks({ ttl: 1, minHold }), "");
});

Deno.test("the compiler finds a name that is missing in the list of options, and one that is too many", async () => {
  const options = new URL("drivers/kit/options.ts", ROOT).href;
  const folder = await Deno.makeTempDir();
  const lists = {
    "all.ts": "signal ttl shared?",
    "few.ts": "ttl shared?",
    "many.ts": "ttl signal timeout shared?",
    "plain.ts": "ttl signal shared",
  };
  try {
    for (const [file, names] of Object.entries(lists)) {
      await Deno.writeTextFile(
        `${folder}/${file}`,
        `import { checkOptions } from "${options}";
checkOptions({} as { ttl?: number; signal?: AbortSignal; shared?: boolean }, "${names}");\n`,
      );
    }
    const files = Object.keys(lists).map((file) => `${folder}/${file}`);
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--no-config", ...files],
      env: { NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stderr);
    assert.match(said, /forgotten: "signal"[^]*few\.ts/);
    assert.match(said, /unknown: "timeout"[^]*many\.ts/);
    // One that is true or false has to say so.
    assert.match(said, /forgotten: "shared\?"[^]*plain\.ts/);
    assert.doesNotMatch(said, /all\.ts/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the documentation of Coordinator shows each of its verbs, with what it does", async () => {
  const shown = new Map((await membersOf("Coordinator")).map(({ name, docs }) => [name, docs]));
  const verbs = [Coordinator, CoreCoordinator].flatMap(({ prototype }) =>
    Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor")
  );
  assert.ok(verbs.includes("getLock") && verbs.includes("tick"), `${verbs}`);
  assert.deepEqual(verbs.filter((name) => !shown.get(name)), []);
});
