/**
 * Bugs of `list`, each of which a law of the suite must notice.
 *
 * @module
 */

import type { ApplyOptions, Driver, Lease, List, Op, Outcome } from "../../drivers/driver.ts";
import { planted } from "./planted.ts";

/** Answers one list; `run` is the sound driver. */
type Listing = (op: List, run: (op: List) => Promise<Outcome>) => Promise<Outcome>;

/** Puts a bug into the lists of a sound driver; everything else stays sound. */
const listing = (bug: Listing) => (inner: Driver): Driver => ({
  ...inner,
  async apply(ops, options) {
    if (!ops.some(({ op }) => op === "list")) return await inner.apply(ops, options);
    const run = async (op: Op): Promise<Outcome> => (await inner.apply([op], options))[0]!;
    const outcomes = [];
    for (const op of ops) outcomes.push(await (op.op === "list" ? bug(op, run) : run(op)));
    return outcomes;
  },
});

/** Lists everything in one page, and keeps what fits. */
const keeping = (fits: (lease: Lease, prefix: string) => boolean) =>
  listing(async (op, run) => {
    const leases: Lease[] = [];
    let outcome = await run({ op: "list", prefix: "", limit: 1_000 });
    leases.push(...outcome.leases);
    while (outcome.after !== undefined) {
      outcome = await run({ op: "list", prefix: "", limit: 1_000, after: outcome.after });
      leases.push(...outcome.leases);
    }
    return { ok: true, leases: leases.filter((lease) => fits(lease, op.prefix)) };
  });

planted(
  "a list shows no resource",
  "a list shows the live leases",
  listing(async (op, run) => {
    const { leases, ...rest } = await run(op);
    return { ...rest, leases: leases.map(({ resource: _, ...lease }) => lease) };
  }),
);
planted(
  "a list is refused when it is empty",
  "a list shows the live leases",
  listing(async (op, run) => {
    const outcome = await run(op);
    return { ...outcome, ok: outcome.leases.length > 0 };
  }),
);
planted(
  "a list ends after its first page",
  "the pages of a list",
  listing(async (op, run) => {
    const { ok, leases } = await run(op);
    return { ok, leases };
  }),
);
planted(
  "a page begins after the first of the next",
  "the pages of a list",
  listing(async (op, run) => {
    const outcome = await run(op);
    return op.after === undefined ? outcome : { ...outcome, leases: outcome.leases.slice(1) };
  }),
);
planted(
  "a page leads to itself",
  "the pages of a list",
  listing(async (op, run) => {
    const outcome = await run(op);
    return op.after === undefined ? outcome : { ...outcome, after: op.after };
  }),
);
planted(
  "nothing begins with an empty prefix",
  "a list of everything",
  listing((op, run) => op.prefix === "" ? Promise.resolve({ ok: true, leases: [] }) : run(op)),
);
planted(
  "a prefix is a pattern",
  "a prefix is a text and no pattern",
  keeping(({ resource }, prefix) => {
    const pattern = Array.from(
      prefix,
      (letter) =>
        ({ "%": "[^]*", "_": "[^]" })[letter] ??
          letter.replace(/[.*+?^${}()|[\]\\/]/, "\\$&"),
    );
    return new RegExp(`^${pattern.join("")}`, "u").test(resource!);
  }),
);
planted(
  "a prefix ends before the last of characters",
  "a prefix is a text and no pattern",
  keeping(({ resource }, prefix) => resource! >= prefix && resource! < `${prefix}\u{10FFFF}`),
);
planted(
  "the case of a prefix does not matter",
  "a prefix is a text and no pattern",
  keeping(({ resource }, prefix) => resource!.toLowerCase().startsWith(prefix.toLowerCase())),
);
planted(
  "white space before a prefix is dropped",
  "any text may stand at the front",
  listing((op, run) => run({ ...op, prefix: op.prefix.trimStart() })),
);
planted(
  "resource and seat are one key",
  "a prefix is compared with the resource",
  keeping(({ resource, seat }, prefix) => `${resource}/${seat}`.startsWith(prefix)),
);
planted(
  "all namespaces are listed as one",
  "a namespace lists its own",
  keeping(({ resource }, prefix) => {
    const inner = /^(?:\w+\/)+(.*)$/s.exec(prefix)?.[1];
    return inner === undefined ? resource!.startsWith(prefix) : /\//.test(resource!) &&
      resource!.replace(/^(\w+\/)+/, "").startsWith(inner);
  }),
);
planted("a list comes from a cache", "a lease that was released or has ended", (inner) => {
  const seen = new Map<string, Promise<readonly Outcome[]>>();
  const cached = (ops: readonly Op[], options?: ApplyOptions) => {
    const key = JSON.stringify(ops);
    if (!seen.has(key)) seen.set(key, inner.apply(ops, options));
    return seen.get(key)!;
  };
  return {
    ...inner,
    apply: (ops, options) =>
      ops.every(({ op }) => op === "list") ? cached(ops, options) : inner.apply(ops, options),
  };
});
const granted = new Map<string, Lease>();
planted("a list shows what has ended", "a lease that was released or has ended", (inner) => ({
  ...inner,
  async apply(ops, options) {
    const outcomes = await inner.apply(ops, options);
    for (const [n, op] of ops.entries()) {
      const [lease] = outcomes[n]!.leases;
      const brief = op.op === "acquire" && outcomes[n]!.ok && op.ttl < 1_000;
      if (brief && lease) granted.set(lease.id, { ...lease, resource: op.resource });
    }
    return outcomes.map((outcome, n) => {
      const op = ops[n]!;
      if (op.op !== "list") return outcome;
      const dead = [...granted.values()].filter((it) => it.resource!.startsWith(op.prefix));
      return { ...outcome, leases: [...outcome.leases, ...dead] };
    });
  },
}));
planted(
  "a cursor is a count",
  "what lives through a listing",
  listing(async ({ prefix, after, limit }, run) => {
    const all: Lease[] = [];
    let next: string | undefined;
    do {
      const page = await run({ op: "list", prefix, limit: 1_000, ...(next && { after: next }) });
      all.push(...page.leases);
      next = page.after;
    } while (next !== undefined);
    const from = Number(after ?? 0);
    const leases = all.slice(from, from + limit);
    return { ok: true, leases, ...(from + limit < all.length && { after: `${from + limit}` }) };
  }),
);
planted("a batch does its lists first", "a list in a batch", (inner) => ({
  ...inner,
  async apply(ops, options) {
    const lists = await inner.apply(ops.filter(({ op }) => op === "list"), options);
    const others = await inner.apply(ops.filter(({ op }) => op !== "list"), options);
    const [one, two] = [lists.values(), others.values()];
    return ops.map(({ op }) => (op === "list" ? one : two).next().value!);
  },
}));
planted(
  "a cursor that is none begins with everything",
  "what is no cursor",
  listing(async (op, run) => {
    try {
      return await run(op);
    } catch {
      return await run({ op: "list", prefix: "", limit: 1_000 });
    }
  }),
);
planted(
  "a cursor that is none is the backend's trouble",
  "what is no cursor",
  listing(async (op, run) => {
    if (op.after !== undefined) JSON.parse(op.after);
    return await run(op);
  }),
);
planted(
  "a page of any size will do",
  "a prefix, cursor or page size",
  listing((op, run) => run({ ...op, limit: Math.min(1_000, Math.max(1, op.limit | 0)) })),
);
