/**
 * Bugs of an `inspect` with a limit, each of which a law of the suite must notice.
 *
 * @module
 */

import type { Driver, Inspect, Lease, Op, Outcome } from "../../drivers/driver.ts";
import { bySeat, lastPage } from "../../drivers/kit/mod.ts";
import { eachOp } from "../tools/each_op.ts";
import { planted } from "./planted.ts";

/** Answers one page; `run` is the sound driver. */
type Paging = (
  op: Inspect & { limit: number },
  run: (op: Inspect) => Promise<Outcome>,
) => Promise<Outcome>;

/** Puts a bug into the pages of a sound driver; everything else stays sound. */
const paging = (bug: Paging) => (inner: Driver): Driver =>
  eachOp(inner, (op, run) => {
    const paged = op.op === "inspect" && op.limit !== undefined;
    return paged ? bug(op as Inspect & { limit: number }, run) : run(op);
  });

/** Cuts its pages from all leases, the last first, of which `fits` keeps some. */
const cutting = (
  fits: (lease: Lease, before: string | undefined) => boolean,
  order: (one: Lease, two: Lease) => number = (one, two) => bySeat(two, one),
) =>
  paging(async ({ op, resource, limit, before }, run) => {
    const { leases } = await run({ op, resource });
    const there = leases.filter((lease) => fits(lease, before)).sort(order);
    return lastPage(there.slice(0, limit), limit);
  });

planted(
  "a page is the last one however much is left",
  "the pages of a resource hold",
  paging(async (op, run) => {
    const { after: _, ...outcome } = await run(op);
    return outcome;
  }),
);
planted(
  "the seat that a page begins before is on it again",
  "the pages of a resource hold",
  paging(async (op, run) =>
    await run({ ...op, before: op.before === undefined ? undefined : `${op.before}0` })
  ),
);
planted(
  "a page begins with the second one",
  "the pages of a resource hold",
  paging(async (op, run) => {
    const outcome = await run(op);
    return op.before === undefined ? outcome : { ...outcome, leases: outcome.leases.slice(0, -1) };
  }),
);
planted(
  "the pages go on to the next resource",
  "the pages of a resource hold",
  paging(async (op, run) => {
    const outcome = await run(op);
    const other = await run({ op: "inspect", resource: `${op.resource}0` });
    return outcome.after ? outcome : { ...outcome, leases: [...outcome.leases, ...other.leases] };
  }),
);
planted(
  "a page is twice as long as its limit",
  "a page has no more leases",
  paging(async (op, run) => await run({ ...op, limit: Math.min(1_000, 2 * op.limit) })),
);
planted(
  "a page is in the order in which it is read",
  "a page has no more leases",
  paging(async (op, run) => {
    const outcome = await run(op);
    return { ...outcome, leases: outcome.leases.toReversed() };
  }),
);
planted(
  "a limit takes the first seats in place of the last",
  "seats that are numbers",
  cutting(({ seat }, before) => before === undefined || seat > before, bySeat),
);
planted(
  "seats come in the order of their tokens",
  "seats that are numbers",
  cutting(
    ({ seat }, before) => before === undefined || seat < before,
    (one, two) => two.token - one.token,
  ),
);
planted(
  "a page begins only before a seat that is held",
  "a page may begin before any seat",
  paging(async (op, run) => {
    const { leases } = await run({ op: "inspect", resource: op.resource });
    const held = leases.some(({ seat }) => seat === op.before);
    return await run(held ? op : { ...op, before: undefined, limit: 1 });
  }),
);
const ended: Lease[] = [];
planted(
  "a page shows what has ended",
  "a lease that was released or has ended is on no page",
  (inner) =>
    eachOp(inner, async (op, run) => {
      const outcome = await run(op);
      const brief = op.op === "acquire" && outcome.ok && op.ttl < 1_000;
      if (brief) ended.push(...outcome.leases);
      if (op.op !== "inspect" || op.limit === undefined) return outcome;
      return { ...outcome, leases: [...outcome.leases, ...ended].sort(bySeat) };
    }),
);
planted(
  "a limit makes a page of a seat that is named",
  "a limit changes nothing",
  paging(async (op, run) => await run({ ...op, seat: undefined })),
);
planted("a batch reads its pages first", "a page in a batch", (inner) => ({
  ...inner,
  async apply(ops, options) {
    const pages = (op: Op) => op.op === "inspect" && op.limit !== undefined;
    const first = await inner.apply(ops.filter(pages), options);
    const others = await inner.apply(ops.filter((op) => !pages(op)), options);
    const [one, two] = [first.values(), others.values()];
    return ops.map((op) => (pages(op) ? one : two).next().value!);
  },
}));
planted(
  "where a page begins is a count",
  "what lives through all pages",
  paging(async ({ op, resource, limit, before }, run) => {
    const { leases } = await run({ op, resource });
    const from = Number(before ?? 0);
    const there = leases.toReversed().slice(from, from + limit);
    const after = from + limit < leases.length && { after: `${from + limit}` };
    return { ok: true, leases: there.reverse(), ...after };
  }),
);
planted(
  "a limit of any size will do",
  "a prefix, cursor or page size",
  (inner) => ({
    ...inner,
    apply: (ops, options) =>
      inner.apply(
        ops.map((op) =>
          op.op === "inspect" && op.limit !== undefined
            ? { ...op, limit: Math.min(1_000, Math.max(1, op.limit | 0)) }
            : op
        ),
        options,
      ),
  }),
);
