/**
 * Every mutant that a machine can make of a file.
 *
 * @module
 */

import type { Node } from "@babel/types";
import { changesAt } from "./kinds.ts";
import type { Mutant } from "./mutant.ts";
import { type Place, placesOf } from "./places.ts";

/** All mutants of a file of that text, each with a name of its own. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const names = new Map<string, number>();
  const texts = new Set<string>();
  const mutants: Mutant[] = [];
  for (const place of placesOf(text).filter((place) => !isMessage(place))) {
    for (const { what, from, to, put } of changesAt(place, text)) {
      // Two kinds of mistake can come to the same.
      const same = JSON.stringify([from, to, put]);
      if (texts.has(same)) continue;
      texts.add(same);
      const name = `${place.where}: ${what}`;
      const n = (names.get(name) ?? 0) + 1;
      names.set(name, n);
      const numbered = n > 1 ? `${name} (${n})` : name;
      mutants.push({ file, name: numbered, from, to, put, was: text.slice(from, to) });
    }
  }
  return mutants;
}

/** Whether it is a part of what an error says, which people read. */
function isMessage({ node, around }: Place): boolean {
  const parts = [node, ...around];
  return parts.some((part, i) => {
    const call = parts[i + 1];
    if (call?.type !== "NewExpression" || call.callee.type !== "Identifier") return false;
    return call.arguments[0] === part && isText(part);
  });
}

function isText(node: Node): boolean {
  return node.type === "StringLiteral" || node.type === "TemplateLiteral" ||
    (node.type === "BinaryExpression" && node.operator === "+");
}
