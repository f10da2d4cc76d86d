import assert from "node:assert/strict";
import process from "node:process";
import { cronEndpoint, type CronEndpointOptions } from "../../http/mod.ts";
import { InvalidArgument } from "../../mod.ts";
import { CoreCoordinator } from "../../coordination/core.ts";
import { Scene } from "../core/scene.ts";
import { problemOf, request, SECRET, sentBy, trigger, unleaked } from "./ask.ts";

const HOUR = 3_600_000;
const hourly = { secret: SECRET, every: HOUR } as const;
const fail = (): never => assert.fail("ran");

/** The slot that is due in a scene. */
function due(scene: Scene): number {
  return Math.floor(scene.runtime.wallNow / HOUR) * HOUR;
}

async function answerOf(response: Response): Promise<unknown> {
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("cache-control"), "no-store");
  return JSON.parse(await unleaked(response));
}

Deno.test("a slot runs once, whoever is triggered how often; the others say who has it", async () => {
  const scene = new Scene();
  const ran: string[] = [];
  const endpoint = (id: string) =>
    cronEndpoint(scene.member(id), "j", ({ token }) => {
      ran.push(id);
      return `secret result ${token}`;
    }, hourly);
  const [a, b] = [endpoint("a"), endpoint("b")];
  const answers = await Promise.all([a, b, a, b].map((each) => each(trigger())));
  const said = await Promise.all(answers.map(answerOf)) as { outcome: string; holder: string }[];
  const slot = due(scene);
  // Whose hash is computed first is chance.
  const [holder = ""] = ran;
  const [claim] = await scene.backend.apply([{ op: "inspect", resource: "cron:j" }]);
  const token = claim?.leases[0]?.token;
  assert.deepEqual(said.filter(({ outcome }) => outcome === "ran"), [
    { outcome: "ran", slot, holder, token },
  ]);
  assert.deepEqual(
    said.filter(({ outcome }) => outcome !== "ran"),
    Array(3).fill({ outcome: "skipped", slot, holder, reason: "taken", done: false }),
  );
  assert.equal(ran.length, 1);
  assert.equal(scene.sent.length, 4);
  await scene.runtime.advance(HOUR);
  assert.equal((await b(trigger())).status, 200);
  assert.deepEqual(ran, [holder, "b"]);
});

Deno.test("who does not know the secret is turned away, and nothing is claimed", async () => {
  const scene = new Scene();
  const endpoint = cronEndpoint(() => assert.fail("made a coordinator"), "j", fail, hourly);
  const bad = [
    "",
    SECRET,
    "Bearer",
    "Bearer ",
    "Bearer wrong-but-long-enough",
    `Bearer ${SECRET.slice(0, -1)}`,
    `Bearer ${SECRET}x`,
    `Bearer ${SECRET.toUpperCase()}`,
    `Bearer ${SECRET} ${SECRET}`,
    `Bearer ${SECRET}, Bearer ${SECRET}`,
    `Bearer "${SECRET}"`,
    `Basic ${btoa(`:${SECRET}`)}`,
    `Basic Bearer ${SECRET}`,
    `XBearer ${SECRET}`,
    `Bearer ${"x".repeat(100_000)}`,
  ];
  for (const authorization of bad) {
    const answer = await endpoint(trigger("/", authorization));
    assert.equal(answer.headers.get("www-authenticate"), "Bearer");
    assert.equal((await problemOf(answer)).status, 401, authorization.slice(0, 60));
  }
  const headers = new Headers({ authorization: `Bearer ${SECRET}` });
  headers.append("authorization", `Bearer ${SECRET}`);
  assert.equal((await endpoint(request("/", { headers }))).status, 401);
  assert.equal((await endpoint(request("/?secret=" + SECRET))).status, 401);
  assert.equal(scene.sent.length, 0);
});

Deno.test("any of several secrets will do, and the scheme's case does not matter", async () => {
  const scene = new Scene();
  const secret = ["the-old-secret-of-2025", "the-new-secret-of-2026"];
  const endpoint = cronEndpoint(scene.member("a"), "j", () => {}, { ...hourly, secret });
  for (const each of secret) {
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      assert.equal((await endpoint(trigger("/", `${scheme} ${each}`))).status, 200);
    }
  }
  assert.equal((await endpoint(trigger("/", `Bearer ${secret.join(",")}`))).status, 401);
});

