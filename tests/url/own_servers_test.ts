/**
 * `redis:`, `postgresql:` and `mysql:` URLs on servers that crash, freeze, refuse or are others than was
 * thought.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { CoordinationError, Coordinator } from "../../mod.ts";
import { getCoordinator } from "../../url.ts";
import { refuseOnMysql, refuseOnPostgres } from "../servers/refusals.ts";
import { until } from "../servers/process.ts";
import { startRedis } from "../servers/redis.ts";
import { by, failure, replica, SECRET } from "./by_url.ts";
import { aMysql, aPostgres, aRedis, OWN, type Place } from "./places.ts";

/** The URL with another port, and a password that nobody may find in an error. */
function moved(url: string, port: string, parameters: string): string {
  const target = new URL(url);
  [target.port, target.password] = [port, SECRET];
  return `${target.href}${parameters}`;
}

Deno.test("a port where another protocol answers is one clear error, and nothing was written", async () => {
  const places: Record<string, Place> = Object.fromEntries(
    await Promise.all(Object.entries(OWN).map(async ([scheme, start]) => [scheme, await start()])),
  );
  // Where both sides wait for the other's first word, only time can tell.
  const hurry: Record<string, string> = {
    "redis:": "?socket_connect_timeout=0.3",
    "postgresql:": "?connect_timeout=0.3",
    "mysql:": "?connect_timeout=0.3",
  };
  const schemes = Object.keys(OWN);
  const pairs = schemes.flatMap((one) => schemes.map((other) => [one, other] as const))
    .filter(([one, other]) => one !== other);
  try {
    await Promise.all(pairs.map(async ([one, other]) => {
      const { port } = new URL(places[other]!.url);
      const error = await failure(moved(places[one]!.url, port, hurry[one]!));
      assert.equal(error.code, "connection", `${error}`);
      assert.match(
        error.message,
        /was not reached, so nothing was written \(.+\); check that a \w+ server is at this host and port/,
        `${one} at a port of ${other}`,
      );
    }));
  } finally {
    await Promise.all(Object.values(places).map((place) => place.stop()));
  }
});

Deno.test("a wrong password is one clear error, of code unauthorized", async (test) => {
  const redis = await startRedis();
  try {
    await test.step("redis:", async () => {
      await redis.client().call("config", "set", "requirepass", "right");
      for (const account of [`:${SECRET}`, `default:${SECRET}`, `nobody:${SECRET}`]) {
        const error = await failure(redis.url.replace("//", `//${account}@`));
        assert.equal(error.code, "unauthorized", `${error}`);
      }
      // It is given apart from the URL, and takes precedence.
      await by(redis.url, (baton) => baton.start(), { token: "right" });
      await by(redis.url.replace("//", "//:right@"), (baton) => baton.start());
      assert.equal((await failure(redis.url)).code, "unauthorized");
    });
  } finally {
    await redis.stop();
  }
  for (const start of [aPostgres, () => aMysql("mariadb")]) {
    const place = await start();
    try {
      const { protocol, port, password } = new URL(place.url);
      await test.step(protocol, async () => {
        const error = await failure(moved(place.url, port, ""));
        assert.equal(error.code, "unauthorized", `${error}`);
        assert.match(error.message, /nothing was written.*check user, password, database/);
        const token = decodeURIComponent(password);
        await by(moved(place.url, port, ""), (baton) => baton.start(), { token });
      });
    } finally {
      await place.stop();
    }
  }
});

Deno.test("redis: needs no more rights than SECURITY.md gives", async () => {
  const page = await Deno.readTextFile(new URL("../../SECURITY.md", import.meta.url));
  const [, rights = ""] = /^ACL SETUSER (baton on .*)$/m.exec(page) ?? [];
  const place = await aRedis();
  try {
    const words = rights.replace("PASSWORD", SECRET).split(" ");
    await place.server.client().call("acl", "setuser", ...words);
    await by(place.url.replace("//", `//baton:${SECRET}@`), async (baton) => {
      await baton.start();
      await baton.joinGroupCreate("g");
      assert(await baton.getLock("x").acquire({ timeout: 0 }));
      assert.deepEqual([...await baton.getMembers("g")], ["me"]);
    });
  } finally {
    await place.stop();
  }
});

Deno.test("a server that is read-only refuses, may be tried again, and works once it is not", async (test) => {
  const readOnly = async (baton: Coordinator, end: () => Promise<unknown>) => {
    await assert.rejects(
      baton.getLock("x").acquire({ timeout: 0 }),
      (error: CoordinationError) => {
        assert.equal(error.code, "connection", `${error}`);
        assert.equal(error.retryable, true);
        assert.match(error.message, /nothing was written/);
        return true;
      },
    );
    await end();
    assert(await baton.getLock("x").acquire({ timeout: 0 }));
  };
  await test.step("redis:", async () => {
    const [first, second] = [await aRedis(), await aRedis()];
    try {
      const admin = await replica(second.server, first.server);
      await by(second.url, (baton) => readOnly(baton, () => admin.call("replicaof", "no", "one")));
    } finally {
      await second.stop();
      await first.stop();
    }
  });
  await test.step("postgresql:", async () => {
    const place = await aPostgres();
    try {
      const { end } = await refuseOnPostgres(place.server, 0);
      await by(place.url, (baton) => readOnly(baton, end));
    } finally {
      await place.stop();
    }
  });
  await test.step("mysql:", async () => {
    const place = await aMysql("mariadb");
    try {
      const { end } = await refuseOnMysql(place.server);
      await by(place.url, (baton) => readOnly(baton, end));
    } finally {
      await place.stop();
    }
  });
});

