/**
 * `tests/README.md` shows every folder and every capability, and nothing else lies in the root.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Capability, having } from "../backends/mod.ts";

const TESTS = new URL("../", import.meta.url);
const MAP = await Deno.readTextFile(new URL("README.md", TESTS));

/** The cells of each row of the map's tables. */
const ROWS = [...MAP.matchAll(/^\|(.*)\|$/gm)].map(([, row = ""]) =>
  row.split("|").map((cell) => cell.trim())
);

Deno.test("every folder of tests answers a question on the map", () => {
  const folders = [...Deno.readDirSync(TESTS)].filter(({ isDirectory }) => isDirectory);
  const shown = ROWS.flatMap(([, folder]) =>
    /^`(\w+)\/(?:<family>)?`$/.exec(folder ?? "")?.[1] ?? []
  );
  assert.deepEqual(shown.toSorted(), folders.map(({ name }) => name).toSorted());
});

Deno.test("in the root of tests lie the map, the runner and the check", () => {
  const files = [...Deno.readDirSync(TESTS)].filter(({ isFile }) => isFile);
  assert.deepEqual(files.map(({ name }) => name).sort(), ["README.md", "check.ts", "run.ts"]);
});

Deno.test("the map says of every capability which backends have it", () => {
  const all = {
    server: true,
    wire: true,
    table: true,
    steps: true,
    renames: true,
  } satisfies Record<
    Capability,
    true
  >;
  for (const capability of Object.keys(all) as Capability[]) {
    const [, , holders = ""] = ROWS.find(([name]) => name === `\`${capability}\``) ?? [];
    const names = having(capability).map(({ key, vendors }) => vendors?.[0]?.name ?? key);
    const shown = holders.toLowerCase().split(", ");
    assert.deepEqual(new Set(shown), new Set(names), capability);
  }
});

Deno.test("every driver that is exported has a row in docs/backends.md", async () => {
  const root = new URL("../", TESTS);
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const page = await Deno.readTextFile(new URL("docs/backends.md", root));
  const own =
    /^\.\/drivers\/(?!decorators\/|kit\/|driver\.ts)(?:\w+\/)?(?!(?:schema|migration|kubeconfig)\.ts)(\w+)\.ts$/;
  const drivers = Object.values<string>(exports).flatMap((path) => own.exec(path)?.[1] ?? []);
  assert.ok(drivers.includes("memory") && drivers.includes("planetscale"), `${drivers}`);
  const missing = drivers.map((name) =>
    name.replace(/_\w/g, ([, letter]) => `${letter}`.toUpperCase())
  )
    .filter((name) => !new RegExp(`^\\|.*\`${name}\\(`, "m").test(page));
  assert.deepEqual(missing, []);
});
