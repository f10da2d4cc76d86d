/**
 * A URL is a secret: neither `getCoordinator`, nor the drivers, nor the schema's command repeats one,
 * and none sends its credentials in the clear to another machine.
 *
 * @module
 */

import assert from "node:assert/strict";
import { SCHEMES as KNOWN } from "../../drivers/schemes.ts";
import { InvalidArgument, systemRuntime } from "../../mod.ts";
import { getCoordinator, type UrlOptions } from "../../url.ts";
import { startBadServer } from "./bad_server.ts";
import { ECHOES } from "./fault_rows.ts";
import { leaksIn, SECRETS } from "./secrets.ts";
import { assertNoSecret, outcomeOf, printed } from "./sinks.ts";
import { SUSPECTS } from "./suspects.ts";
import { whileFetchIs } from "../tools/fake_fetch.ts";

const { token, user, password } = SECRETS;
const account = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;

/** Without pauses between one try and the next. */
const runtime = { ...systemRuntime(), random: () => 0 };

/**
 * A coordinator that has tried to reach its backend; but one that would make a file, or a connection to
 * wherever such a name leads. (`tests/url/own_servers_test.ts` has the errors of connections.)
 */
async function started(url: string, options: UrlOptions): Promise<void> {
  const baton = await getCoordinator(url, "me", { runtime, ...options });
  if (!/^(file|ipc|rediss?|postgres(ql)?|mysql):/.test(url)) await baton.start();
}

/** Every way to give a driver a URL, or a piece of one, by itself. */
function directly(url: string): (() => unknown)[] {
  return [() => started(url, { token }), ...SUSPECTS.flatMap((each) => each.pasted(url))];
}

/** Schemes that drivers tell apart. */
const DIRECT: ReadonlySet<string> = new Set(["https", "upstash", "postgresql", "mysql", ""]);

const SCHEMES = [...Object.keys(KNOWN), "https", "", "javascript", "__proto__"];

/** What people paste, and what somebody might make of it. */
const RESTS: readonly string[] = [
  ...[`//${account}@h:port/db`, `//${account}@/db`, `//${account}`, `//${account}@h example/db`],
  ...[`//${account}@[::zz]/db`, `//${account}@h/db?${token}`, `//${account}@h/db#${token}`],
  ...[`//:${token}@h\nx`, `//:${token}@h/${token}`, `//:${token}?x@h`, `//${user}:${password}@h`],
  ...[`//:%zz${token}@h`, `//${token}:%E0%A4%A@h/db`, token, `${account}@h`, `///${account}@h/db`],
  ...[
    `//${account}@h\\@evil.example/db`,
    `//${account}@h%2Fevil.example/db`,
    `//${account}@h%00/db`,
  ],
  ...[`//${account}@h/db?timeout=${token}`, `//${account}@h?namespace=${encodeURIComponent(user)}`],
  ...[`//${account}@10.0.0.1/db`, `//${account}@localhost.example.com/db`, `//${account}@0.0.0.0`],
];

Deno.test("no error of getCoordinator or of a driver repeats any part of a URL or token", async () => {
  let refused = 0;
  await whileFetchIs(() => Promise.reject(new TypeError("fetch failed")), async () => {
    const caught = await printed(async () => {
      for (const scheme of SCHEMES) {
        for (const rest of RESTS) {
          // It would make a file of this name.
          if (scheme === "deno-kv" && rest === token) continue;
          const url = `${scheme}:${rest}`;
          const made = [() => started(url, {}), ...(DIRECT.has(scheme) ? directly(url) : [])];
          for (const make of made) {
            const outcome = await outcomeOf(make);
            if (outcome instanceof InvalidArgument) refused++;
            // Of what works, others look inside: here it is the errors.
            if (outcome instanceof Error) {
              assertNoSecret(outcome, `${scheme}:${RESTS.indexOf(rest)}`);
            }
          }
        }
      }
    });
    assert.deepEqual(leaksIn(caught), []);
  });
  assert(refused > SCHEMES.length * RESTS.length, `${refused}`);
});

Deno.test("credentials go unencrypted to this machine alone, and to no host that a URL hides", async () => {
  const hosts = [
    ...[
      "example.com",
      "10.0.0.1",
      "192.168.0.1",
      "169.254.169.254",
      "0.0.0.0",
      "[::]",
      "[fe80::1]",
    ],
    ...["127.0.0.1.example.com", "localhost.example.com", "localhost@example.com", "2130706434"],
    ...[
      "127.0.0.1%2eexample.com",
      "example.com%00.localhost",
      "example.com#localhost",
      "127.1@x.y",
    ],
    ...[
      "localhost\\.example.com",
      "localhost%2f.example.com",
      "example.com?localhost",
      "[::ffff:1]",
    ],
  ];
  const sent: string[] = [];
  const ops = [{ op: "inspect", resource: "x" } as const];
  // Where a client of the user's sends to is the user's decision.
  const ours = SUSPECTS.filter(({ usersClient }) => !usersClient);
  await whileFetchIs((input) => {
    sent.push(new URL(String(input instanceof Request ? input.url : input)).origin);
    return Promise.resolve(new Response("{}", { status: 401 }));
  }, async () => {
    for (const host of hosts) {
      const attempts = ours.flatMap(({ driver, url }): (() => unknown)[] => [
        () => driver(host).apply(ops),
        async () => await (url && (await getCoordinator(url(host))).start()),
      ]);
      for (const attempt of attempts) await outcomeOf(attempt);
    }
    const clear = sent.filter((origin) => !origin.startsWith("https:"));
    const local = /^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;
    assert.deepEqual(clear.filter((origin) => !local.test(origin)), []);
    // The check that has let none through does let this machine's through.
    for (const { name, driver } of ours) {
      await outcomeOf(() => driver("localhost:8079").apply(ops));
      assert.match(sent.at(-1) ?? "", local, name);
    }
  });
});

Deno.test("the schema's command prints no secret, be DATABASE_URL wrong, or its server hostile", async () => {
  const server = await startBadServer();
  const echo = ECHOES.find(({ name }) => name === "400 with MySQL's words of all that was sent");
  assert(echo);
  server.behave(echo.behave);
  const runs: [args: string[], url: string][] = [
    [["postgres", "--apply"], `postgresql://${account}@nowhere.invalid/db`],
    [["postgres", "--apply", "--fences"], `postgresql://${account}@h:port/db`],
    [["mysql", "--apply"], `http://${account}@${server.host}`],
    [["mysql", "--apply", "--fences"], `mysql://${account}@h example/db`],
    [["postgres", `--${token}`], `postgresql://${account}@h/db`],
  ];
  const heard: string[] = [];
  try {
    await Promise.all(runs.map(async ([args, url]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", "cli/schema.ts", ...args],
        cwd: new URL("../../", import.meta.url).pathname,
        env: { DATABASE_URL: url, NO_COLOR: "1" },
      }).output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.notEqual(code, 0, said);
      // What was typed on the command line is repeated to who typed it.
      const leaks = args.some((arg) => arg.includes(token)) ? [] : leaksIn(said);
      assert.deepEqual(leaks, [], said);
      for (const each of [user, password]) assert(!said.includes(each), said);
      heard.push(said);
    }));
    assert(server.received.length > 0, `the hostile server was not asked:\n${heard.join("\n")}`);
  } finally {
    await server.stop();
  }
});
