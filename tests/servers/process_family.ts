/**
 * A server of several processes, found by a mark that all of their command lines carry. Its children
 * may outlive the first of them and belong to no common process group, so nothing else holds them
 * together.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { isFrozen } from "./frozen.ts";
import { until } from "./process.ts";

/** The processes with the mark, zombies excluded: they have no command line any more. */
export function familyOf(mark: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => read(`/proc/${name}/cmdline`).includes(mark))
    .map(Number);
}

export function signalFamily(mark: string, signal: NodeJS.Signals): void {
  for (const pid of familyOf(mark)) send(pid, signal);
}

/** Freezes them all. It takes a few looks, because until its parent stops a child can be born. */
export function freezeFamily(mark: string): void {
  for (;;) {
    const moving = familyOf(mark).filter((pid) => !isFrozen(pid));
    if (moving.length === 0) return;
    for (const pid of moving) send(pid, "SIGSTOP");
  }
}

/** Ends them all by SIGKILL and waits until none is left. */
export async function killFamily(mark: string): Promise<void> {
  await until(`no process of ${mark} is left`, () => {
    signalFamily(mark, "SIGKILL");
    return familyOf(mark).length === 0;
  });
}

export interface FamilyGuard {
  /** There is nothing to guard any more. */
  dismiss(): Promise<void>;
}

/**
 * Ends the family and removes its folder when this process is gone, however it went: `startProcess`
 * sees to the first process only, and a frozen child would not notice that its parent has died. The
 * mark comes in the environment, so that the guard does not carry it itself.
 */
export function guardFamily(mark: string, folder: string): FamilyGuard {
  const script = `trap "" INT HUP; read -r _ && exit
    for round in 1 2 3 4 5 6 7 8 9; do
      for file in $(printf %s "$MARK" | grep -lasF -f - /proc/[0-9]*/cmdline); do
        pid=\${file#/proc/}; kill -9 "\${pid%/cmdline}"
      done
    done
    rm -rf "$FOLDER"`;
  const child = spawn("/bin/sh", ["-c", script], {
    stdio: ["pipe", "ignore", "ignore"],
    // In a session of its own, or a signal to the whole group of this process would end it, too.
    detached: true,
    env: { ...process.env, MARK: mark, FOLDER: folder },
  });
  const ended = once(child, "exit");
  // If somebody has ended it, there is nobody to tell.
  child.stdin.on("error", () => {});
  return {
    async dismiss() {
      child.stdin.end("done\n");
      await ended;
    },
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // It ended between the look into the folder and this one.
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself in the meantime.
  }
}
