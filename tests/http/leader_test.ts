import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import { leaderUrl } from "../../http/handlers/leader_url.ts";
import { leaderOnly } from "../../http/mod.ts";
import { InvalidArgument } from "../../mod.ts";
import type { Coordinator, Json } from "../../mod.ts";
import { Scene } from "../core/scene.ts";
import { problemOf, request, unleaked } from "./ask.ts";

const fail = (): never => assert.fail("ran");

/** A leader in its group, and another that is asked instead. */
async function twoOf(scene: Scene, capabilities: Json): Promise<[Coordinator, Coordinator]> {
  const [leader, other] = [scene.member("fra-1"), scene.member("ams-1")];
  await leader.joinGroupCreate("g", capabilities);
  const ids = ["ams-2", "z"]; // around the leader's, whatever the order
  for (const id of ids) await scene.member(id).joinGroup("g", { url: "https://wrong.example.com" });
  await leader.election("g").campaign();
  scene.sent.length = 0;
  return [leader, other];
}

Deno.test("the leader answers, without any request, and knows its term", async () => {
  const scene = new Scene();
  const [leader] = await twoOf(scene, null);
  const handler = leaderOnly(leader, "g", {}, (_request, { term, signal }) => {
    assert.equal(signal.aborted, false);
    return new Response(`${term}`);
  });
  const term = (await leader.getLeader("g"))?.term;
  scene.sent.length = 0;
  assert.equal(await unleaked(await handler(request())), `${term}`);
  assert.equal(scene.sent.length, 0);
});

Deno.test("others answer 503 with who leads, and for how long; after one request", async () => {
  const scene = new Scene();
  const [, other] = await twoOf(scene, { url: "https://fra-1.example.com" });
  await scene.runtime.advance(3_200);
  const said = await problemOf(await leaderOnly(other, "g", {}, fail)(request()));
  assert.equal(said.status, 503);
  assert.equal(said.code, "not-leader");
  assert.equal(said.leader, "fra-1");
  assert.equal(said.retryAfter, "7");
  assert.equal(scene.sent.length, 1);
  const nobody = await problemOf(await leaderOnly(other, "h", {}, fail)(request()));
  assert.equal(nobody.status, 503);
  assert.equal(nobody.leader, undefined);
  assert.equal(nobody.retryAfter, "1");
});

Deno.test("with campaign it becomes the leader by one request, and stays it", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const handler = leaderOnly(a, "g", { campaign: true }, ({ url }) => new Response(url));
  assert.equal((await handler(request())).status, 200);
  assert.equal(scene.sent.length, 1);
  assert.equal((await handler(request())).status, 200);
  assert.equal(scene.sent.length, 1);
  const lost = await problemOf(await leaderOnly(b, "g", { campaign: true }, fail)(request()));
  assert.deepEqual([lost.status, lost.leader, lost.retryAfter], [503, "a", "10"]);
  assert.equal(scene.sent.length, 2);
});

Deno.test("requests that campaign at once share one campaign, and all run", async () => {
  const scene = new Scene();
  const handler = leaderOnly(scene.member("a"), "g", { campaign: true }, () => new Response("ok"));
  const answers = await Promise.all(Array.from({ length: 20 }, () => handler(request())));
  assert(answers.every(({ status }) => status === 200));
  assert.equal(scene.sent.length, 1);
});

Deno.test("campaigning can ask for membership, and for a ttl", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const handler = leaderOnly(
    a,
    "g",
    { campaign: { requireMembership: true, ttl: 60_000 } },
    () => new Response("ok"),
  );
  assert.equal((await problemOf(await handler(request()))).status, 503);
  await a.joinGroupCreate("g");
  assert.equal((await handler(request())).status, 200);
  assert((await a.getLeader("g"))?.left === 60_000);
});

