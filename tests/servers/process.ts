/**
 * What every server under test needs: a child process that is known to be ready and cannot outlive the
 * tests, and its program installed when it is missing.
 */
import { type ChildProcess, type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { accessSync, closeSync, constants, openSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { isFrozen } from "./frozen.ts";

/** What has not happened within so many ms never will, however busy the machine is. */
const NEVER = 120_000;

/** Between two looks passes a twentieth of the time that was waited already, from 5 ms up to 50. */
const LOOKS = { share: 20, least: 5, most: 50 };

/** Asks until the answer is true. A throw ends the wait at once; so does its length, in the end. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const start = performance.now();
  while (!await condition()) {
    const waited = performance.now() - start;
    if (waited > NEVER) throw new Error(`not within ${NEVER} ms: ${what}`);
    await sleep(Math.min(LOOKS.most, Math.max(LOOKS.least, waited / LOOKS.share)));
  }
}

export interface ProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Working folder. It is removed if this process dies without stopping the child. */
  readonly folder: string;
  /** File name inside the folder that receives standard output and standard error. */
  readonly log: string;
  readonly ready: (pid: number) => boolean | Promise<boolean>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Some servers refuse to run as root. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

export interface RunningProcess {
  readonly pid: number;
  readonly running: boolean;
  /** Sends a signal to a process that still runs; does nothing to one that has ended. */
  signal(signal: NodeJS.Signals): void;
  /** Asks it to end and waits until it has, by force after ten seconds. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL and waits. */
  kill(): Promise<void>;
}

/** What tests do to a real server. */
export interface Server {
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
  /**
   * Ends the server as a crash would, all of its processes; the folder stays. `dice`, from 0 up to 1,
   * chooses among the ways there are.
   */
  kill(dice?: number): Promise<void>;
  /** Starts it again on the same ports and folder, after ending it if it still runs. */
  restart(): Promise<void>;
  /** Freezes the server: connections stay, nothing is answered. */
  pause(): void;
  resume(): void;
}

/** A server of one process, which changes with a restart. */
export interface Controlled {
  /** The process of now. */
  current(): RunningProcess;
  readonly controls: Pick<Server, "kill" | "restart" | "pause" | "resume">;
}

/**
 * The controls of a server that is one process.
 *
 * @param first The process that runs already.
 * @param launch Starts another one in its place.
 * @param end How the one before is ended.
 */
export function controlled(
  first: RunningProcess,
  launch: () => Promise<RunningProcess>,
  end: "stop" | "kill" = "stop",
): Controlled {
  let current = first;
  const controls = {
    kill: () => current.kill(),
    async restart() {
      await current[end]();
      current = await launch();
    },
    pause() {
      current.signal("SIGSTOP");
      while (!isFrozen(current.pid));
    },
    resume: () => current.signal("SIGCONT"),
  };
  return { current: () => current, controls };
}

const living = new Set<number>();
let watchingExit = false;

function killWithThisProcess(pid: number): void {
  living.add(pid);
  if (watchingExit) return;
  watchingExit = true;
  process.on("exit", () => {
    for (const each of living) {
      try {
        process.kill(each, "SIGKILL");
      } catch {
        // It ended by itself in the meantime.
      }
    }
  });
}

/**
 * No exit handler runs when the parent is killed by SIGKILL (or by the test runner), so a shell holds
 * a pipe from the parent: when the pipe closes, however the parent went, it removes what is left. A
 * line in the pipe means that there is nothing to do.
 */
function guard(pid: number, folder: string): ChildProcessByStdio<Writable, null, null> {
  const script = `trap "" INT HUP; read -r _ && exit; kill -9 "$1"; rm -rf "$2"`;
  return spawn("/bin/sh", ["-c", script, "guard", String(pid), folder], {
    stdio: ["pipe", "ignore", "ignore"],
    // Or whoever kills our whole process group kills the guard with it.
    detached: true,
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once("exit", () => resolve()));
}

/** Starts a program and waits until it is ready; if it is not, the error carries the end of its log. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { program, folder } = options;
  const log = join(folder, options.log);
  const output = openSync(log, "a");
  const child = spawn(program, [...options.args], {
    cwd: folder,
    stdio: ["ignore", output, output],
    env: { ...process.env, ...options.environment },
    ...options.user,
  });
  closeSync(output);
  const spawned = new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  let running = true;
  const exited = ended(child).then(() => {
    running = false;
  });
  await spawned;
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${program} has no process id`);
  killWithThisProcess(pid);
  const watcher = guard(pid, folder);
  const unwatched = ended(watcher);
  // If somebody has ended it, there is nobody to tell.
  watcher.stdin.on("error", () => {});
  const gone = exited.then(async () => {
    living.delete(pid);
    watcher.stdin.end("done\n");
    await unwatched;
  });

  const signal = (name: NodeJS.Signals) => {
    if (!running) return;
    try {
      process.kill(pid, name);
    } catch (error) {
      // It has ended, and we are about to hear of it.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
  const kill = async () => {
    signal("SIGKILL");
    await gone;
  };
  const stop = async () => {
    signal("SIGTERM");
    // A paused process would never see the request to end.
    signal("SIGCONT");
    const force = setTimeout(() => signal("SIGKILL"), 10_000);
    await gone;
    clearTimeout(force);
  };

  try {
    await until(`${program} is ready`, () => {
      if (!running) throw new Error(`${program} ended before it was ready`);
      return options.ready(pid);
    });
  } catch (cause) {
    await kill();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${reason}\n${tail(log)}`, { cause });
  }
  return {
    pid,
    get running() {
      return running;
    },
    signal,
    stop,
    kill,
  };
}

function tail(file: string): string {
  return readFileSync(file, "utf8").split("\n").slice(-30).join("\n");
}

function find(program: string, folders: readonly string[]): string | undefined {
  const path = process.env["PATH"] ?? "";
  for (const folder of [...path.split(delimiter), ...folders]) {
    const candidate = join(folder, program);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

function run(program: string, args: readonly string[]): Promise<{ ok: boolean; output: string }> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const maxBuffer = 64 * 1024 * 1024;
  return new Promise((resolve) => {
    execFile(program, [...args], { env, maxBuffer }, (error, stdout, stderr) => {
      resolve({ ok: error === null, output: `${stdout}${stderr}` });
    });
  });
}

/**
 * The path of a program, installed from the given Debian package when it is missing and we may.
 * A service the package starts by itself (only where systemd runs) listens on its own port and is
 * left alone.
 */
export async function requireProgram(
  program: string,
  debianPackage: string,
  folders: readonly string[] = ["/usr/sbin", "/usr/local/bin"],
): Promise<string> {
  const found = find(program, folders);
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || find("apt-get", folders) === undefined) {
    throw new Error(`${program} is missing: install it (Debian package ${debianPackage})`);
  }
  // Two test processes may get here at once, and only one may hold the package manager's lock.
  const wait = ["-o", "DPkg::Lock::Timeout=120"];
  let output = "";
  for (let attempt = 0; attempt < 120; attempt++) {
    const update = await run("apt-get", [...wait, "update"]);
    const install = ["install", "-y", "--no-install-recommends", debianPackage];
    const installed = await run("apt-get", [...wait, ...install]);
    const now = find(program, folders);
    if (installed.ok && now !== undefined) return now;
    output = `${update.output}${installed.output}`;
    if (!/could not get lock|unable to lock/i.test(output)) break;
    await sleep(1_000);
  }
  throw new Error(`${program} could not be installed from ${debianPackage}:\n${output}`);
}
