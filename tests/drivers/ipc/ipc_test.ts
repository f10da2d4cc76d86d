/**
 * Where the leases of a name are, who may see them, and what happens when they are removed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { chown, existsSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import process from "node:process";
import { promisify } from "node:util";
import { ipc, type IpcOptions } from "../../../drivers/sqlite/ipc.ts";
import { codeOf, ConnectionError } from "../../../errors.ts";
import { getCoordinator } from "../../../url.ts";
import { granted, refused, step } from "../../conformance/expect.ts";
import { acquire, inspect, release, renew } from "../../conformance/operations.ts";
import { inFolder, removeFolder, temporaryFolder } from "../../servers/folders.ts";

/** The folder that nobody names: the one that holds what this test has made there. */
async function withName(test: (name: string, files: () => string[]) => Promise<void>) {
  const name = crypto.randomUUID();
  const { uid } = userInfo();
  const files = () =>
    ["/dev/shm", "/tmp"].map((each) => `${each}/baton-${uid}/${name}.db`).filter(existsSync);
  try {
    await test(name, files);
  } finally {
    for (const file of files()) {
      for (const end of ["", "-wal", "-shm"]) await Deno.remove(file + end).catch(() => {});
    }
  }
}

Deno.test("ipc: processes of a user meet by a name, whatever their environment", async () => {
  await withName(async (name, files) => {
    using driver = ipc(name);
    const lease = await granted(driver, acquire("lock:a", { value: "mine" }));
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const program = `
      import { ipc } from "${import.meta.resolve("../../../drivers/sqlite/ipc.ts")}";
      const [{ leases }] = await ipc("${name}").apply([{ op: "inspect", resource: "lock:a" }]);
      console.log(leases[0]?.token);`;
    const run = await inProgram(program, config);
    assert.equal(run, `${lease.token}`);
    const [file, ...more] = files();
    assert.ok(file && more.length === 0, `${files()}`);
    assert.equal(statSync(file.replace(/\/[^/]*$/, "")).mode & 0o777, 0o700);
  });
});

/** What a program says, as a cron job would run it: with next to no environment. */
async function inProgram(program: string, config: string): Promise<string> {
  const folder = await temporaryFolder("baton-ipc-");
  try {
    await Deno.writeTextFile(`${folder}/program.ts`, program);
    const args = ["run", "-A", "--no-check", "--config", config, `${folder}/program.ts`];
    const env: Record<string, string> = { HOME: Deno.env.get("HOME") ?? "/" };
    const cache = Deno.env.get("DENO_DIR");
    if (cache !== undefined) env["DENO_DIR"] = cache;
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args,
      env: { ...env, XDG_RUNTIME_DIR: folder, TMPDIR: folder },
      clearEnv: true,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trim();
  } finally {
    await removeFolder(folder);
  }
}

Deno.test("ipc: each name has leases of its own, and a file in the folder", async () => {
  await inFolder("baton-ipc-", async (folder) => {
    const names = [
      "a",
      "A",
      "_41",
      "a/b",
      "../a",
      "..",
      "ä",
      "a b",
      "a\\b",
      "\x010",
      "\x10",
      "x".repeat(64),
      "Ä".repeat(32),
    ];
    for (const name of names) {
      using driver = ipc(name, { folder: `${folder}/own` });
      using again = ipc(name, { folder: `${folder}/own` });
      const mine = acquire("lock:x");
      const lease = await granted(driver, mine);
      await refused(again, acquire("lock:x"), [lease]);
    }
    const files = [...Deno.readDirSync(`${folder}/own`)].map(({ name }) => name);
    assert.equal(files.filter((file) => /^[a-z0-9_-]+\.db$/.test(file)).length, names.length);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["own"]);
  });
});

/** It is refused with that reason, and nothing is written. */
async function isRefused(folder: string, reason: RegExp): Promise<void> {
  using driver = ipc("a", { folder });
  for (let turn = 0; turn < 2; turn++) {
    await assert.rejects(driver.apply([acquire("lock:a")]), (error: Error) => {
      assert.ok(error instanceof ConnectionError && !error.retryable, `${error}`);
      assert.match(error.message, reason);
      assert.match(error.message, /wrote nothing/);
      return true;
    });
  }
}

Deno.test("ipc: a folder that is somebody else's, or open to others, is refused", async () => {
  await inFolder("baton-ipc-", async (folder) => {
    for (const mode of [0o755, 0o701, 0o777, 0o710]) {
      const open = `${folder}/open${mode}`;
      await Deno.mkdir(open);
      await Deno.chmod(open, mode);
      await isRefused(open, /is open to others/);
      assert.deepEqual([...Deno.readDirSync(open)], []);
    }
    // Root's, unless we are root; then we can give one away.
    let foreign = "/usr";
    if (userInfo().uid === 0) {
      foreign = `${folder}/foreign`;
      await Deno.mkdir(foreign, { mode: 0o700 });
      await promisify(chown)(foreign, 65_534, 65_534);
    }
    await isRefused(foreign, /belongs to another user/);
    await Deno.mkdir(`${folder}/mine`, { mode: 0o700 });
    await Deno.symlink(`${folder}/mine`, `${folder}/link`);
    await isRefused(`${folder}/link`, /not a folder/);
    await Deno.writeTextFile(`${folder}/file`, "");
    await isRefused(`${folder}/file`, /not a folder/);
    // Why it could not be made, not that it is missing then.
    await isRefused(`${folder}/missing/folder`, /(ENOENT|No such file)[^]*mkdir/i);
    assert.deepEqual([...Deno.readDirSync(`${folder}/mine`)], []);
  });
});