Deno.test("leadership is renewed while the handler runs, and LeaseLost thrown is 503", async () => {
  const scene = new Scene();
  const [leader] = await twoOf(scene, null);
  const end = Promise.withResolvers<Response>();
  const running = leaderOnly(leader, "g", {}, () => end.promise)(request());
  await scene.runtime.advance(30_000);
  assert.equal((await scene.member("z").getLeader("g"))?.memberId, "fra-1");
  end.resolve(new Response("ok"));
  assert.equal((await running).status, 200);
  assert.equal(leader.election("g").leading, true);
  const before = scene.sent.length;
  await scene.runtime.advance(30_000);
  assert.equal(scene.sent.length, before);
  await leader.election("g").campaign();

  const losing = leaderOnly(leader, "g", {}, (_request, { signal }) => {
    scene.runtime.stop(20_000);
    signal.throwIfAborted();
    return assert.fail("went on");
  });
  const said = await problemOf(await losing(request()));
  assert.deepEqual([said.status, said.code], [503, "lease-lost"]);
});

Deno.test("a handler's own error is the caller's", async () => {
  const scene = new Scene();
  const [leader] = await twoOf(scene, null);
  const handler = leaderOnly(leader, "g", {}, () => Promise.reject(new TypeError("its own")));
  await assert.rejects(handler(request()), /its own/);
});

Deno.test("who asks another is sent to the leader's url, path and query kept, by one request", async () => {
  for (
    const [url, location] of [
      ["https://fra-1.example.com", "https://fra-1.example.com/a%20b?c=d&e"],
      ["http://10.0.0.1:8080/base/", "http://10.0.0.1:8080/base/a%20b?c=d&e"],
      ["https://fra-1.example.com?own=1#hash", "https://fra-1.example.com/a%20b?c=d&e"],
    ] as const
  ) {
    for (const campaign of [false, true]) {
      const scene = new Scene();
      const [, other] = await twoOf(scene, { url, zone: "fra" });
      const handler = leaderOnly(other, "g", { redirect: true, campaign }, fail);
      const answer = await handler(request("/a b?c=d&e", { method: "POST", body: "x" }));
      assert.equal(answer.status, 307);
      assert.equal(answer.headers.get("location"), location);
      assert.equal(answer.headers.get("cache-control"), "no-store");
      assert.equal(scene.sent.length, 1);
    }
  }
});

Deno.test("no path of a request becomes a host", async () => {
  const scene = new Scene();
  const [, other] = await twoOf(scene, { url: "https://fra-1.example.com" });
  for (
    const path of ["//evil.example/x", "/\\evil.example", "/@evil.example", "/..//evil.example"]
  ) {
    const answer = await leaderOnly(other, "g", { redirect: true }, fail)(request(path));
    const location = new URL(answer.headers.get("location") ?? "");
    assert.equal(location.host, "fra-1.example.com", path);
  }
});

Deno.test("it redirects to http and https only, never with credentials, and not in circles", async () => {
  const hostile: Json[] = [
    null,
    "https://fra-1.example.com",
    ["https://fra-1.example.com"],
    {},
    { url: 1 },
    { url: { href: "https://fra-1.example.com" } },
    { url: "" },
    { url: "/relative" },
    { url: "//fra-1.example.com" },
    { url: "javascript:alert(1)" },
    { url: "data:text/html,x" },
    { url: "ftp://fra-1.example.com" },
    { url: "web+https://fra-1.example.com" },
    { url: "https://user:hunter2@fra-1.example.com" },
    { url: "https://user@fra-1.example.com" },
    { url: "https://:hunter2@fra-1.example.com" },
    { url: "https://app.example.com" }, // where it was asked
    { url: "https://" },
  ];
  for (const capabilities of hostile) {
    const scene = new Scene();
    const [, other] = await twoOf(scene, capabilities);
    const redirect = [true, fail] as const;
    for (const each of redirect) {
      const answer = await leaderOnly(other, "g", { redirect: each }, fail)(request("/x"));
      assert.equal(answer.headers.get("location"), null, JSON.stringify(capabilities));
      const said = await problemOf(answer);
      assert.equal(said.status, 503);
      assert.equal(said.leader, "fra-1");
      assert(!JSON.stringify(said).includes("hunter2"));
    }
  }
});

