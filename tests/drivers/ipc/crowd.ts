/**
 * Processes that want the same lock by the name of it, and say what they believed.
 *
 * @module
 */

import { removeFolder, temporaryFolder } from "../../servers/folders.ts";
import { killed } from "../../tools/killed.ts";

/** How long a lease lives in ms, which is how long others wait for one that was killed. */
const TTL = 400;

/**
 * Each time that it has the lock it says with which token, and from when to when it believed. In whole
 * milliseconds what comes first never has the greater number.
 */
const PROGRAM = `
import { ipc } from "${import.meta.resolve("../../../drivers/sqlite/ipc.ts")}";
// Longer than one is frozen, which may be in the middle of a write.
const driver = ipc("crowd", { folder: Deno.args[0], busyTimeout: 60_000 });
const cell = new Int32Array(new SharedArrayBuffer(4));
const say = (value) => Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(value) + "\\n"));
const seat = { resource: "lock:x", seat: "" };
await driver.apply([{ op: "inspect", resource: "lock:x" }]);
say("ready");
for (;;) {
  const id = crypto.randomUUID();
  const sent = Date.now();
  const [{ ok, leases }] = await driver.apply([{ op: "acquire", ...seat, id, ttl: ${TTL}, value: "" }]);
  const from = Date.now();
  if (ok) {
    const to = Date.now();
    if (to - sent < ${TTL}) say({ token: leases[0].token, from, to });
    await driver.apply([{ op: "release", ...seat, id }]);
  }
  Atomics.wait(cell, 0, 0, 2 * Math.random());
}
`;

/** From when to when one of them believed, by the host's clock. */
export interface Belief {
  /** Which of them, in all its lives. */
  readonly who: number;
  readonly token: number;
  readonly from: number;
  readonly to: number;
}

/** A process, which is replaced by another one when it is killed. */
interface Place {
  process: Deno.ChildProcess;
  /** Since when it can have had the lock; `undefined` while it cannot. */
  since: number | undefined;
  /** When its present life has said that it is ready. */
  ready: Promise<void>;
  /** When all that it said in its present life is read. */
  read: Promise<void>;
}

/** Some processes, and what is done to them. */
export class Crowd {
  readonly beliefs: Belief[] = [];
  readonly #folder: string;
  readonly #places: Place[] = [];
  /** Who ran from one change to the next. */
  readonly #spans: { readonly from: number; readonly to: number; readonly who: Set<number> }[] = [];
  #changed = Date.now();
  #over = false;
  /** Those that ended by themselves. */
  readonly deserters: number[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts so many. */
  static async start(size: number): Promise<Crowd> {
    const folder = await temporaryFolder("baton-crowd-");
    await Deno.writeTextFile(`${folder}/program.ts`, PROGRAM);
    const crowd = new Crowd(folder);
    for (let who = 0; who < size; who++) crowd.#places.push(crowd.#spawn(who));
    await Promise.all(crowd.#places.map(({ ready }) => ready));
    crowd.#change();
    return crowd;
  }

  /** Ends one as a crash would, and starts another in its place. Resolves when that one is ready. */
  async replace(who: number): Promise<void> {
    const place = this.#places[who]!;
    this.#change(() => place.since = undefined);
    place.process.kill("SIGKILL");
    await place.read;
    this.#places[who] = this.#spawn(who);
    await this.#places[who]!.ready;
    this.#change();
  }

  /** Freezes one, which need not be at rest, and wakes it after so many ms. */
  async freeze(who: number, ms: number): Promise<void> {
    const place = this.#places[who]!;
    this.#change(() => place.since = undefined);
    place.process.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, ms));
    place.process.kill("SIGCONT");
    this.#change(() => place.since = Date.now());
  }

  /** For each: how many grants it had while it ran, and how many would have been its part. */
  shares(): { had: number; part: number }[] {
    this.#change();
    const shares = this.#places.map(() => ({ had: 0, part: 0 }));
    for (const { from, to, who } of this.#spans) {
      const within = this.beliefs.filter((each) => each.from >= from && each.from < to);
      for (const each of who) {
        shares[each]!.had += within.filter((belief) => belief.who === each).length;
        shares[each]!.part += within.length / who.size;
      }
    }
    return shares;
  }

  /** Ends them all. */
  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#places.map(({ process }) => killed(process)));
    await Promise.all(this.#places.map(({ read }) => read));
    await removeFolder(this.#folder);
  }

  /** Ends a span of time in which the same have run. */
  #change(act: () => void = () => {}): void {
    const [from, to] = [this.#changed, Date.now()];
    const who = new Set(this.#places.keys().filter((n) => (this.#places[n]!.since ?? to) <= from));
    this.#spans.push({ from, to, who });
    act();
    this.#changed = Date.now();
  }

  #spawn(who: number): Place {
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--config", config],
        ...[`${this.#folder}/program.ts`, `${this.#folder}/leases`],
      ],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
    const place: Place = { process: child, since: undefined, ready, read: Promise.resolve() };
    place.read = (async () => {
      let rest = "";
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) {
          const said = JSON.parse(line);
          if (said !== "ready") this.beliefs.push({ who, ...said });
          else {
            place.since = Date.now();
            resolve();
          }
        }
      }
      const { signal } = await child.status;
      if (signal !== "SIGKILL") this.deserters.push(who);
      reject(new Error("it ended before it was ready"));
    })();
    ready.catch(() => {});
    return place;
  }
}
