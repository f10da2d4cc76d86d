/**
 * Nothing that a client, a member or a name says becomes a header, a host or a member of a problem.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { cronEndpoint, leaderOnly, withLock } from "../../http/mod.ts";
import { Coordinator, type Json } from "../../mod.ts";
import { HOSTILE } from "../conformance/hostile.ts";

/** More than any backend keeps apart: what HTTP takes for its own. */
const NAMES = [
  ...HOSTILE,
  "a\r\nset-cookie: x=1",
  "a\r\n\r\n<script>",
  "%0d%0aset-cookie:%20x=1",
  'x", "status": 200, "y": "',
  "\u2028\u2029",
  "\u202Egnp.exe",
  "\uD800",
  "x".repeat(300),
  "a\0b",
];

const KNOWN_HEADERS = /^(content-type|cache-control|retry-after|location|content-length|vary)$/;

/** A response without any header that we did not mean, nor one that holds more than a line. */
function assertOurs(response: Response, where: string): void {
  for (const [name, value] of response.headers) {
    assert.match(name, KNOWN_HEADERS, where);
    assert.match(value, /^[ -~]*$/, where);
  }
  const after = response.headers.get("retry-after");
  if (after !== null) assert.match(after, /^\d+$/, where);
}

Deno.test("a hostile lock name is 400, or a lock of that name; its refusal is well-formed and repeats no name", async () => {
  const backend = memory();
  for (const name of NAMES) {
    const holder = new Coordinator(backend, { memberId: "holder" });
    const waiter = new Coordinator(backend, { memberId: "waiter" });
    const lease = await holder.getLock("x").acquire({ timeout: 0 });
    const taken = await Promise.resolve().then(() => holder.getLock(name).acquire({ timeout: 0 }))
      .catch(() => undefined);
    const answer = await withLock(waiter, () => name, {}, () => new Response("ran"))(
      new Request("https://app.example.com/"),
    );
    const where = JSON.stringify(name);
    assertOurs(answer, where);
    assert.equal(answer.status, taken ? 423 : 400, where);
    const body = await answer.json();
    assert.equal(body.status, answer.status);
    if (name.length > 3) assert(!JSON.stringify(body).includes(name.slice(0, 40)), where);
    await taken?.release();
    await lease?.release();
  }
});

Deno.test("a hostile member id is told as it is, in JSON alone", async () => {
  for (const memberId of NAMES) {
    const backend = memory();
    let holder: Coordinator;
    try {
      holder = new Coordinator(backend, { memberId });
    } catch {
      continue; // Refused before anything was sent.
    }
    const lease = await holder.getLock("x").hold();
    await holder.election("g").campaign();
    const other = new Coordinator(backend, { memberId: "other" });
    const request = () => new Request("https://app.example.com/");
    const locked = await withLock(other, "x", {}, () => new Response("ran"))(request());
    const led = await leaderOnly(other, "g", { redirect: true }, () => new Response("r"))(
      request(),
    );
    for (const [answer, member] of [[locked, "holder"], [led, "leader"]] as const) {
      assertOurs(answer, memberId);
      const body = await answer.json();
      assert.equal(body[member], memberId);
      const members = ["type", "title", "status", "detail", "code", member];
      assert.deepEqual(Object.keys(body), members);
    }
    await lease.release();
    await holder.standDownGroupLeader("g");
  }
});

/** What a hostile member may give as its url. Whoever writes to the backend is trusted no further. */
const URLS: readonly string[] = [
  ...["javascript:alert(1)", "data:text/html,<script>", "vbscript:x", "file:///etc/passwd"],
  ...["blob:https://evil.example/x", "ws://evil.example", "ftp://evil.example", "about:blank"],
  ...["//evil.example", "/evil", "\\\\evil.example", "evil.example", "", "https://", "https:///"],
  ...["https://user:pw@evil.example", "https://app.example.com@evil.example"],
  ...["https://a\r\nset-cookie: x=1@b.example", " javascript:alert(1)", "java\nscript:alert(1)"],
  ...["https://[::1", "https://a b.example", "https://%00.example", "https://ex\0ample"],
];