Deno.test("a leader that is no member, or an earlier life of ours, is nowhere to be sent to", async () => {
  const scene = new Scene();
  const [leader] = await twoOf(scene, { url: "https://fra-1.example.com" });
  const again = scene.member("fra-1");
  const circle = await leaderOnly(again, "g", { redirect: true }, fail)(request());
  assert.equal((await problemOf(circle)).status, 503);
  await leader.leaveGroup("g");
  const gone = await leaderOnly(scene.member("b"), "g", { redirect: true }, fail)(request());
  assert.equal((await problemOf(gone)).status, 503);
});

Deno.test("how to send clients on can be the application's", async () => {
  const scene = new Scene();
  const [, other] = await twoOf(scene, { url: "https://fra-1.example.com" });
  const handler = leaderOnly(other, "g", {
    redirect: (url, { method }) => new Response(null, { headers: { replay: `${method} ${url}` } }),
  }, fail);
  const answer = await handler(request("/p?q"));
  assert.equal(answer.headers.get("replay"), "GET https://fra-1.example.com/p?q");
});

Deno.test("without an answer of the backend it is 503, and nothing runs", async () => {
  for (const campaign of [false, true]) {
    const scene = new Scene();
    scene.fates.push(...Array<"lose-reply">(10).fill("lose-reply"));
    const answer = leaderOnly(scene.member("a"), "g", { campaign }, fail)(request());
    await scene.runtime.advance(60_000);
    const said = await problemOf(await answer);
    assert.deepEqual([said.status, said.code, said.retryAfter], [503, "unknown-outcome", "5"]);
  }
});

Deno.test("a campaign that another won makes no later request lose", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  await b.election("g").campaign();
  const handler = leaderOnly(a, "g", { campaign: true }, () => new Response("ok"));
  assert.equal((await handler(request())).status, 503);
  await b.election("g").standDown();
  assert.equal((await handler(request())).status, 200);
});

Deno.test("a leader's url of slashes alone costs no more than another of its length", () => {
  const length = 64_000;
  /** A processor's time for one, for whatever others do meanwhile does not count. */
  const spent = (path: string, times = 1): number => {
    const began = cpuUsage();
    for (let n = 0; n < times; n++) {
      const url = leaderUrl({ url: `https://fra-1.example.com/${path}` }, request("/a"));
      assert.equal(url?.pathname.endsWith("/a"), true);
    }
    const { user, system } = cpuUsage(began);
    return (user + system) / times;
  };
  const plain = spent("x".repeat(length), 100);
  // Trailing slashes go; others, where the pattern could begin again and again, do not end the path.
  for (const hostile of ["/".repeat(length), `${"/".repeat(length)}x`]) {
    // The square of 64,000 would be some ten thousand times as long.
    assert(spent(hostile) < 1_000 * plain, hostile.slice(-1));
  }
  assert.equal(
    leaderUrl({ url: "https://h.example///" }, request("/a"))?.href,
    "https://h.example/a",
  );
  assert.equal(
    leaderUrl({ url: "https://h.example//b//" }, request("/a"))?.href,
    "https://h.example//b/a",
  );
});

Deno.test("HEAD gets headers alone, and a bad group is refused at once", async () => {
  const scene = new Scene();
  const [, other] = await twoOf(scene, { url: "https://fra-1.example.com" });
  const head = request("/", { method: "HEAD" });
  const plain = await leaderOnly(other, "g", {}, fail)(head);
  assert.deepEqual([plain.status, plain.body], [503, null]);
  const sent = await leaderOnly(other, "g", { redirect: true }, fail)(head);
  assert.deepEqual([sent.status, sent.body], [307, null]);
  assert.throws(() => leaderOnly(other, "", {}, fail), InvalidArgument);
});
