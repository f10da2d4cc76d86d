/**
 * One worker at a time holds the lock, and still an invoice is charged twice, unless the account checks
 * fencing tokens. There are two processes; the first is frozen between its last look and its charge.
 */

import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import type { Step } from "./worker.ts";

const HELP = `\
A worker is frozen for longer than its lease, wakes up, and tries to charge an invoice that another
worker has charged meanwhile.

  deno run -A examples/fenced-payment/main.ts [--unfenced]

  --unfenced  the account does not check fencing tokens

BATON_URL says where the lock is, such as upstash://:TOKEN@host. Default: a SQLite file.
Exit status: 0 charged once, 1 charged twice, 2 bad arguments, 3 the example could not run.
`;

/** How the example runs. */
export interface Story {
  /** Where the account is. */
  readonly folder: string;
  /** Whether the account checks fencing tokens. */
  readonly fenced: boolean;
  /** Where the lock is. Default: a SQLite file in the folder. */
  readonly url?: string | undefined;
  /** Called with each line of the report. */
  readonly say: (line: string) => void;
}

/** What the account says at the end; it knows nothing about locks. */
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
      // Not an argument: it may contain a token, and every user of the host can read arguments.
      env: { BATON_URL: url ?? `file:${folder}/baton.db` },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#steps = lines(this.#child.stdout);
  }

  /** Its next report. */
  async next(): Promise<Step> {
    const { value, done } = await this.#steps.next();
    if (done) throw new Error(`${this.name} ended before it was done`);
    return JSON.parse(value) as Step;
  }

  /** Lets it charge, as soon as it runs again. */
  async goOn(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("go\n"));
    writer.releaseLock();
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends it, even when it is frozen. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    await this.#child.stdin.close().catch(() => {});
    for (let step = await this.#steps.next(); !step.done;) step = await this.#steps.next();
  }
}

const WORDS = { locked: "has the lock", charged: "charges 10", refused: "is REFUSED" };

/** Runs the example in a folder, and reports what happens. */
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
  tell(first, "is frozen just before it charges");
  await first.goOn();

  await using second = new Worker("worker-b", story);
  await advance(second);
  await advance(second);
  await second.goOn();
  await advance(second);

  tell(first, "wakes up and goes on to charge");
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
        ? "Each worker had the lock when it looked. worker-a's write came after its lease had ended, and\n" +
          "the account had no way to notice."
        : "worker-a relied on what it had read before it froze. The account had already seen a greater\n" +
          "token, and checks the token in the same step as the write. Try it with --unfenced.",
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
