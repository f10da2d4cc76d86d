/**
 * `deno run -A tests/protocol/main.ts [part of a name]`: what the search of the lease protocol finds,
 * for the protocol as it is and with each rule taken away, with the shortest way to break it.
 *
 * @module
 */

import { PROPERTIES } from "./lease_properties.ts";
import { leaseProtocol } from "./lease_protocol.ts";
import { BROKEN, HARMLESS, NOT_PROMISED, RIGHT_WORLDS, type Variant } from "./lease_variants.ts";
import { search } from "./search.ts";

const CHAPTERS: readonly (readonly [string, readonly Variant[]])[] = [
  ["The protocol as it is", RIGHT_WORLDS],
  ["One rule taken away", BROKEN],
  ["Other than the protocol, and harmless", HARMLESS],
  ["The protocol as it is, asked for more than it promises", NOT_PROMISED],
];

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function tell(variant: Variant): void {
  const verdict = search(leaseProtocol(variant));
  const { states, depth, outcome } = verdict;
  const count = `${states.toLocaleString("en")} states`.padStart(15);
  print(`${count}  ${variant.name}`);
  const indent = " ".repeat(17);
  if (verdict.outcome !== "broken") {
    const what = variant.properties.map((each) => PROPERTIES[each]).join(`,\n${indent}      `);
    print(`${indent}${outcome}, ${depth} steps deep; holds: ${what}`);
    return;
  }
  print(`${indent}broken in ${depth} steps: ${verdict.property}`);
  verdict.trace.forEach((label, i) => print(`${indent}${`${i + 1}`.padStart(2)}. ${label}`));
}

const [wanted = ""] = Deno.args;
let told = 0;
for (const [title, variants] of CHAPTERS) {
  const chosen = variants.filter(({ name }) => name.includes(wanted));
  if (chosen.length > 0) print(`\n${title}\n`);
  chosen.forEach(tell);
  told += chosen.length;
}
if (told === 0) {
  const names = CHAPTERS.flatMap(([, variants]) => variants.map(({ name }) => name));
  print(`There is nothing named "${wanted}". There is:\n  ${[...new Set(names)].join("\n  ")}`);
  Deno.exit(1);
}