Deno.test("a secret that keeps nobody out is refused, and is not repeated", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  const bad: unknown[] = [
    undefined,
    "",
    "short",
    "fifteen-letters",
    [],
    [SECRET, ""],
    [SECRET, undefined],
    `${SECRET}\n`,
    `${SECRET} ${SECRET}`,
    "ü".repeat(20),
  ];
  for (const each of bad) {
    const secret = each as string;
    const refusal = (error: unknown): boolean => {
      assert(error instanceof InvalidArgument);
      assert(!error.message.includes(SECRET));
      return true;
    };
    assert.throws(() => cronEndpoint(baton, "j", fail, { ...hourly, secret }), refusal);
    // Where it comes with the request, nobody is let in by a missing one.
    const late = cronEndpoint(baton, "j", fail, { ...hourly, secret: () => secret });
    await assert.rejects(
      late(trigger("/", `Bearer ${secret}`.replace("\n", ""))).catch((error) => {
        // What no header can carry never gets that far.
        throw error instanceof TypeError ? new InvalidArgument("no header") : error;
      }),
      InvalidArgument,
    );
  }
  assert.throws(() => cronEndpoint(baton, "", fail, hourly), InvalidArgument);
  assert.throws(() => cronEndpoint(baton, "j", fail, { ...hourly, every: 0 }), InvalidArgument);
  assert.equal(scene.sent.length, 0);
});

Deno.test("only GET and POST trigger", async () => {
  const scene = new Scene();
  const endpoint = cronEndpoint(scene.member("a"), "j", fail, hourly);
  for (const method of ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"]) {
    const headers = { authorization: `Bearer ${SECRET}` };
    const answer = await endpoint(request("/", { method, headers }));
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.get("allow"), "GET, POST");
    if (method === "HEAD") assert.equal(answer.body, null);
  }
  assert.equal(scene.sent.length, 0);
  const get = cronEndpoint(scene.member("a"), "j", () => {}, hourly);
  const headers = { authorization: `Bearer ${SECRET}` };
  assert.equal((await get(request("/", { headers }))).status, 200);
});

Deno.test("the slot is what the application says, or Google's header, or ?slot if allowed, or due", async () => {
  const scene = new Scene();
  const now = scene.runtime.wallNow;
  const slotOf = async (
    options: Partial<CronEndpointOptions>,
    path: string,
    scheduled?: number,
  ): Promise<unknown> => {
    const endpoint = cronEndpoint(scene.member("a"), "j", () => {}, { ...hourly, ...options });
    const asked = trigger(path);
    if (scheduled !== undefined) {
      asked.headers.set("x-cloudscheduler-scheduletime", new Date(scheduled).toISOString());
    }
    return (await answerOf(await endpoint(asked)) as { slot: number }).slot;
  };
  const query = `/?slot=${now - 1_000}`;
  const slotInQuery = true;
  assert.equal(await slotOf({ slot: () => now - 1, slotInQuery }, query, now - 2_000), now - 1);
  assert.equal(await slotOf({ slotInQuery }, query, now - 2_000), now - 2_000);
  assert.equal(await slotOf({ slotInQuery }, query), now - 1_000);
  assert.equal(await slotOf({}, query), due(scene));
  assert.equal(await slotOf({ slotInQuery }, "/"), due(scene));
  assert.equal(
    await slotOf({ offset: 60_000 }, "/"),
    due(scene) + 60_000 - (now % HOUR < 60_000 ? HOUR : 0),
  );
  scene.runtime.stop(HOUR - 10_000);
  assert.equal(await slotOf({}, "/"), due(scene));
  assert.equal(await slotOf({ early: 10_000 }, "/"), due(scene) + HOUR);
});

Deno.test("an offset or an early trigger without an interval is refused when the handler is made", () => {
  const baton = new Scene().member("a");
  for (const options of [{ offset: 60_000 }, { early: 1_000 }]) {
    assert.throws(
      () => cronEndpoint(baton, "j", fail, { secret: SECRET, ...options }),
      /offset or early.*`every`/,
    );
  }
});

