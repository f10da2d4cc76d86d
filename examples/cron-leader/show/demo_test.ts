import assert from "node:assert/strict";
import type { LedgerEntry } from "./ledger.ts";
import type { Happening } from "./messages.ts";
import { BadArguments, parseOptions } from "./options.ts";
import { exitStatus, staleRuns, takeovers, tally } from "./tally.ts";

function run(slot: number, at: number, worker = "worker-a", term = 1): LedgerEntry {
  return { slot, worker, token: slot + 1, term, at };
}

const kill: Happening = { at: 900, worker: "worker-a", type: "killed" };

function elected(at: number, worker: string, term: number): Happening {
  return { at, worker, type: "elected", term };
}

Deno.test("a tally counts slots that ran, and its keys come in the promised order", () => {
  const ledger = [run(1_000, 1_003), run(2_000, 2_001), run(3_000, 4_500)];
  const happenings = [elected(0, "worker-a", 1), kill, elected(2_300, "worker-b", 2)];
  assert.equal(
    JSON.stringify(tally(4, ledger, happenings)),
    '{"slots":4,"ran":3,"duplicates":0,"takeovers":1,"longest_gap_ms":2499}',
  );
});

Deno.test("a tally of nothing is zeros", () => {
  const zeros = { slots: 5, ran: 0, duplicates: 0, takeovers: 0, longest_gap_ms: 0 };
  assert.deepEqual(tally(5, [], []), zeros);
});

Deno.test("a slot that ran twice is one duplicate, however often, and gives exit status 1", () => {
  const clean = tally(2, [run(1_000, 1_000), run(2_000, 2_000)], []);
  assert.equal(exitStatus(clean), 0);
  const twice = tally(2, [run(1_000, 1_000), run(1_000, 1_001, "worker-b"), run(1_000, 9)], []);
  assert.equal(twice.ran, 1);
  assert.equal(twice.duplicates, 1);
  assert.equal(exitStatus(twice), 1);
});

Deno.test("the longest gap is between consecutive runs by time, in whatever order they were written", () => {
  assert.equal(tally(3, [run(3, 500), run(1, 100), run(2, 350)], []).longest_gap_ms, 250);
});

Deno.test("a takeover lasts from the first blow to the next leader's election", () => {
  const found = takeovers([
    elected(0, "worker-a", 1),
    { at: 50, worker: "worker-b", type: "killed" }, // not the leader: no blow
    { at: 100, worker: "worker-a", type: "paused" },
    { at: 900, worker: "worker-a", type: "leadership-lost", term: 1 },
    elected(1_600, "worker-c", 2),
    elected(3_000, "worker-d", 3), // nobody saw worker-c go
  ]);
  assert.deepEqual(found, [
    { from: "worker-a", to: "worker-c", term: 2, at: 1_600, cause: "paused", took: 1_500 },
    { from: "worker-c", to: "worker-d", term: 3, at: 3_000, cause: "unknown", took: undefined },
  ]);
});

Deno.test("winning again after a loss is no takeover, and its blow is forgotten", () => {
  const lost: Happening = { at: 10, worker: "worker-a", type: "leadership-lost", term: 1 };
  const again = [elected(0, "worker-a", 1), lost, elected(20, "worker-a", 2)];
  assert.deepEqual(takeovers(again), []);
  const [takeover] = takeovers([...again, kill, elected(1_000, "worker-b", 3)]);
  assert.equal(takeover?.took, 100);
});

Deno.test("a stale run is one of an earlier term, after a later term's in the ledger", () => {
  const stale = run(3, 3, "worker-a", 1);
  assert.deepEqual(staleRuns([run(1, 1, "worker-a", 1), run(2, 2, "worker-b", 2), stale]), [stale]);
});

Deno.test("arguments have defaults, and bad ones are refused by name", () => {
  const defaults = { seconds: 20, json: false, backend: "sqlite", help: false };
  assert.deepEqual(parseOptions([]), defaults);
  for (
    const args of [["--seconds", "4"], ["--seconds", "1e2"], ["--backend", "etcd"], ["--fast"]]
  ) {
    assert.throws(
      () => parseOptions(args),
      (error: Error) => error instanceof BadArguments && error.message.includes(args[0] ?? ""),
    );
  }
});

async function demo(args: readonly string[], temporary: string): Promise<Deno.CommandOutput> {
  return await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("../main.ts", import.meta.url).href, ...args],
    env: { TMPDIR: temporary },
  }).output();
}

Deno.test("the demo: kills and a freeze, no slot runs twice, and nothing is left behind", async () => {
  const temporary = await Deno.makeTempDir();
  try {
    const { code, stdout, stderr } = await demo(["--seconds", "8", "--json"], temporary);
    const [out = "", log = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert.equal(code, 0, log);
    assert.match(out, /^\{[^\n]*\}\n$/, "exactly one line");
    const result = JSON.parse(out) as Record<string, number>;
    const keys = ["slots", "ran", "duplicates", "takeovers", "longest_gap_ms"];
    assert.deepEqual(Object.keys(result), keys);
    assert.equal(result["slots"], 8);
    assert.equal(result["duplicates"], 0, log);
    assert.ok((result["takeovers"] ?? 0) >= 2, log);
    assert.ok((result["ran"] ?? 0) >= 1, log);
    assert.match(log, /knows that it lost term/);

    assert.deepEqual([...Deno.readDirSync(temporary)], [], "the temporary folder is removed");
    // Every worker has the folder's name among its arguments.
    const processes = await new Deno.Command("ps", { args: ["-A", "-o", "args="] }).output();
    const left = new TextDecoder().decode(processes.stdout).split("\n")
      .filter((line) => line.includes(temporary));
    assert.deepEqual(left, [], "no process is left");
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
});

Deno.test("bad arguments give a message and exit status 2, and start nothing", async () => {
  const temporary = await Deno.makeTempDir();
  try {
    const { code, stdout, stderr } = await demo(["--seconds", "0"], temporary);
    assert.equal(code, 2);
    assert.equal(stdout.length, 0);
    assert.match(new TextDecoder().decode(stderr), /--seconds must be/);
    assert.deepEqual([...Deno.readDirSync(temporary)], []);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
});
