/**
 * A worker as its parent controls it: starts it, sends it the schedule, kills, freezes, wakes and ends
 * it. A worker cannot outlive the parent: it ends when its standard input closes, and while it is
 * frozen a shell waits to wake it.
 */

import { lines, type Schedule, type WorkerEvent } from "./messages.ts";

/** How a worker is started. */
export interface WorkerOptions {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly tell: (event: WorkerEvent) => void;
  /** Called once when the process has ended, with its standard error. */
  readonly ended: (message: string) => void;
}

/** How long a worker may take to stand down and end, in ms. */
const PATIENCE = 2_000;

/** Wakes a process, unless it first reads a line, which means that the parent did. */
const WAKER = `trap "" INT HUP; read -r _ || kill -CONT "$1"`;

export class WorkerProcess {
  readonly #child: Deno.ChildProcess;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  #waker: Deno.ChildProcess | undefined;
  #running = true;
  readonly #gone: Promise<void>;

  constructor(options: WorkerOptions) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("../worker.ts", import.meta.url).href, ...options.args],
      env: options.environment,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#orders = this.#child.stdin.getWriter();
    this.#gone = this.#live(options);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Sends it the schedule; it then begins to campaign. */
  begin(schedule: Schedule): void {
    // A worker that has ended reads nothing; `ended` reports that.
    this.#orders.write(new TextEncoder().encode(`${JSON.stringify(schedule)}\n`)).catch(() => {});
  }

  /** SIGKILL: it releases nothing. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  /** SIGSTOP: it is not dead, it only does not run. */
  pause(): void {
    // If the parent dies meanwhile, only this shell can wake it: it sees its standard input close.
    this.#waker = new Deno.Command("/bin/sh", {
      args: ["-c", WAKER, "waker", `${this.pid}`],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#signal("SIGSTOP");
  }

  /** SIGCONT, if it is paused. */
  async resume(): Promise<void> {
    const waker = this.#waker;
    if (!waker) return;
    this.#waker = undefined;
    this.#signal("SIGCONT");
    const writer = waker.stdin.getWriter();
    await writer.write(new TextEncoder().encode("\n")).then(() => writer.close()).catch(() => {});
    await waker.status;
  }

  /** Lets it stand down and end; kills it if it does not. Resolves when it has ended. */
  async end(): Promise<void> {
    await this.resume();
    await this.#orders.close().catch(() => {});
    const force = setTimeout(() => this.kill(), PATIENCE);
    await this.#gone;
    clearTimeout(force);
  }

  #signal(signal: Deno.Signal): void {
    if (!this.#running) return;
    try {
      this.#child.kill(signal);
    } catch {
      // It has just ended.
    }
  }

  async #live({ tell, ended }: WorkerOptions): Promise<void> {
    const complaints = new Response(this.#child.stderr).text();
    for await (const line of lines(this.#child.stdout)) tell(JSON.parse(line) as WorkerEvent);
    await this.#child.status;
    this.#running = false;
    ended((await complaints).trim());
  }
}