Deno.test("a slot that is none, or too far from now, is 400 and claims nothing", async () => {
  const scene = new Scene();
  const now = scene.runtime.wallNow;
  const endpoint = cronEndpoint(scene.member("a"), "j", fail, {
    secret: SECRET,
    slotInQuery: true,
  });
  const day = 86_400_000;
  const bad = ["", "now", "NaN", "Infinity", "-1", "1e12", "1.5", "0x10", "0", "99999999999999999"];
  // Digits alone will do: these would be now.
  const odd = [`${now}.0`, `${now / 1e12}e12`, `%2B${now}`, `%20${now}`, `${now}&slot=${now}`];
  for (const slot of [...bad, ...odd, `${now + day + 1}`, `${now - day - 1}`]) {
    const said = await problemOf(await endpoint(trigger(`/?slot=${slot}`)));
    assert.deepEqual([said.status, said.code], [400, "invalid-argument"], slot);
  }
  for (const header of ["", "soon", "2026-01-01T00:00:00", `${now}`, "2999-01-01T00:00:00Z"]) {
    const asked = trigger();
    asked.headers.set("x-cloudscheduler-scheduletime", header);
    assert.equal((await problemOf(await endpoint(asked))).status, 400, header);
  }
  // It says nothing, and nobody said how often it runs.
  assert.equal((await problemOf(await endpoint(trigger()))).status, 400);
  const own = cronEndpoint(scene.member("a"), "j", fail, { secret: SECRET, slot: () => NaN });
  assert.equal((await problemOf(await own(trigger()))).status, 400);
  assert.equal(scene.sent.length, 0);
});

Deno.test("a job that fails is 500 with its error's name; the text goes to on and the history", async () => {
  const scene = new Scene();
  const baton = scene.member("a");
  const boom = new RangeError("boom at customer 7");
  const endpoint = cronEndpoint(baton, "j", () => Promise.reject(boom), {
    ...hourly,
    record: true,
  });
  const said = await problemOf(await endpoint(trigger()));
  assert.deepEqual([said.status, said.code, said.error], [500, "job-failed", "RangeError"]);
  assert(!JSON.stringify(said).includes("boom"));
  const told = scene.events.find(({ type }) => type === "callback-failed");
  assert(told?.type === "callback-failed" && told.error === boom);
  assert.match((await baton.cron("j").history())[0]?.error ?? "", /boom/);
  // The slot stays used: a platform that tries again is told so.
  const again = await answerOf(await endpoint(trigger()));
  assert.equal((again as { outcome: string }).outcome, "skipped");
  await scene.runtime.advance(HOUR);
  const odd = new Error("x");
  odd.name = `leak ${SECRET}`;
  for (const thrown of [odd, "text", { name: "No" }]) {
    await scene.runtime.advance(HOUR);
    const failing = cronEndpoint(baton, "j", () => {
      throw thrown;
    }, hourly);
    assert.equal((await problemOf(await failing(trigger()))).error, "Error");
  }
});

Deno.test("a job that throws what a backend might is 500 still, for it has run", async () => {
  const scene = new Scene();
  const endpoint = cronEndpoint(scene.member("a"), "j", () => {
    throw new InvalidArgument("its own");
  }, hourly);
  const said = await problemOf(await endpoint(trigger()));
  assert.deepEqual([said.status, said.error], [500, "InvalidArgument"]);
  await scene.runtime.advance(HOUR);
  const cut = cronEndpoint(scene.member("a"), "j", () => new Promise(() => {}), {
    ...hourly,
    maxRuntime: 1_000,
  })(trigger());
  await sentBy(scene, 2);
  await scene.runtime.advance(2_000);
  const late = await problemOf(await cut);
  assert.deepEqual([late.status, late.error], [500, "OperationTimedOut"]);
});

