/**
 * Where a URL leads, as whom, and under which keys.
 *
 * @module
 */

import assert from "node:assert/strict";
import { etcd } from "../../../drivers/etcd/etcd.ts";
import { etcdAt } from "../../../drivers/etcd/url.ts";
import { inspect } from "../../conformance/operations.ts";
import { canned } from "./canned.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";
import { partsOf } from "../url_parts.ts";

/** Where the requests of a look go when nobody is reached, and who asks. */
async function asked(text: string, token?: string): Promise<readonly [string[], unknown]> {
  const seen: string[] = [];
  let user: unknown;
  const fake: typeof fetch = (input, init) => {
    const { origin, pathname } = new URL(String(input));
    seen.push(origin + pathname);
    if (pathname.includes("auth")) user = JSON.parse(String(init?.body));
    return Promise.reject(new TypeError("client error (Connect)"));
  };
  await whileFetchIs(
    fake,
    () => etcdAt(partsOf(text, token)).apply([inspect("lock:a")]).catch(() => []),
  );
  return [seen, user];
}

Deno.test("etcd: a URL says where requests go, and as whom", async () => {
  const [txn, login] = ["v3/kv/txn", "v3/auth/authenticate"];
  const rows: readonly (readonly [url: string, paths: string[], user?: unknown, token?: string])[] =
    [
      ["etcd://localhost", [`http://localhost:2379/${txn}`]],
      ["ETCD://localhost/", [`http://localhost:2379/${txn}`]],
      ["etcd://[::1]", [`http://[::1]:2379/${txn}`]],
      ["etcd://h.example:81", [`http://h.example:81/${txn}`]],
      ["etcd3+http://a,b:5", [`http://a:2379/${txn}`, `http://b:5/${txn}`]],
      ["etcd+https://h.example", [`https://h.example:2379/${txn}`]],
      ["etcd3+https://h.example?api_version=v3beta", [
        "https://h.example:2379/v3beta/kv/txn",
      ]],
      ["etcd://u:p%2F:q@localhost", [`http://localhost:2379/${login}`], {
        name: "u",
        password: "p/:q",
      }],
      [
        "etcd://u:p@localhost",
        [`http://localhost:2379/${login}`],
        { name: "u", password: "t" },
        "t",
      ],
      ["etcd://u@localhost", [`http://localhost:2379/${login}`], { name: "u", password: "t" }, "t"],
    ];
  for (const [url, paths, user, token] of rows) {
    assert.deepEqual(await asked(url, token), [paths, user], url);
  }
});

Deno.test("etcd: keys begin with what was given, from nothing to 256 bytes", async () => {
  for (const keyPrefix of [undefined, "", "p", "p".repeat(256)]) {
    const { driver, sent } = canned(() => new Error("enough"), { keyPrefix });
    await driver.apply([inspect("r")]).catch(() => {});
    assert.ok(JSON.stringify(sent[0]?.body).includes(`"${btoa(`${keyPrefix ?? "baton/"}epoch`)}"`));
  }
  assert.equal(etcd({ url: "https://h.example:2379", user: "u", password: "p" }).name, "etcd");
});
