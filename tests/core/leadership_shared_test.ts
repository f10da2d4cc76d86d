/** Two users of one leadership within one coordinator: one work a term, given back by the last. */

import assert from "node:assert/strict";
import { leaderOnly } from "../../http/mod.ts";
import { settled } from "./fake_runtime.ts";
import { Scene } from "./scene.ts";

Deno.test("lead() twice in one process, as after a hot reload: one work at a time, each in a term of its own", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  const terms: number[] = [];
  let atOnce = 0;
  const work = (ms: number) => async ({ term }: { term: number }) => {
    terms.push(term);
    assert.equal(++atOnce, 1, "two works at once");
    await new Promise<void>((go) => scene.runtime.after(ms, go));
    atOnce--;
    return term;
  };
  const first = a.lead("g", work(20_000));
  await scene.runtime.advance(200);
  const second = a.lead("g", work(20_000));
  await scene.runtime.advance(15_000);
  assert.equal(await b.election("g").campaign(), null);
  await scene.runtime.advance(30_000);
  assert.deepEqual([await first, await second], terms);
  assert(terms.length === 2 && terms[0]! < terms[1]!);
});

Deno.test("a lead() that waits for its turn ends at once when its signal aborts, and the next keeps waiting", async () => {
  const scene = new Scene();
  const a = scene.member("a");
  const stop = new AbortController();
  let began = 0;
  const first = a.lead("g", async () => {
    began++;
    await new Promise<void>((go) => scene.runtime.after(5_000, go));
    return 1;
  });
  await settled();
  const second = a.lead("g", () => assert.fail("it was told to stop"), { signal: stop.signal });
  const third = a.lead("g", () => ++began + 1);
  stop.abort();
  assert.equal(await second, undefined);
  await scene.runtime.advance(1_000);
  assert.equal(began, 1, "the third did not wait for the first");
  await scene.runtime.advance(10_000);
  assert.deepEqual([await first, await third], [1, 3]);
});

Deno.test("lead() ends while a request works under the same leadership: nobody else leads before its response", async () => {
  const scene = new Scene();
  const [a, b] = [scene.member("a"), scene.member("b")];
  let respond = (): void => {};
  let aborted: boolean | undefined;
  const handler = leaderOnly(a, "g", { campaign: true }, async (_request, { signal }) => {
    await new Promise<void>((go) => respond = go);
    aborted = signal.aborted;
    return new Response("done");
  });
  const leading = a.lead("g", () => new Promise<void>((go) => scene.runtime.after(1_000, go)));
  await settled();
  const response = handler(new Request("http://localhost/"));
  await scene.runtime.advance(25_000);
  assert.equal(await b.election("g").campaign(), null, "b leads beside a's request");
  respond();
  assert.equal((await response).status, 200);
  assert.equal(aborted, false);
  await leading;
  assert(await b.election("g").campaign(), "it was not given back at the end");
});
