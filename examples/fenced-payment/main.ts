/**
 * A lock is held by one worker at a time, and still an invoice is charged twice, unless the account
 * checks fencing tokens. Two processes; the first is frozen between its last look and its charge.
 */

import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import type { Step } from "./worker.ts";

const HELP = `\
A holder that is paused past its ttl wakes up and charges an invoice that was charged meanwhile.

  deno run -A examples/fenced-payment/main.ts [--unfenced]

  --unfenced  the account does not check fencing tokens

BATON_URL is where the lock is, such as upstash://:TOKEN@host; a file unless set.
Exit status: 0 charged once, 1 charged twice, 2 bad arguments, 3 the example could not run.
`;

/** How it is played. */
export interface Story {
  /** Where the account is. */
  readonly folder: string;
  /** Whether the account checks fencing tokens. */
  readonly fenced: boolean;
  /** Where the lock is; a file in the folder unless given. */
  readonly url?: string | undefined;
  /** Told what happens. */
  readonly say: (line: string) => void;
}

/** What the account says in the end; it knows nothing of locks. */
export interface Outcome {
  readonly charges: readonly { readonly worker: string; readonly token: number }[];
  readonly balance: number;
}

/** The lines of a stream. */
async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = `${rest}${text}`.split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

/** A worker's process. */
class Worker {
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #steps: AsyncIterator<string>;

  constructor(name: string, { folder, fenced, url }: Story) {
    this.name = name;
    const mode = fenced ? "fenced" : "unfenced";
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("worker.ts", import.meta.url).href, name, folder, mode],
      // Not an argument, for it may have a token in it, and those are for every user to read.
      env: { BATON_URL: url ?? `file:${folder}/baton.db` },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#steps = lines(this.#child.stdout);
  }

  /** What it tells next. */
  async next(): Promise<Step> {
    const { value, done } = await this.#steps.next();
    if (done) throw new Error(`${this.name} ended before it was done`);
    return JSON.parse(value) as Step;
  }

  /** Lets it charge; it does so as soon as it runs. */
  async goOn(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("go\n"));
    writer.releaseLock();
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends it whatever it does, also when it is frozen. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
    await this.#child.stdin.close().catch(() => {});
    for (let step = await this.#steps.next(); !step.done;) step = await this.#steps.next();
  }
}

const WORDS = { locked: "has the lock", charged: "charges 10", refused: "is REFUSED" };

/** Plays it in a folder, and says what happens. */
export async function play(story: Story): Promise<Outcome> {
  const { folder, say } = story;
  using shop = new DatabaseSync(`${folder}/shop.db`);
  shop.exec(`
create table accounts (id integer primary key, balance integer, fence integer not null default 0);
create table charges (invoice integer, worker text, token integer);
insert into accounts (id, balance) values (42, 100);`);
  const start = performance.now();
  const tell = ({ name }: Worker, what: string) =>
    say(`${((performance.now() - start) / 1_000).toFixed(1).padStart(5)} s  ${name}  ${what}`);
  const advance = async (worker: Worker): Promise<void> => {
    const step = await worker.next();
    tell(
      worker,
      "token" in step ? `${WORDS[step.type]}, token ${step.token}` : `is ${step.type}`,
    );
  };

  await using first = new Worker("worker-a", story);
  await advance(first);
  await advance(first);
  first.signal("SIGSTOP");
  tell(first, "is frozen, just before it charges");
  await first.goOn();

  await using second = new Worker("worker-b", story);
  await advance(second);
  await advance(second);
  await second.goOn();
  await advance(second);

  tell(first, "wakes up, and goes on to charge");
  first.signal("SIGCONT");
  await advance(first);

  const charges = shop.prepare("select worker, token from charges order by rowid").all();
  const balance = shop.prepare("select balance from accounts").get()?.["balance"];
  return { charges: charges as unknown as Outcome["charges"], balance: Number(balance) };
}

async function main(args: string[]): Promise<number> {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({ args, options: { unfenced: flag, help: flag } });
  // deno-lint-ignore no-console -- this is a command
  const say = console.log;
  if (values.help) return say(HELP), 0;
  const folder = await Deno.makeTempDir({ prefix: "baton-fence-" });
  try {
    const url = Deno.env.get("BATON_URL") || undefined;
    const { charges, balance } = await play({ folder, fenced: !values.unfenced, url, say });
    const list = charges.map(({ worker, token }) => `${worker} with token ${token}`).join(", ");
    say(`\nThe ledger: invoice 7 was charged by ${list}; the balance went from 100 to ${balance}.`);
    say(
      values.unfenced
        ? "Each had the lock when it looked. Without a fence, a write has no last look: it is late."
        : "worker-a believed what it had read before it froze. The account knew better: it had seen\n" +
          "a greater token, and checks in the same step as it writes. Try it with --unfenced.",
    );
    return charges.length === 1 ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    // deno-lint-ignore no-console -- this is a command
    console.error((error as Error).message);
    Deno.exit(error instanceof TypeError ? 2 : 3);
  }
}