Deno.test("a claim without an answer is 503, and the next trigger runs", async () => {
  const scene = new Scene();
  let runs = 0;
  const endpoint = cronEndpoint(scene.member("a"), "j", () => runs++, hourly);
  scene.fates.push("lose-reply", "lose-request", "lose-request", "lose-request");
  const answer = endpoint(trigger());
  await sentBy(scene, 1);
  await scene.runtime.advance(30_000);
  const said = await problemOf(await answer);
  assert.deepEqual([said.status, said.retryAfter], [503, "5"]);
  assert.equal(runs, 0);
  await Promise.all(scene.runtime.background);
  assert.equal((await endpoint(trigger())).status, 200);
  assert.equal(runs, 1);
});

Deno.test("its options are those of cron, and its coordinator and secret may come with the request", async () => {
  const scene = new Scene();
  interface Env {
    readonly CRON_SECRET?: string;
  }
  const { runtime } = scene;
  let runs = 0;
  const endpoint = cronEndpoint(
    (_request: Request, _env: Env) =>
      new CoreCoordinator(scene.wire, { memberId: "core", runtime }),
    "j",
    (run, _request, env) => {
      assert(run.signal instanceof AbortSignal && env.CRON_SECRET === SECRET);
      if (++runs === 1) throw new Error("once");
    },
    {
      every: HOUR,
      mode: "retry",
      ttl: 5_000,
      secret: (_request, env) => env.CRON_SECRET,
    },
  );
  assert.equal((await endpoint(trigger(), { CRON_SECRET: SECRET })).status, 500);
  assert.equal((await endpoint(trigger(), { CRON_SECRET: SECRET })).status, 200);
  assert.equal(runs, 2);
  const sent = scene.sent.length;
  await assert.rejects(endpoint(trigger(), {}), InvalidArgument);
  await assert.rejects(endpoint(trigger("/", "Bearer undefined"), {}), InvalidArgument);
  assert.equal(scene.sent.length, sent);
});

Deno.test("a caller that hangs up stops nothing", async () => {
  const scene = new Scene();
  const gone = new AbortController();
  let ended = false;
  const endpoint = cronEndpoint(scene.member("a"), "j", async ({ signal }) => {
    await new Promise<void>((go) => scene.runtime.after(1_000, go));
    ended = !signal.aborted;
  }, hourly);
  const headers = { authorization: `Bearer ${SECRET}` };
  const answer = endpoint(request("/", { headers, signal: gone.signal }));
  gone.abort();
  await sentBy(scene, 1);
  await scene.runtime.advance(2_000);
  assert.equal((await answer).status, 200);
  assert(ended);
});

Deno.test("who comes late is told whether the slot is done", async () => {
  const scene = new Scene();
  const endpoint = cronEndpoint(scene.member("a"), "j", () => "secret result", {
    ...hourly,
    mode: "retry",
  });
  const slot = due(scene);
  await endpoint(trigger());
  const said = await answerOf(await endpoint(trigger()));
  assert.deepEqual(said, { outcome: "skipped", slot, holder: "a", reason: "taken", done: true });
});

Deno.test("a slot more than an hour ahead is 400 and claims nothing, for its own trigger is still to come", async () => {
  const scene = new Scene();
  const now = scene.runtime.wallNow;
  let runs = 0;
  const endpoint = cronEndpoint(scene.member("a"), "j", () => runs++, {
    secret: SECRET,
    slotInQuery: true,
  });
  for (const ahead of [HOUR + 1, 24 * HOUR]) {
    const said = await problemOf(await endpoint(trigger(`/?slot=${now + ahead}`)));
    assert.deepEqual([said.status, said.code], [400, "invalid-argument"]);
    assert.match(said.detail, /3600000 ahead/);
  }
  assert.deepEqual([scene.sent.length, runs], [0, 0]);
  assert.equal((await endpoint(trigger(`/?slot=${now + HOUR}`))).status, 200);
  assert.equal(runs, 1);
});

