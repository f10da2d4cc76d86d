/**
 * `deno task simulate`: runs seeds until one breaks a law, and shows that one with as few faults as
 * it takes.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- this is a command

import { taskOptions, whole } from "../tools/task_options.ts";
import { runAll } from "./batch.ts";
import { shrunk } from "./shrink.ts";
import { trace } from "./trace.ts";
import { type Report, World } from "./world.ts";

const USAGE = `usage: deno task simulate [--seeds N] [--from N]
       deno task simulate --seed N [--only "FAULT; FAULT"]

  --seeds N  how many (default: 1000000)
  --from N   the first of them (default: any)
  --seed N   this one, with what happened at its end
  --only …   and with these of its faults alone, as in "reply late @ m1.1:7; pause @ 1300 m0"

Exit status: 0 no law is broken, 1 one is, 2 bad arguments.`;

const { values } = taskOptions(USAGE, {
  seeds: { type: "string", default: "1000000" },
  from: { type: "string", default: `${Math.floor(Math.random() * 2 ** 31)}` },
  seed: { type: "string" },
  only: { type: "string" },
});

/** Shows a seed; with few faults if it breaks a law. */
async function show(seed: number, only?: ReadonlySet<string>): Promise<Report> {
  const world = new World(seed, only);
  const lines = trace(world);
  const report = await world.run();
  console.log(lines().join("\n"));
  const { violation, at, struck } = report;
  console.log(
    violation
      ? `\nBROKEN at ${Math.round(at)} ms: ${violation.law}: ${violation.message}`
      : `\nseed ${seed} breaks no law (${report.requests} requests, ${struck.length} faults)`,
  );
  return report;
}

/** Finds the fewest faults with which a seed breaks a law, and shows it with them. */
async function explain(seed: number): Promise<void> {
  const { struck, violation } = await new World(seed).run();
  console.log(
    `\nseed ${seed} breaks a law: ${violation?.law}. Leaving out what it does not take …\n`,
  );
  const few = await shrunk(struck, async (some) => {
    const smaller = await new World(seed, new Set(some)).run();
    return smaller.violation?.law === violation?.law;
  });
  await show(seed, new Set(few));
  console.log(
    `\nIt takes ${few.length} of ${struck.length} faults. To see it again:\n` +
      `  deno task simulate --seed ${seed} --only ${JSON.stringify(few.join("; "))}`,
  );
}

if (values.seed !== undefined) {
  const names = values.only?.split(";").map((name) => name.trim()).filter((name) => name !== "");
  const { violation } = await show(whole(USAGE, "seed", values.seed), names && new Set(names));
  Deno.exit(violation ? 1 : 0);
}

const task = {
  from: whole(USAGE, "from", values.from),
  count: whole(USAGE, "seeds", values.seeds),
};
let shown = 0;
const total = await runAll(task, ({ seeds, requests }) => {
  if (seeds < shown + 1_000) return;
  shown = seeds;
  console.log(`${seeds} of ${task.count} seeds, ${requests} requests, no law broken`);
});
const [first] = total.broken;
if (first) await explain(first.seed);
else {
  const bound = (3 / total.seeds).toExponential(0);
  console.log(
    `${total.seeds} seeds from ${task.from} on, ${total.requests} requests: no law was broken. ` +
      `With 95 % confidence less than ${bound} of all seeds break one.`,
  );
}
Deno.exit(first ? 1 : 0);
