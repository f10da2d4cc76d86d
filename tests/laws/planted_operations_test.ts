/**
 * The suite is worth nothing if it cannot fail. Each of these drivers has one bug, of a kind that
 * some lock library really had, and the law that forbids it must say so.
 * Bugs of whole calls and of restarts are in `planted_calls_test.ts`.
 *
 * @module
 */

import type { Acquire, Driver, Guard, Lease, Outcome, SeatOp } from "../../drivers/driver.ts";
import { decorated } from "../backends/decorators.ts";
import { casesFor } from "../conformance/mod.ts";
import { eachOp } from "../tools/each_op.ts";
import { planted } from "./planted.ts";

/** Changes the leases of every answer. */
const answering =
  (change: (leases: Lease[], op: SeatOp, ok: boolean) => Lease[]) => (inner: Driver) =>
    eachOp(inner, async (op, run) => {
      const { leases, ...rest } = await run(op);
      return { ...rest, leases: change([...leases], op, rest.ok) };
    });

/** Changes every operation on its way in. */
const asking = (change: (op: SeatOp) => SeatOp) => (inner: Driver) =>
  eachOp(inner, (op, run) => run(change(op)));

const look = ({ resource, seat }: Omit<Guard, "when">): SeatOp => ({
  op: "inspect",
  resource,
  ...(seat !== undefined && { seat }),
});
const fails = ({ when }: Guard, { leases }: Outcome) => (when === "held") === (leases.length === 0);
const turn = () => new Promise((resolve) => setTimeout(resolve));

