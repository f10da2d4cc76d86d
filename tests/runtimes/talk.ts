/**
 * A child process that is asked in lines of JSON and answers in such, in any order.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** The child. */
export interface Child {
  /** Rejects with what the child says went wrong, and with all that it wrote when it has ended. */
  ask<T>(question: Readonly<Record<string, unknown>>): Promise<T>;
  /** Ends it and waits until it has. */
  stop(): Promise<void>;
}

interface Reply {
  readonly id: number;
  readonly reply?: unknown;
  readonly error?: string;
}

interface Waiting {
  resolve(reply: unknown): void;
  reject(error: Error): void;
}

/** Starts one; it ends when its standard input closes, so it cannot outlive us. */
export function startChild(program: string, args: readonly string[]): Child {
  const child = spawn(program, [...args], { stdio: ["pipe", "pipe", "pipe"] });
  const waiting = new Map<number, Waiting>();
  let said = "";
  let asked = 0;
  const note = (text: string): void => void (said = `${said}${text}`.slice(-4_000));

  child.stderr.on("data", (chunk) => note(String(chunk)));
  const ended = new Promise<void>((resolve) => {
    child.once("error", (error) => note(String(error)));
    child.once("close", () => {
      const error = new Error(`${program} ended:\n${said}`);
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      resolve();
    });
  });
  // What is written to a child that has just ended is told by its end.
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (!line.startsWith('{"id":')) return note(`${line}\n`);
    const { id, reply, error } = JSON.parse(line) as Reply;
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asker?.resolve(reply);
    else asker?.reject(new Error(`${error}\n${said}`));
  });

  return {
    ask<T>(question: Readonly<Record<string, unknown>>) {
      const id = ++asked;
      return new Promise<T>((resolve, reject) => {
        if (child.exitCode !== null) return reject(new Error(`${program} ended:\n${said}`));
        waiting.set(id, { resolve: (reply) => resolve(reply as T), reject });
        child.stdin.write(`${JSON.stringify({ id, ...question })}\n`);
      });
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
