/**
 * A file's code, node by node, each with the function that it stands in.
 *
 * @module
 */

import { parse } from "@babel/parser";
import type { Node } from "@babel/types";

/** A piece of code that runs. */
export interface Place {
  /** What it is. */
  readonly node: Node;
  /** What it is a part of, the innermost first. */
  readonly around: readonly Node[];
  /** The function that it stands in, such as `Heart.#untilDue`; `(module)` outside of all. */
  readonly where: string;
}

/** Parts of a node that are no code: types, and what only names. */
const SILENT = new Set([
  ...["typeAnnotation", "typeParameters", "typeArguments", "returnType", "implements"],
  ...[
    "loc",
    "leadingComments",
    "trailingComments",
    "innerComments",
    "extra",
    "superTypeParameters",
  ],
]);
/** What only the compiler reads. */
const TYPES = /^(TS(?!AsExpression|NonNullExpression|SatisfiesExpression)|Import|ExportAll)/;

/** Every piece of code of a file, in order. */
export function placesOf(text: string): Place[] {
  const { program } = parse(text, { sourceType: "module", plugins: ["typescript"] });
  const places: Place[] = [];
  const walk = (node: Node, around: readonly Node[], path: readonly string[]): void => {
    if (TYPES.test(node.type)) return;
    const name = nameOf(node, path.length === 0);
    const inner = name === undefined ? path : [...path, name];
    places.push({ node, around, where: inner.join(".") || "(module)" });
    for (const child of childrenOf(node)) walk(child, [node, ...around], inner);
  };
  walk(program, [], []);
  return places;
}

/** The nodes that a node is made of, but for those that are no code. */
export function childrenOf(node: Node): Node[] {
  return Object.entries(node).flatMap(([key, value]) => {
    if (SILENT.has(key) || (key === "key" && !("computed" in node && node.computed))) return [];
    return (Array.isArray(value) ? value : [value]).filter(isNode);
  });
}

function isNode(value: unknown): value is Node {
  return typeof (value as Node | null)?.type === "string";
}

/** What a function, a class or, at the top, a constant is called. */
function nameOf(node: Node, top: boolean): string | undefined {
  switch (node.type) {
    case "ClassDeclaration":
    case "FunctionDeclaration":
      return node.id?.name;
    case "ClassMethod":
    case "ClassPrivateMethod":
    case "ObjectMethod":
      return keyOf(node.key);
    case "ClassProperty":
    case "ClassPrivateProperty":
      return keyOf(node.key);
    case "ObjectProperty":
      return isFunction(node.value) ? keyOf(node.key) : undefined;
    case "VariableDeclarator":
      return node.id.type === "Identifier" && (top || isFunction(node.init))
        ? node.id.name
        : undefined;
  }
}

function isFunction(node: Node | null | undefined): boolean {
  return node?.type === "ArrowFunctionExpression" || node?.type === "FunctionExpression";
}

function keyOf(key: Node): string {
  if (key.type === "PrivateName") return `#${key.id.name}`;
  if (key.type === "Identifier") return key.name;
  return key.type === "StringLiteral" ? key.value : "[…]";
}

/** Where the functions, classes and constants of a file begin and end, by what they are called. */
export function extentsOf(text: string): Map<string, { from: number; to: number }[]> {
  const extents = new Map<string, { from: number; to: number }[]>();
  for (const { node, around, where } of placesOf(text)) {
    const named = nameOf(node, !around.some((each) => nameOf(each, true) !== undefined));
    if (named === undefined) continue;
    const extent = { from: node.start ?? 0, to: node.end ?? 0 };
    extents.set(where, [...extents.get(where) ?? [], extent]);
  }
  return extents;
}