Deno.test("options that cannot work are refused when the endpoint is made, wherever its coordinator comes from", () => {
  const scene = new Scene();
  const text = "60000" as unknown as number;
  for (
    const bad of [
      { mode: "twice" as "once" },
      { ttl: 0 },
      { ttl: text },
      { maxRuntime: -1 },
      { minHold: 2 ** 31 },
      { retain: 2 ** 31 },
      { retain: 1_000, ttl: 2_000 },
    ]
  ) {
    for (const baton of [scene.member("a"), () => assert.fail("made a coordinator")]) {
      const make = () => cronEndpoint(baton, "j", fail, { ...hourly, ...bad });
      assert.throws(make, InvalidArgument, JSON.stringify(bad));
    }
  }
  // What only the coordinator can tell: its own ttl, and its clocks' margin.
  const baton = scene.member("a", { clocks: { step: 500 } });
  for (const bad of [{ ttl: 800 }, { retain: 9_000 }]) {
    assert.throws(() => cronEndpoint(baton, "j", fail, { ...hourly, ...bad }), InvalidArgument);
  }
});

Deno.test("options that the request's own coordinator rules out are not the trigger's fault", async () => {
  const scene = new Scene();
  const baton = () => scene.member("a", { clocks: { step: 500 } });
  for (const bad of [{ ttl: 800 }, { retain: 9_000 }, { retain: 1 }]) {
    const endpoint = cronEndpoint(baton, "j", fail, { ...hourly, ...bad });
    await assert.rejects(endpoint(trigger()), InvalidArgument);
  }
  assert.equal(scene.sent.length, 0);
});

Deno.test("settings of ours that cannot work are not the caller's fault", async () => {
  const endpoint = cronEndpoint(
    () => {
      throw new InvalidArgument("Cannot use this URL: it is none");
    },
    "j",
    () => assert.fail("ran"),
    { secret: SECRET, every: 60_000 },
  );
  await assert.rejects(endpoint(trigger()), InvalidArgument);
});

Deno.test("a trigger in a preview without a namespace is reported, by its host or by the variables", async () => {
  const event = { type: "preview-without-namespace", job: "j" };
  const ask = async (
    origin: string,
    options: Partial<CronEndpointOptions> = {},
    namespace?: string,
  ): Promise<unknown[]> => {
    const scene = new Scene();
    const baton = scene.member("a", namespace === undefined ? {} : { namespace });
    const endpoint = cronEndpoint(baton, "j", () => {}, { ...hourly, ...options });
    const headers = { authorization: `Bearer ${SECRET}` };
    assert.equal((await endpoint(new Request(`${origin}/cron`, { headers }))).status, 200);
    return scene.events.filter(({ type }) => type === event.type);
  };
  const previews = [
    "https://shop-git-fix-login-team.vercel.app",
    "https://deploy-preview-42--shop.netlify.app",
    "https://fix--shop.netlify.app",
    "https://shop--fix-login.team.deno.net",
    "https://fix.shop.pages.dev",
  ];
  for (const origin of previews) {
    assert.deepEqual(await ask(origin), [event], origin);
    assert.deepEqual(await ask(origin, {}, "preview-fix"), [], origin);
  }
  const production = [
    ...["https://shop.example.com", "https://shop.vercel.app", "https://digit-git.example.com"],
    ...["https://shop.netlify.app", "https://shop.team.deno.net", "https://shop.pages.dev"],
    ...["http://localhost:3000", "https://shop-git-x.vercel.app.example.com", "http://[::1]"],
  ];
  for (const origin of production) assert.deepEqual(await ask(origin), [], origin);
  const [here = ""] = production;
  for (
    const env of [
      { VERCEL_ENV: "preview" },
      { DENO_TIMELINE: "git-branch/fix" },
      { DENO_TIMELINE: "preview/abc123" },
      { CONTEXT: "deploy-preview" },
      { CONTEXT: "branch-deploy" },
    ]
  ) {
    assert.deepEqual(await ask(here, { env }), [event], JSON.stringify(env));
    assert.deepEqual(await ask(here, { env }, "preview-fix"), [], JSON.stringify(env));
  }
  for (const env of [{ VERCEL_ENV: "production" }, { DENO_TIMELINE: "production" }, process.env]) {
    assert.deepEqual(await ask(here, { env }), []);
  }
});

Deno.test("a stranger's request in a preview reports nothing", async () => {
  const scene = new Scene();
  const endpoint = cronEndpoint(scene.member("a"), "j", fail, {
    ...hourly,
    env: { VERCEL_ENV: "preview" },
  });
  assert.equal((await endpoint(request())).status, 401);
  assert.deepEqual(scene.happened, []);
});
