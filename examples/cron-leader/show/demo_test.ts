import assert from "node:assert/strict";
import type { LedgerEntry } from "./ledger.ts";
import type { Happening } from "./messages.ts";
import { BadArguments, parseOptions } from "./options.ts";
import { boardLines, logLine, logLines } from "./board.ts";
import { type Line, painted, plain, wrapped } from "./paint.ts";
import { fitting } from "./report.ts";
import { Story } from "./story.ts";
import { summary } from "./summary.ts";
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
  assert.deepEqual(parseOptions(["--", "--backend", "ipc"]), { ...defaults, backend: "ipc" });
  for (
    const args of [["--seconds", "4"], ["--seconds", "1e2"], ["--backend", "memory"], ["--fast"]]
  ) {
    assert.throws(
      () => parseOptions(args),
      (error: Error) => error instanceof BadArguments && error.message.includes(args[0] ?? ""),
    );
  }
});

const SCENE = { slots: 20, backend: "a SQLite file", leaderTtl: 1_200 };

/** A demo in which everything happened that the board has words for. */
function told(): { story: Story; ledger: LedgerEntry[]; lines: Line[] } {
  const story = new Story();
  const lines: Line[] = [];
  story.listen((happening) => {
    const line = logLine(happening, story);
    if (line) lines.push(line);
  });
  story.schedule = { first: 1_000, last: 20_000 };
  const starts = ["a", "b", "c", "d"].map((letter, n): Happening => (
    { at: -1, worker: `worker-${letter}`, type: "started", pid: 1_234_567 + n }
  ));
  const term = 1_795_860_355_225;
  const rest: Happening[] = [
    elected(-1, "worker-a", term),
    { at: 12_345, worker: "worker-a", type: "killed" },
    { at: 12_900, worker: "worker-e", type: "started", pid: 1_234_599, replaces: "worker-a" },
    elected(13_456, "worker-b", term + 1),
    { at: 14_000, worker: "worker-b", type: "paused" },
    elected(15_456, "worker-c", term + 2),
    { at: 16_000, worker: "worker-b", type: "resumed" },
    { at: 16_002, worker: "worker-b", type: "leadership-lost", term: term + 1 },
    { at: 17_000, worker: "worker-c", type: "killed" },
    { at: 17_500, worker: "worker-f", type: "started", pid: 1_234_600, replaces: "worker-c" },
    elected(18_500, "worker-d", term + 3),
    { at: 18_600, worker: "worker-d", type: "paused" },
  ];
  for (const each of [...starts, ...rest]) story.add(each);
  const ledger = Array.from({ length: 20 }, (_, n) => ({
    ...run((n + 1) * 1_000, (n + 1) * 1_000 + 3, "worker-d", term + 3),
    token: term + n,
  }));
  return { story, ledger, lines };
}

const widest = (lines: readonly Line[]) =>
  Math.max(...lines.map((line) => [...plain(line)].length));

Deno.test("a line that is wrapped fits, loses no word, and goes on below its beginning", () => {
  const line: Line = ["    ", { text: "worker-a", style: "1" }, ", ran it; nobody else did at all"];
  for (const width of [16, 20, 33, 100]) {
    const lines = wrapped(line, width);
    assert.ok(widest(lines) <= width, `${width}`);
    assert.ok(lines.every((each) => plain(each).startsWith("    ")));
    assert.equal(lines.map((each) => plain(each).trim()).join(" "), plain(line).trim());
  }
  assert.deepEqual(wrapped([], 10), [[]]);
});

Deno.test("60 columns hold the board and its log, in full", () => {
  const { story, ledger, lines } = told();
  const board = boardLines({ scene: SCENE, story, ledger, now: 19_500, width: 60 });
  const log = lines.flatMap((line) => logLines(line, 60));
  assert.ok(widest([...board, ...log]) <= 60, board.map(plain).join("\n"));
  const text = board.map(plain).join("\n");
  for (const word of ["19.5 of 20 s", "at 12.3 s, now worker-e", "lease 1.20 s", "▸ woken"]) {
    assert.ok(text.includes(word), `${word}\n${text}`);
  }
  // Each worker has one row, so that all stay in their places.
  assert.equal(board.filter((line) => /^ {2}[◌○●⏸✗] {2}[a-f] /.test(plain(line))).length, 6);
});

Deno.test("the last report leaves its title on the screen, and its verdict stands in it", () => {
  const { story, ledger } = told();
  const result = tally(20, ledger, story.happenings);
  const parts = summary({ scene: SCENE, story, ledger, result });
  for (
    const [columns, rows, whole] of [[100, 30, true], [60, 24, false], [80, 50, true]] as const
  ) {
    const frame = { scene: SCENE, story, ledger, now: 20_000, width: columns, over: true };
    const lines = fitting([boardLines(frame), ...parts], { columns, rows });
    assert.ok(lines.length <= rows - 2 && widest(lines) <= columns, lines.map(plain).join("\n"));
    const text = lines.map(plain).join("\n");
    assert.match(text, /^ {2}Baton .*20\.0 of 20 s\n[^]* 0 twice; 3 takeovers/);
    assert.equal(text.includes("The same on a server"), whole, text);
  }
});

Deno.test("NO_COLOR takes the colours away, and nothing else", () => {
  const line: Line = ["a ", { text: "b", style: "1;31" }];
  const before = Deno.env.get("NO_COLOR");
  try {
    Deno.env.delete("NO_COLOR");
    assert.equal(painted(line), "a \x1b[1;31mb\x1b[0m");
    Deno.env.set("NO_COLOR", "1");
    assert.equal(painted(line), "a b");
  } finally {
    if (before === undefined) Deno.env.delete("NO_COLOR");
    else Deno.env.set("NO_COLOR", before);
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
