/**
 * What somebody could get wrong in one piece of code.
 *
 * @module
 */

import type { BinaryExpression, CallExpression, Node, ObjectExpression } from "@babel/types";
import type { Place } from "./places.ts";
import { textChanges } from "./texts.ts";

/** A change of text, and what it is called. */
export interface Change {
  readonly what: string;
  readonly from: number;
  readonly to: number;
  readonly put: string;
}

const OPERATORS: Readonly<Record<string, string>> = {
  ...{ "<": "<=", "<=": "<", ">": ">=", ">=": ">", "===": "!==", "!==": "===" },
  ...{ "&&": "||", "||": "&&", "+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "**": "*" },
};
/** Functions that are easily mistaken for one another. */
const TWINS: ReadonlyMap<string, string> = new Map(Object.entries({
  ...{ min: "max", max: "min", floor: "ceil", ceil: "floor", some: "every", every: "some" },
  ...{ find: "findLast", findLast: "find", startsWith: "endsWith", push: "unshift" },
}));
/** Calls that leave their object as it was when they are forgotten. */
const PASSING = new Set(["filter", "sort", "toSorted", "slice", "catch", "trim", "replace"]);

/** Every mistake of one piece of code; `text` is the file's. */
export function changesAt({ node, around }: Place, text: string): Change[] {
  const [parent] = around;
  const source = (part: Node): string => text.slice(part.start ?? 0, part.end ?? 0);
  const put = (part: Node, what: string, instead: string): Change => ({
    what,
    from: part.start ?? 0,
    to: part.end ?? 0,
    put: instead,
  });
  // A statement becomes a block, because the compiler wants no empty statement after a condition.
  const dropped = (part: Node, instead: string): Change =>
    put(part, `dropped: ${brief(source(part))}`, instead);
  switch (node.type) {
    case "BinaryExpression":
    case "LogicalExpression": {
      if (node.operator === "??") return [put(node, '"??" forgot its left', source(node.right))];
      return isProse(node) ? [] : operatorChanges(node as BinaryExpression, text);
    }
    case "UnaryExpression":
      return node.operator === "!" ? [put(node, '"!" dropped', source(node.argument))] : [];
    case "IfStatement":
    case "ConditionalExpression":
      return ["true", "false"].map((always) =>
        put(node.test, `condition always ${always}`, always)
      );
    case "WhileStatement":
    case "ForStatement":
      return node.test ? [put(node.test, "loop never entered", "false")] : [];
    case "ExpressionStatement":
      return isPlainField(node.expression, around) ? [] : [dropped(node, "{}")];
    case "ThrowStatement":
    case "ContinueStatement":
      return [dropped(node, "{}")];
    case "BreakStatement":
      return parent?.type === "SwitchCase" ? [] : [dropped(node, "{}")];
    case "ReturnStatement":
      if (!node.argument) return [dropped(node, "{}")];
      return isBoolean(node.argument)
        ? [put(node.argument, "return value negated", `!(${source(node.argument)})`)]
        : [];
    case "ArrowFunctionExpression":
      return isBoolean(node.body)
        ? [put(node.body, "return value negated", `!(${source(node.body)})`)]
        : [];
    case "AwaitExpression":
      return isLastWord(node, around)
        ? []
        : [put(node, `await dropped: ${brief(source(node.argument))}`, source(node.argument))];
    case "NumericLiteral":
      // Engines ask a comparison only whether it is below 0.
      return numbersFor(node.value).filter((value) => isNews(Number(value), node, around))
        .map((value) => put(node, `${node.value} became ${value}`, value));
    case "BooleanLiteral":
      return [put(node, `${node.value} became ${!node.value}`, `${!node.value}`)];
    case "CallExpression":
    case "NewExpression":
      return callChanges(node as CallExpression, text);
    case "ObjectExpression":
      return propertyChanges(node, text);
    case "ArrayExpression":
      return node.elements.length < 2
        ? []
        : node.elements.flatMap((element) =>
          element?.type === "StringLiteral" || element?.type === "NumericLiteral"
            ? [{ ...dropped(element, ""), to: afterComma(text, element.end ?? 0) }]
            : []
        );
    case "RegExpLiteral":
      return patternChanges(node.pattern, node.flags).map(({ what, pattern, flags }) =>
        put(node, `/${brief(node.pattern)}/ ${what}`, `/${pattern}/${flags}`)
      );
    case "CatchClause":
      return node.body.body.length > 0 ? [put(node.body, "catch emptied", "{}")] : [];
    case "TryStatement":
      return node.finalizer ? [put(node.finalizer, "finally emptied", "{}")] : [];
    case "TemplateElement":
    case "StringLiteral":
      return textChanges(source(node)).map(({ what, from, to, put }) => ({
        what,
        from: (node.start ?? 0) + from,
        to: (node.start ?? 0) + to,
        put,
      }));
    default:
      return [];
  }
}

/** Code in few words, for a name. */
export function brief(code: string): string {
  const words = code.replace(/\s+/g, " ").replace(/;$/, "");
  return words.length > 48 ? `${words.slice(0, 47)}…` : words;
}

function operatorChanges({ operator, left, right }: BinaryExpression, text: string): Change[] {
  const instead = OPERATORS[operator];
  if (instead === undefined) return [];
  const from = text.indexOf(operator, left.end ?? 0);
  if (from > (right.start ?? 0)) return [];
  return [{
    what: `"${operator}" became "${instead}"`,
    from,
    to: from + operator.length,
    put: instead,
  }];
}

function numbersFor(value: number): string[] {
  if (value === 0) return ["1"];
  const near = value <= 10 ? [value + 1, value - 1] : [];
  return [...new Set([...near, value * 2, 0])].map(String);
}

function callChanges(node: CallExpression, text: string): Change[] {
  const { callee, arguments: args } = node;
  const changes: Change[] = [];
  const last = args.at(-1);
  const before = args.at(-2);
  const optional = last?.type === "ObjectExpression" ||
    (last?.type === "Identifier" && /^(options|signal)$/.test(last.name));
  if (last && (before || optional)) {
    changes.push({
      what: `argument dropped: ${brief(text.slice(last.start ?? 0, last.end ?? 0))}`,
      from: before ? before.end ?? 0 : last.start ?? 0,
      to: last.end ?? 0,
      put: "",
    });
  }
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return changes;
  const { name, start, end } = callee.property;
  const twin = TWINS.get(name);
  if (twin) {
    changes.push({ what: `${name} became ${twin}`, from: start ?? 0, to: end ?? 0, put: twin });
  }
  if (PASSING.has(name)) {
    changes.push({
      what: `.${name}() dropped`,
      from: callee.object.end ?? 0,
      to: node.end ?? 0,
      put: "",
    });
  }
  return changes;
}

function propertyChanges({ properties }: ObjectExpression, text: string): Change[] {
  return properties.filter(({ type }) => type !== "ObjectMethod").map(({ start, end }) => ({
    what: `property dropped: ${brief(text.slice(start ?? 0, end ?? 0))}`,
    from: start ?? 0,
    to: afterComma(text, end ?? 0),
    put: "",
  }));
}

/** Where the list goes on, or ends. */
function afterComma(text: string, at: number): number {
  return at + (/^\s*,/.exec(text.slice(at))?.[0].length ?? 0);
}

function* patternChangesOf(pattern: string, flags: string): Generator<PatternChange> {
  if (pattern.startsWith("^")) yield { what: "lost its ^", pattern: pattern.slice(1), flags };
  if (/[^\\]\$$/.test(pattern)) yield { what: "lost its $", pattern: pattern.slice(0, -1), flags };
  if (flags.includes("i")) yield { what: "minds case", pattern, flags: flags.replace("i", "") };
  for (
    const { 0: group, 1: inner = "", index } of pattern.matchAll(/\((?:\?:)?([^()]*\|[^()]*)\)/g)
  ) {
    const words = inner.split("|");
    for (const word of words) {
      const rest = group.replace(inner, words.filter((each) => each !== word).join("|"));
      yield {
        what: `forgot ${word}`,
        pattern: pattern.slice(0, index) + rest + pattern.slice(index + group.length),
        flags,
      };
    }
  }
}

interface PatternChange {
  readonly what: string;
  readonly pattern: string;
  readonly flags: string;
}

function patternChanges(pattern: string, flags: string): PatternChange[] {
  return [...patternChangesOf(pattern, flags)];
}

/** Whether a sum is of texts. */
function isProse(node: Node): boolean {
  if (node.type === "StringLiteral" || node.type === "TemplateLiteral") return true;
  return node.type === "BinaryExpression" && node.operator === "+" &&
    (isProse(node.left) || isProse(node.right));
}

/** Whether whoever called awaits it anyway: only a `try` around it would notice the difference. */
function isLastWord(node: Node, [parent, ...outer]: readonly Node[]): boolean {
  if (parent?.type === "ConditionalExpression" && parent.test !== node) {
    return isLastWord(parent, outer);
  }
  if (parent?.type === "ArrowFunctionExpression") return true;
  const end = outer.findIndex(({ type }) => /Function|Method/.test(type));
  return parent?.type === "ReturnStatement" &&
    !outer.slice(0, end).some(({ type }) => type === "TryStatement");
}

/** Whether a comparison, such as `(a, b) => a < b ? -1 : 1`, answers something else with this number. */
function isNews(value: number, node: Node, around: readonly Node[]): boolean {
  const [first] = around;
  const isBelow = first?.type === "UnaryExpression" && first.operator === "-";
  const [choice, compare, call] = isBelow ? around.slice(1) : around;
  const isAnswer = choice?.type === "ConditionalExpression" &&
    choice.test !== (isBelow ? first : node) &&
    compare?.type === "ArrowFunctionExpression" && call?.type === "CallExpression" &&
    call.callee.type === "MemberExpression" && call.callee.property.type === "Identifier" &&
    /^(toSorted|sort)$/.test(call.callee.property.name);
  return !isAnswer || (isBelow && value === 0);
}

/** Whether code can only be true or false. */
function isBoolean(node: Node): boolean {
  if (node.type === "BinaryExpression") return /^([<>]=?|[!=]==)$/.test(node.operator);
  if (node.type === "UnaryExpression") return node.operator === "!";
  if (node.type === "LogicalExpression") return node.operator !== "??" && isBoolean(node.right);
  return node.type === "CallExpression" && node.callee.type === "MemberExpression" &&
    node.callee.property.type === "Identifier" &&
    /^(some|every|includes|has|test|startsWith|endsWith)$/.test(node.callee.property.name);
}

/** Whether a statement only keeps what a constructor was given: without it nothing works at all. */
function isPlainField(expression: Node, around: readonly Node[]): boolean {
  const method = around.find(({ type }) => type === "ClassMethod");
  if (method?.type !== "ClassMethod" || method.kind !== "constructor") return false;
  if (expression.type === "CallExpression") return expression.callee.type === "Super";
  return expression.type === "AssignmentExpression" && expression.right.type === "Identifier";
}
