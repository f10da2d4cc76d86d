/**
 * What the npm package says about itself.
 *
 * @module
 */

import assert from "node:assert/strict";
import { withLibrary } from "../tools/pack/declarations.ts";
import { finished, type Packed } from "../tools/pack/manifest.ts";

const packed: Packed = {
  name: "@baton/baton",
  version: "1.2.3",
  license: "Apache-2.0",
  exports: { ".": { types: "./mod.d.ts", default: "./mod.js" } },
  dependencies: { zebra: "^2.0.1", "@vendor/client": "^1.0.0" },
};
const source = {
  imports: {
    ...{ "@vendor/client": "npm:@vendor/client@1.0.0", zebra: "npm:zebra@2.0.1" },
    ...{ ioredis: "npm:ioredis@6.0.0", mysql2: "npm:mysql2@3.1.0", pg: "npm:pg@8.0.0" },
    yaml: "npm:yaml@2.0.0",
  },
  files: ["mod.d.ts", "mod.js"],
};

Deno.test("a client is an optional peer in its exact version, and no dependency", () => {
  const manifest = finished(packed, source);
  assert.deepEqual(manifest.peerDependencies, {
    "@vendor/client": "1.0.0",
    // These are loaded when they are needed, where nobody sees the import.
    ...{ ioredis: "6.0.0", mysql2: "3.1.0", pg: "8.0.0", yaml: "2.0.0" },
    zebra: "2.0.1",
  });
  const clients = Object.keys(manifest.peerDependencies);
  const optional = clients.map((name) => [name, { optional: true }]);
  assert.deepEqual(manifest.peerDependenciesMeta, Object.fromEntries(optional));
  assert.equal(manifest.dependencies, undefined);
});

Deno.test("a client without an exact version is refused", () => {
  for (const version of [undefined, "npm:zebra@^2.0.1", "npm:zebra", "npm:zebra@2.0.1/inner"]) {
    const imports = { ...source.imports, ...(version ? { zebra: version } : { zebra: "" }) };
    assert.throws(() => finished(packed, { ...source, imports }), /zebra no exact version/);
  }
});

Deno.test("an entry without types is refused", () => {
  const exports = { ...packed.exports, "./other": { default: "./other.js" } };
  assert.throws(() => finished({ ...packed, exports }, source), /\.\/other would have no types/);
});

Deno.test("a compiler that does not read exports finds the types of each entry", () => {
  const other = { types: "./drivers/redis/upstash.d.ts", default: "./drivers/redis/upstash.js" };
  const exports = { ...packed.exports, "./drivers/upstash": other };
  assert.deepEqual(finished({ ...packed, exports }, source).typesVersions, {
    "*": { "drivers/upstash": ["./drivers/redis/upstash.d.ts"] },
  });
});

Deno.test("what deno pack wrote stays", () => {
  const { name, version, license, exports } = packed;
  assert.deepEqual({ ...finished(packed, source), name, version, license, exports }, {
    ...finished(packed, source),
  });
});

Deno.test("declarations ask for the library of disposables if they use it, and not otherwise", () => {
  const asks = /^\/\/\/ <reference lib="esnext.disposable" \/>\n/;
  for (
    const used of [
      "export interface Lease extends AsyncDisposable {}",
      "export class A implements Disposable {}",
      "export class A { [Symbol.asyncDispose](): Promise<void>; }",
      "export class A { [Symbol.dispose](): void; }",
    ]
  ) {
    assert.match(withLibrary(used), asks);
    assert.ok(withLibrary(used).endsWith(used));
  }
  assert.equal(withLibrary("export type Disposables = 1;"), "export type Disposables = 1;");
});
