import assert from "node:assert/strict";
import { mysqlFences, postgresFences, sqliteFences } from "../../fencing/mod.ts";

async function printed(...args: string[]): Promise<string> {
  const schema = new URL("../../cli/schema.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-env", schema, ...args],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("the command prints the fences instead of the leases when it is asked to", async () => {
  const text = (statements: readonly string[]) => `${statements.join(";\n\n")};\n`;
  assert.equal(await printed("postgres", "--fences"), text(postgresFences()));
  assert.equal(
    await printed("postgres", "--fences", "--schema", "s"),
    text(postgresFences({ schema: "s" })),
  );
  assert.equal(await printed("mysql", "--fences"), text(mysqlFences()));
  assert.equal(await printed("sqlite", "--fences"), text(sqliteFences()));
  assert.equal(
    await printed("mysql", "--fences", "--table", "t"),
    text(mysqlFences({ table: "t" })),
  );
  assert.doesNotMatch(await printed("mysql"), /fence/);
});