Deno.test("ipc: what cannot be right is refused before anything is made", () => {
  const wrong: readonly (readonly [string, IpcOptions, RegExp])[] = [
    ["", {}, /name/],
    ["x".repeat(65), {}, /name/],
    ["a\0b", {}, /name/],
    [undefined as unknown as string, {}, /name/],
    ["a", { folder: "here" }, /absolute/],
    ["a", { busyTimeout: -1 }, /busyTimeout/],
    ["a", { path: "/tmp/a" } as IpcOptions, /"path"/],
  ];
  for (const [name, options, words] of wrong) {
    assert.throws(() => ipc(name, options), (error: Error) => {
      assert.equal(codeOf(error), "invalid-argument", `${error}`);
      assert.match(error.message, words);
      return true;
    });
  }
});

Deno.test("ipc: when the folder is removed, as at a log-out, its holders are told, and tokens grow", async () => {
  await inFolder("baton-ipc-", async (parent) => {
    const folder = `${parent}/own`;
    using one = ipc("a", { folder });
    using two = ipc("a", { folder });
    const mine = acquire("lock:a");
    const lease = await granted(one, mine);
    assert.equal((await step(two, acquire("lock:a"))).ok, false);
    await removeFolder(folder);
    for (const driver of [one, two]) {
      await assert.rejects(driver.apply([renew(mine)]), { code: "connection", retryable: true });
    }
    const next = await granted(two, acquire("lock:a"));
    assert.ok(next.token > lease.token);
    await refused(one, renew(mine), []);
    await refused(one, release(mine), [next]);
    assert.equal((await step(one, inspect("lock:a"))).leases.length, 1);
  });
});

Deno.test("ipc: URLs, Tooz's among them", async () => {
  await withName(async (name) => {
    await using first = await getCoordinator(`ipc:${name}`, "first");
    await using lease = await first.getLock("x").hold();
    for (const url of [`ipc://${name}`, `IPC:${name}/?lock_timeout=20`, `ipc:%${hexOf(name)}`]) {
      await using baton = await getCoordinator(url, "other");
      const [holder] = await baton.getLock("x").holders();
      assert.equal(holder?.token, lease.token, url);
    }
  });
  for (const url of ["ipc:", "ipc://", "ipc://?timeout=10"]) {
    await using _ = await getCoordinator(url, "a");
  }
  for (
    const url of [
      "ipc:a/b",
      "ipc:///run/a",
      "ipc:a#b",
      "ipc://:token@a",
      "ipc:%",
      "ipc:a?folder=/tmp",
    ]
  ) {
    await assert.rejects(getCoordinator(url, "a"), { code: "invalid-argument" }, url);
  }
});

/** The first letter of a text as a URL may have it, and the rest. */
function hexOf(text: string): string {
  return text.charCodeAt(0).toString(16) + text.slice(1);
}

/** The path of a name's file, on a host with these modules; nothing is made there. */
async function pathOn(host: { uid: number; shm: boolean; folder: string }): Promise<string> {
  const { getBuiltinModule } = process;
  const modules: Record<string, object> = {
    "node:os": { userInfo: () => ({ uid: host.uid }), tmpdir: () => host.folder },
    "node:fs": {
      existsSync: (path: string) => host.shm && path === "/dev/shm",
      mkdirSync: () => {},
      // The 7th user's; on Windows nobody can tell whose, and for whom.
      lstatSync: () => ({ isDirectory: () => true, uid: 7, mode: host.uid < 0 ? 0o777 : 0o700 }),
    },
  };
  process.getBuiltinModule = ((name: string) => ({
    ...getBuiltinModule.call(process, name),
    ...modules[name],
  })) as typeof getBuiltinModule;
  try {
    const paths: string[] = [];
    const driver = ipc("A-1", {
      open(path) {
        paths.push(path);
        throw new Error("far enough");
      },
    });
    await assert.rejects(driver.apply([inspect("lock:a")]), (error: Error) => {
      if (!/far enough/.test(error.message)) throw error;
      return true;
    });
    return paths[0] ?? "";
  } finally {
    process.getBuiltinModule = getBuiltinModule;
  }
}

Deno.test("ipc: the folder is in the host's memory, else in /tmp, and on Windows the user's own", async () => {
  const host = { uid: 7, shm: true, folder: "/home/me/temp" };
  assert.equal(await pathOn(host), "/dev/shm/baton-7/_41-1.db");
  assert.equal(await pathOn({ ...host, shm: false }), "/tmp/baton-7/_41-1.db");
  await assert.rejects(pathOn({ ...host, uid: 0 }), /\/dev\/shm\/baton-0 belongs to another user/);
  assert.equal(await pathOn({ ...host, uid: -1 }), "/home/me/temp/baton/_41-1.db");
});