for (const [scheme, start] of Object.entries(OWN)) {
  Deno.test(`${scheme} lives through a crash and a freeze, and stop() leaves no connection`, async () => {
    const place = await start();
    const { server } = place;
    try {
      await by(place.url, async (baton) => {
        await baton.start();
        assert(await baton.getLock("before").hold());
        await server.kill();
        await assert.rejects(
          baton.getLock("down").acquire({ timeout: 0 }),
          /was not reached|unknown/,
        );
        await server.restart();
        assert(await baton.getLock("after").hold());

        server.pause();
        // More than there are connections in a pool, so that none may be kept by what has no answer.
        const looks = Array.from({ length: 12 }, (_, i) => baton.getLock(`frozen ${i}`).holders());
        for (const look of await Promise.allSettled(looks)) {
          assert.equal(look.status, "rejected");
          assert.equal(look.reason.code, "timed-out", `${look.reason}`);
        }
        server.resume();
        assert(await baton.getLock("thawed").hold());
      }, { timeout: 300 });
      await until("no connection is left", async () => await connections(place.url, server) === 0);
    } finally {
      server.resume();
      await place.stop();
    }
  });
}

for (const [scheme, start] of Object.entries(OWN)) {
  Deno.test(`${scheme} leaves no connection by giving back what was granted only after stop()`, async () => {
    const place = await start();
    const { server } = place;
    try {
      const baton = await getCoordinator(place.url, "me");
      await baton.start();
      server.pause();
      const pending = baton.getLock("x").acquire({ timeout: 0 });
      const rejected = assert.rejects(pending, /stopped meanwhile/);
      // The request is on its way when it is told to stop.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const stopped = baton.stop();
      server.resume();
      await stopped;
      await rejected;
      await by(place.url, (other) =>
        until("it is given back", async () => {
          return (await other.getLock("x").holders()).length === 0;
        }));
      await until("no connection is left", async () => await connections(place.url, server) === 0);
    } finally {
      server.resume();
      await place.stop();
    }
  });
}

/** How many connections the server has, but for the one that asks. */
async function connections(url: string, server: unknown): Promise<number> {
  if (url.startsWith("redis:")) {
    const client = (server as Awaited<ReturnType<typeof aRedis>>["server"]).client();
    const list = `${await client.call("client", "list", "type", "normal")}`.trim().split("\n");
    await client.quit();
    return list.length - 1;
  }
  const { query } = server as Awaited<ReturnType<typeof aPostgres | typeof aMysql>>["server"];
  const rows = url.startsWith("mysql:")
    ? await query("select id from information_schema.processlist where user = 'baton'")
    : await query("select pid from pg_stat_activity where backend_type = 'client backend'");
  return rows.length - 1;
}

Deno.test("a process that has finished its work ends, although its connections are open", async () => {
  const program = new URL("leaves_open.ts", import.meta.url).pathname;
  for (const start of Object.values(OWN)) {
    const place = await start();
    try {
      const command = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", program, place.url],
      });
      const { code, stdout, stderr } = await command.output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      assert.match(new TextDecoder().decode(stdout), /held/);
    } finally {
      await place.stop();
    }
  }
});

Deno.test("mysql: speaks TLS when it is asked to, and checks the certificate", async () => {
  const place = await aMysql("mysql");
  try {
    // The server has signed its certificate itself.
    const strict = await failure(`${place.url}?ssl=true`);
    assert.equal(strict.code, "connection");
    assert.match(strict.message, /was not reached, so nothing was written \(HANDSHAKE_SSL_ERROR\)/);
    await by(`${place.url}?sslaccept=accept_invalid_certs`, (baton) => baton.start());
    await place.server.query("alter user 'baton'@'127.0.0.1' require ssl");
    const plain = await failure(place.url);
    assert.equal(plain.code, "unauthorized", `${plain}`);
    await by(`${place.url}?ssl_verify_mode=false`, (baton) => baton.start());
  } finally {
    await place.stop();
  }
});

Deno.test("rediss: and sslmode=require send no word unencrypted", async () => {
  for (const [url, first] of [["rediss://:p@", 22], ["redis://:p@", 42]] as const) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const served = (async () => {
      const bytes = new Uint8Array(1);
      const seen = new Set<number>();
      for await (const link of listener) {
        await link.read(bytes);
        link.close();
        seen.add(bytes[0]!);
      }
      return [...seen];
    })();
    const { port } = listener.addr as Deno.NetAddr;
    // 22 is a record of TLS's handshake, and 42 is the "*" that begins a command.
    const error = await failure(`${url}127.0.0.1:${port}${first === 22 ? "" : "?ssl=false"}`);
    assert.equal(error.code, "connection", `${error}`);
    listener.close();
    assert.deepEqual(await served, [first]);
  }
  const place = await aPostgres();
  try {
    const error = await failure(`${place.url}?sslmode=require`);
    assert.match(error.message, /was not reached.*does not support SSL/);
  } finally {
    await place.stop();
  }
});
