/** Statements as Vitess reads them: what it does not take, and how it repeats one in an error. */

interface Token {
  readonly kind: "word" | "name" | "text" | "number" | "symbol";
  readonly text: string;
  readonly start: number;
}

/** One group for each kind, in their order; what is in none is white space or a comment. */
const PATTERN = new RegExp(
  [
    String.raw`\s+|--(?=\s|$)[^\n]*|#[^\n]*|/\*[\s\S]*?\*/`,
    String.raw`([xXbBnN]?'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*")`,
    "(`(?:[^`]|``)*`)",
    String.raw`(0x[0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)`,
    String.raw`([@\w$\u0080-\uffff]+)`,
    String.raw`(:=|[\s\S])`,
  ].join("|"),
  "gy",
);
const KINDS = ["text", "name", "number", "word", "symbol"] as const;

/** The statement read last: each is asked three things, and reading is what costs. */
let last: { readonly sql: string; readonly tokens: readonly Token[] } = { sql: "", tokens: [] };

function tokensOf(sql: string): readonly Token[] {
  if (last.sql === sql) return last.tokens;
  const tokens: Token[] = [];
  PATTERN.lastIndex = 0;
  for (let match = PATTERN.exec(sql); match?.[0]; match = PATTERN.exec(sql)) {
    const kind = KINDS.find((_, n) => match?.[n + 1] !== undefined);
    if (kind) tokens.push({ kind, text: match[0], start: match.index });
  }
  last = { sql, tokens };
  return tokens;
}

/** Statements and functions of a server of one's own; a shared one has no place for them. */
const NO_STATEMENT = ["CALL", "KILL", "LOAD", "LOCK", "UNLOCK", "HANDLER", "PREPARE", "SET", "USE"];
const NO_FUNCTION = ["GET_LOCK", "RELEASE_LOCK", "IS_FREE_LOCK", "IS_USED_LOCK", "JSON_TABLE"];
const NOT_TO_CREATE = ["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT"];

/**
 * Why Vitess would not run this, or `undefined`. Where it does not even parse it, the words are the
 * live service's; the others are Vitess's for what it does not support, as other projects have them.
 */
export function refusal(sql: string): string | undefined {
  const tokens = tokensOf(sql);
  if (tokens.length === 0) return "query was empty";
  const [first = "", second = ""] = tokens.slice(0, 2).map((token) => token.text.toUpperCase());
  if (NO_STATEMENT.includes(first)) return unsupported(first);
  if (first === "CREATE" && NOT_TO_CREATE.includes(second)) return unsupported(`CREATE ${second}`);
  if (first === "WITH" && second === "RECURSIVE") return unsupported("recursive common table");
  const alias = ["INSERT", "REPLACE"].includes(first) ? rowAlias(tokens) : undefined;
  if (alias !== undefined) return syntaxError(alias);

  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1];
    const upper = token.kind === "word" ? token.text.toUpperCase() : token.text;
    if (upper === ":=" || upper === "RETURNING") return syntaxError(token);
    if (upper === ";" && next !== undefined) return syntaxError(next);
    if (next?.text !== "(" || token.kind !== "word") continue;
    if (NO_FUNCTION.includes(upper)) return unsupported(`${upper.toLowerCase()}()`);
  }
  return undefined;
}

function unsupported(what: string): string {
  return `VT12001: unsupported: ${what}`;
}

function syntaxError({ start, text }: Token): string {
  return `syntax error at position ${start + text.length + 1} near '${text}'`;
}

/** `INSERT … VALUES (…) AS new`: the word AS after the last row, outside of all parentheses. */
function rowAlias(tokens: readonly Token[]): Token | undefined {
  let depth = 0;
  let values = false;
  for (const [index, token] of tokens.entries()) {
    const upper = token.text.toUpperCase();
    if (upper === "(") depth++;
    if (upper === ")") depth--;
    if (depth > 0 || token.kind !== "word") continue;
    if (upper === "SELECT" || upper === "ON") return undefined;
    if (upper === "VALUES" || upper === "VALUE") values = true;
    if (upper === "AS" && values && tokens[index - 1]?.text === ")") return token;
  }
  return undefined;
}

/** How a statement ends a transaction, or begins one, or neither. */
export function transactionStep(sql: string): "begin" | "commit" | "rollback" | undefined {
  const [first, second] = tokensOf(sql).map((token) => token.text.toUpperCase());
  if (first === "BEGIN" || first === "START" && second === "TRANSACTION") return "begin";
  if (first === "COMMIT") return "commit";
  return first === "ROLLBACK" && second !== "TO" ? "rollback" : undefined;
}

/** LAST_INSERT_ID() without an argument is the session's, of whose connection MySQL knows nothing. */
export function withLastInsertId(sql: string, value: string): string {
  const tokens = tokensOf(sql);
  let text = "";
  let end = 0;
  for (const [index, token] of tokens.entries()) {
    const [open, close] = tokens.slice(index + 1, index + 3);
    if (token.kind !== "word" || token.text.toUpperCase() !== "LAST_INSERT_ID") continue;
    if (open?.text !== "(" || close?.text !== ")") continue;
    text += `${sql.slice(end, token.start)}${value}`;
    end = close.start + 1;
  }
  return text + sql.slice(end);
}

/**
 * The end of Vitess's messages. It replaces literals by variables and then tells their values unless
 * it is set up not to. What the live service does has changed over time, so here they are told: a
 * driver must not pass any of this on.
 */
export function sqlInMessage(sql: string): string {
  let text = "";
  let end = 0;
  const variables: string[] = [];
  for (const token of tokensOf(sql)) {
    if (token.kind !== "text" && token.kind !== "number") continue;
    const name = `vtg${variables.length + 1}`;
    const value = token.kind === "text" ? token.text.slice(1, -1) : token.text;
    const type = token.kind === "text" ? "VARCHAR" : "INT64";
    variables.push(`${name}: ${JSON.stringify(`type:${type} value:${JSON.stringify(value)}`)}`);
    text += `${sql.slice(end, token.start)}:${name}`;
    end = token.start + token.text.length;
  }
  return `Sql: ${JSON.stringify(text + sql.slice(end))}, BindVars: {${variables.join(" ")}}`;
}
