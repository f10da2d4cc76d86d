/**
 * A client seen from its parent: a process, or workerd and what starts it, in a group of their own, so
 * that all of it is frozen and killed together.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { unfaked } from "../servers/faked_clock.ts";
import type { Entry, Note } from "./history.ts";

/** What a client runs in; `"stepped"` is Node with a wall clock that is not to be trusted. */
export type Runtime = "node" | "deno" | "workerd" | "stepped";

/** How it is started. */
export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  /** Removed if this process dies without stopping the client. */
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Who it is, in this of its lives. */
  readonly who: string;
  /** Told of every note, as it comes. */
  readonly note: (entry: Entry) => void;
}

/** A running one. */
export interface Client {
  readonly running: boolean;
  readonly paused: boolean;
  pause(): void;
  resume(): void;
  /** Kills it, whatever it is doing; resolves when nothing of it is left to be read. */
  kill(): Promise<void>;
  /** Asks it to end; resolves when it has, with what it complained of unless it ended well. */
  stop(): Promise<string>;
}

/** How long it may take to end by itself, in ms. */
const PATIENCE = 10_000;

/** Whatever becomes of us, nothing of it stays behind, not even frozen. */
const GUARD = `trap "" INT HUP; read -r _ && exit; kill -s KILL -- "-$1"; rm -rf "$2"`;

/** Starts one. */
export function startClient(launch: Launch): Client {
  const child = spawn(launch.program, [...launch.args], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    env: { ...unfaked(process.env), ...launch.environment },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${launch.program} could not be started`);
  const guard = spawn("/bin/sh", ["-c", GUARD, "guard", String(pid), launch.folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = `${complaints}${text}`.slice(-2_000);
  });
  // What is written to a child that has just ended is told by its end.
  child.stdin.on("error", () => {});
  read(child, launch);
  let paused = false;
  const unguarded = once(guard, "exit");
  const ended = once(child, "close").then(async () => {
    // The first of the group may be gone before the others.
    signal(pid, "SIGKILL");
    guard.stdin.end("done\n");
    await unguarded;
  });
  const running = () => child.exitCode === null && child.signalCode === null;
  const send = (name: NodeJS.Signals) => {
    if (running()) signal(pid, name);
    paused = name === "SIGSTOP";
  };
  return {
    get running() {
      return running();
    },
    get paused() {
      return paused;
    },
    pause: () => send("SIGSTOP"),
    resume: () => send("SIGCONT"),
    async kill() {
      send("SIGKILL");
      await ended;
    },
    async stop() {
      send("SIGCONT");
      child.stdin.end();
      const force = setTimeout(() => send("SIGKILL"), PATIENCE);
      await ended;
      clearTimeout(force);
      return child.exitCode === 0
        ? ""
        : `${complaints.trim()} (${child.signalCode ?? child.exitCode})`;
    },
  };
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch {
    // Nobody of it is left.
  }
}

function read(child: ChildProcess, { who, note }: Launch): void {
  let rest = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    // Of what was being written when it was killed there is no end.
    rest = lines.pop() ?? "";
    for (const line of lines) note({ ...JSON.parse(line) as Note, who });
  });
}