planted(
  "release ignores the id",
  "a release with an id that does not hold the seat",
  asking((op) => {
    if (op.op !== "release") return op;
    const { id: _, ...rest } = op;
    return rest;
  }),
);
planted(
  "replay issues a new token",
  "an acquire sent again keeps its token",
  (inner) =>
    eachOp(inner, async (op, run) => {
      if (op.op !== "acquire") return await run(op);
      const { resource, seat, id } = op;
      await run({ op: "release", resource, seat, id });
      return await run(op);
    }),
);
planted(
  "replay prolongs the lease",
  "an acquire sent again half way",
  (inner) =>
    eachOp(inner, async (op, run) => {
      const outcome = await run(op);
      if (op.op === "acquire" && outcome.ok) {
        const { guard: _, ...rest } = op;
        await run({ ...rest, op: "renew" });
      }
      return outcome;
    }),
);
planted(
  "replay checks its guard again",
  "a replay is not held to a guard",
  (inner) =>
    eachOp(inner, async (op, run) => {
      if (op.op !== "acquire" || !op.guard) return await run(op);
      const seen = await run(look(op.guard));
      return fails(op.guard, seen) ? { ...seen, ok: false } : await run(op);
    }),
);
planted(
  "renew revives what has ended",
  "a renewal after release or break",
  (inner) =>
    eachOp(inner, async (op, run) => {
      const outcome = await run(op);
      if (op.op !== "renew" || outcome.ok) return outcome;
      return await run({ ...op, value: op.value ?? "", op: "acquire" });
    }),
);
planted(
  "renew issues a new token",
  "a renewal keeps the value",
  (inner) =>
    eachOp(inner, async (op, run) => {
      const renewal = await run(op);
      if (op.op === "renew" && renewal.ok) {
        await run({ ...op, op: "release" });
        await run({ ...op, value: op.value ?? "", op: "acquire" });
      }
      return renewal;
    }),
);
planted(
  "a refusal by what the batch has granted has another token",
  "what a batch has granted stands in the way",
  (inner) => ({
    ...inner,
    async apply(ops, options) {
      const outcomes = await inner.apply(ops, options);
      return outcomes.map((outcome, n) =>
        n === 0 || outcome.ok ? outcome : {
          ok: false,
          leases: outcome.leases.map((lease) => ({ ...lease, token: lease.token + 1 })),
        }
      );
    },
  }),
);
planted(
  "renew prolongs nothing",
  "a renewal prolongs the lease",
  (inner) =>
    eachOp(inner, async (op, run) => {
      if (op.op !== "renew" || op.value !== undefined) return await run(op);
      const { leases } = await run(look(op));
      return { ok: leases[0]?.id === op.id, leases: [] };
    }),
);
planted(
  "renew prolongs all that this handle has acquired",
  "a renewal prolongs its own lease alone",
  (inner) => {
    const mine: Acquire[] = [];
    return eachOp(inner, async (op, run) => {
      if (op.op === "acquire") mine.push(op);
      for (const { guard: _, patience: __, value: ___, ...each } of op.op === "renew" ? mine : []) {
        await run({ ...each, op: "renew" });
      }
      return await run(op);
    });
  },
);
planted(
  "renewals share the first one's ttl",
  "renewals in a batch have each their own ttl",
  (inner) => ({
    ...inner,
    async apply(ops, options) {
      const [ttl] = ops.flatMap((op) => op.op === "renew" ? [op.ttl] : []);
      return await inner.apply(
        ops.map((op) => op.op === "renew" && ttl ? { ...op, ttl } : op),
        options,
      );
    },
  }),
);
planted(
  "renew answers a lease",
  "a renewal keeps the value",
  (inner) =>
    eachOp(inner, async (op, run) => {
      if (op.op !== "renew") return await run(op);
      const { leases } = await run(look(op));
      const renewal = await run(op);
      return renewal.ok ? { ...renewal, leases } : renewal;
    }),
);
planted(
  "no lease ever ends",
  "a lease lives until its ttl",
  asking((op) => op.op === "acquire" ? { ...op, ttl: Infinity } : op),
);
planted(
  "ttl Infinity is the longest finite one",
  "a lease of ttl Infinity",
  asking((op) => "ttl" in op ? { ...op, ttl: Math.min(op.ttl, 2 ** 31 - 1) } : op),
);
planted(
  "leases name their resource where nobody asked",
  "a vacant seat is granted",
  answering((leases) => leases.map((lease) => ({ ...lease, resource: "namespace/resource" }))),
);
planted(
  "time left is in the wrong unit",
  "a refused acquire lists the holder",
  answering((leases) => leases.map((lease) => ({ ...lease, left: lease.left * 1000 }))),
);
planted(
  "tokens begin anew with each lease",
  "the token grows after a release",
  answering((leases) => leases.map((lease) => ({ ...lease, token: 1 }))),
);
planted(
  "tokens are finer than a number can tell",
  "a vacant seat is granted",
  answering((leases) => leases.map((it) => ({ ...it, token: it.token * 1e6 + 1 }))),
);
planted(
  "a refusal does not say who holds",
  "a refused acquire lists the holder",
  answering((leases, { op }, ok) => op === "acquire" && !ok ? [] : leases),
);
planted(
  "leases are ordered by code point",
  "leases are listed in the order",
  answering((leases) =>
    leases.sort((one, two) => {
      const [left, right] = [one, two].map(({ seat }) => seat.codePointAt(0) ?? -1);
      return (left ?? 0) - (right ?? 0);
    })
  ),
);
planted(
  "guards are ignored",
  "an acquire that wants a seat held",
  asking((op) => {
    if (op.op !== "acquire") return op;
    const { guard: _, ...rest } = op;
    return rest;
  }),
);
planted(
  "a guard is looked at first and acted on later",
  "joins and a delete that race",
  (inner) =>
    eachOp(inner, async (op, run) => {
      if (!("guard" in op) || !op.guard) return await run(op);
      const [own, seen] = [await run(look(op)), await run(look(op.guard))];
      await turn();
      if (own.leases.length === (op.op === "acquire" ? 0 : 1) && fails(op.guard, seen)) {
        return { ...seen, ok: false };
      }
      const { guard: _, ...rest } = op;
      return await run(rest);
    }),
);
planted(
  "a seat is looked at first and taken later",
  "of sixteen that race",
  (inner) =>
    eachOp(inner, async (op, run) => {
      if (op.op !== "acquire" || (await run(look(op))).leases.length > 0) return await run(op);
      await turn();
      const { resource, seat } = op;
      await run({ op: "release", resource, seat });
      return await run(op);
    }),
);
planted(
  "the guard of a release is looked at before its holder",
  "a release of what is not held",
  (inner) =>
    eachOp(inner, async (op, run) => {
      if (op.op !== "release" || !op.guard) return await run(op);
      const seen = await run(look(op.guard));
      return fails(op.guard, seen) ? { ...seen, ok: false } : await run(op);
    }),
);
planted(
  "case does not matter",
  "every text is a seat of its own",
  asking((op) => "seat" in op && op.seat ? { ...op, seat: op.seat.toLowerCase() } : op),
);
planted(
  "values are decoded as JSON on their way out",
  "every text is a value",
  answering((leases) =>
    leases.map((lease) => {
      try {
        return { ...lease, value: `${JSON.parse(lease.value)}` };
      } catch {
        return lease;
      }
    })
  ),
);
Deno.test("the suite finds nothing wrong with a decorator that has no bug", async () => {
  const backend = decorated((inner) => eachOp(inner, (op, run) => run(op)));
  for (const { run } of await casesFor(backend)) await run(backend);
});