/** Those that are taken, and the only place each can lead to. */
const TAKEN: Readonly<Record<string, string>> = {
  "https://fra-1.example.com": "https://fra-1.example.com",
  "https://fra-1.example.com/base\r\nset-cookie: x=1": "https://fra-1.example.com",
  "\thttps://fra-1.example.com\n": "https://fra-1.example.com",
  "https:\\\\fra-1.example.com": "https://fra-1.example.com",
  "https://fra-1.example.com/%0d%0aset-cookie:x=1": "https://fra-1.example.com",
  "https://ünïcode.example": "https://xn--ncode-cta3g.example",
  "http://10.0.0.1:8080/?a=b#c": "http://10.0.0.1:8080",
};

async function locationFor(capabilities: Json, path: string): Promise<Response> {
  const backend = memory();
  const leader = new Coordinator(backend, { memberId: "fra-1" });
  await leader.joinGroupCreate("g", capabilities);
  await leader.election("g").campaign();
  const other = new Coordinator(backend, { memberId: "ams-1" });
  const handler = leaderOnly(other, "g", { redirect: true }, () => new Response("ran"));
  const answer = await handler(new Request(`https://app.example.com${path}`));
  await leader[Symbol.asyncDispose]();
  return answer;
}

Deno.test("a redirect to the leader goes to an http origin that its member gave, and nowhere else", async () => {
  const paths = [
    "/",
    "//evil.example/x",
    "/\\evil.example",
    "/a?next=//evil.example",
    "/%0d%0ax:y",
  ];
  for (const url of URLS) {
    const answer = await locationFor({ url }, "/x");
    assert.deepEqual([answer.status, answer.headers.get("location")], [503, null], url);
    assertOurs(answer, url);
  }
  for (const [url, origin] of Object.entries(TAKEN)) {
    for (const path of paths) {
      const answer = await locationFor({ url }, path);
      assert.equal(answer.status, 307, `${url} ${path}`);
      assertOurs(answer, url);
      assert.equal(new URL(answer.headers.get("location") ?? "").origin, origin, `${url} ${path}`);
    }
  }
});

Deno.test("only a url of the leader's own capabilities is followed, not one that all objects inherit", async () => {
  const hostile = JSON.parse(
    '[{"__proto__":{"url":"https://evil.example"}},{"constructor":{"url":"https://evil.example"}},' +
      '{"constructor":{"prototype":{"url":"https://evil.example"}}}]',
  );
  for (const capabilities of hostile) {
    assert.equal((await locationFor(capabilities, "/")).status, 503);
  }
  Object.defineProperty(Object.prototype, "url", {
    value: "https://evil.example",
    configurable: true,
  });
  try {
    assert.equal((await locationFor({ zone: "fra" }, "/")).status, 503);
  } finally {
    Reflect.deleteProperty(Object.prototype, "url");
  }
});

Deno.test("what a backend says of a holder goes into JSON alone, be it what no member could be called", async () => {
  const left = [Number.NaN, -1, 0, 0.5, 1e300, Infinity];
  for (const [n, value] of NAMES.filter((name) => name !== "").entries()) {
    const lying: Driver = {
      ...memory(),
      apply: (ops) =>
        Promise.resolve(ops.map(() => ({
          ok: false,
          leases: [{ seat: "", id: "i", token: 1, value, left: left[n % left.length] ?? 0 }],
        }))),
    };
    const baton = new Coordinator(lying);
    const request = new Request("https://app.example.com/");
    const answer = await withLock(baton, "x", {}, () => new Response("ran"))(request);
    assert.equal(answer.status, 423);
    assertOurs(answer, JSON.stringify(value));
    assert.equal((await answer.json()).holder, value);
  }
});

Deno.test("a slot that a client chooses is a number within reach, or nothing is claimed", async () => {
  const sent: unknown[] = [];
  const backend = memory();
  const baton = new Coordinator({
    ...backend,
    apply: (ops, options) => {
      sent.push(...ops);
      return backend.apply(ops, options);
    },
  });
  const secret = "a-secret-of-sixteen";
  const handler = cronEndpoint(baton, "j", () => {}, { secret, slotInQuery: true });
  const headers = { authorization: `Bearer ${secret}` };
  const slots = [
    "__proto__",
    "1e3",
    "-1",
    "0x10",
    "1;drop",
    "1%0d%0ax:y",
    "9".repeat(400),
    "٣",
    "",
  ];
  for (const slot of slots) {
    const answer = await handler(new Request(`https://app.example.com/?slot=${slot}`, { headers }));
    assert.equal(answer.status, 400, slot);
    assertOurs(answer, slot);
    await answer.body?.cancel();
  }
  assert.deepEqual(sent, []);
});
