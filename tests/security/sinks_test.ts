/**
 * The search for secrets finds them: a leak is planted into each sink, in each form.
 *
 * @module
 */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { leaksIn, type SecretName, SECRETS } from "./secrets.ts";
import { assertNoSecret, printed, sentOut, SINKS } from "./sinks.ts";

/** A careless error for each place a secret can hide in. */
const CARELESS: Readonly<Record<string, (secret: string) => unknown>> = {
  "a message": (secret) => new Error(`cannot use ${secret}`),
  "a message cut short": (secret) => new Error(`cannot use ${secret}`.slice(0, 21)),
  "a stack alone": (secret) => Object.assign(new Error("x"), { stack: `Error: ${secret}` }),
  "a cause": (secret) => new Error("x", { cause: new Error(secret) }),
  "a cause's cause's property": (secret) =>
    new Error("x", { cause: new Error("y", { cause: Object.assign(new Error("z"), { secret }) }) }),
  "one of several errors": (secret) => new AggregateError([new Error(secret)], "x"),
  "a property": (secret) => Object.assign(new Error("x"), { request: { headers: [secret] } }),
  "a hidden property": (secret) => Object.defineProperty(new Error("x"), "sql", { value: secret }),
  "a property by symbol": (secret) => Object.assign(new Error("x"), { [Symbol("s")]: secret }),
  "the name of a property": (secret) => Object.assign(new Error("x"), { [secret]: 1 }),
  "a getter": (secret) =>
    Object.defineProperty(new Error("x"), "config", { get: () => ({ secret }), enumerable: true }),
  "a map": (secret) => ({ headers: new Map([["authorization", secret]]) }),
  "headers": (secret) => ({ headers: new Headers({ authorization: `Bearer ${btoa(secret)}` }) }),
  "a function's property": (secret) => Object.assign(() => {}, { secret }),
  "what toJSON answers": (secret) => ({ toJSON: () => ({ secret }) }),
  "what it says to an inspector": (secret) => ({ [inspect.custom]: () => `<${secret}>` }),
  "a text that was thrown": (secret) => `refused: ${secret}`,
};

Deno.test("a secret planted anywhere in what is thrown is found, and nothing is found where none is", async (t) => {
  for (const [where, make] of Object.entries(CARELESS)) {
    await t.step(where, () => {
      for (const secret of Object.values(SECRETS)) {
        assert.throws(() => assertNoSecret(make(secret), where), assert.AssertionError, secret);
      }
      assertNoSecret(make("an innocent word"), where);
    });
  }
});

Deno.test("each sink finds by itself what it is there for", () => {
  const { token } = SECRETS;
  const only: Readonly<Record<string, unknown>> = {
    "String": { toString: () => token },
    "the message": Object.create({ message: token }),
    "the stack": Object.create({ stack: token }),
    "JSON": { toJSON: () => token },
    "JSON of all own properties": Object.defineProperty({}, "hidden", { value: token }),
    "the chain of causes": Object.create({ cause: { token } }),
    "node's inspect, hidden properties and getters too": Object.defineProperty({}, "x", {
      value: token,
    }),
    "node's inspect, getters too": {
      get own() {
        return token;
      },
    },
    "node's inspect, of the bare object": { [inspect.custom]: () => "…", token },
    "Deno's inspect, hidden properties and getters too": Object.defineProperty({}, "x", {
      value: token,
    }),
    "Deno's inspect, getters too": { [Symbol.for("Deno.customInspect")]: () => token },
    "a walk through everything": Object.defineProperty(() => {}, "deep", { value: { token } }),
  };
  for (const [sink, show] of Object.entries(SINKS)) {
    assert.notDeepEqual(leaksIn(show(only[sink])), [], sink);
    assert.deepEqual(leaksIn(show(new Error("no secret"))), [], sink);
  }
});

Deno.test("a secret is found whatever form it has been given, and wherever it begins", () => {
  const html = (text: string) => text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
  const bytes = (text: string) => Array.from(new TextEncoder().encode(text));
  const forms: Readonly<Record<string, (text: string) => string>> = {
    "a Basic header": (text) => btoa(`user:${text}`),
    "a Basic header with another user": (text) => btoa(`ab:${text}:cd`),
    "a statement's literal": (text) => `x'${bytes(text).map((b) => b.toString(16)).join("")}'`,
    "a query": (text) => new URLSearchParams({ text }).toString().replaceAll("+", "%20"),
    "JSON in JSON": (text) => JSON.stringify(JSON.stringify({ ops: [{ id: text }] })),
    "a page": (text) => `<p>${html(text)}</p>`,
    "its first half": (text) => text.slice(0, Math.ceil(text.length / 2) + 2),
  };
  for (const [form, make] of Object.entries(forms)) {
    for (const [name, secret] of Object.entries(SECRETS) as [SecretName, string][]) {
      const found = leaksIn(`before ${make(secret)} after`).map((leak) =>
        leak.secret.split(",")[0]
      );
      assert(found.includes(name), `${name} as ${form}: ${make(secret)}`);
    }
  }
});

Deno.test("what is printed is caught, and so are a response's body, headers and status", async () => {
  const { cron, user } = SECRETS;
  const out = console;
  for (const method of ["log", "warn", "error", "debug", "info"] as const) {
    const caught = await printed(() => Promise.resolve(out[method]("x", { deep: [cron] })));
    assert.notDeepEqual(leaksIn(caught), [], method);
  }
  const careless = [
    new Response(cron),
    new Response(null, { headers: { location: `https://${encodeURIComponent(user)}@h/` } }),
    new Response(null, { statusText: cron }),
  ];
  for (const response of careless) assert.notDeepEqual(leaksIn(await sentOut(response)), []);
  assert.deepEqual(leaksIn(await sentOut(new Response("fine"))), []);
});
