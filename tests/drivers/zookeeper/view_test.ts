/**
 * What is read in one flight, and whether it is of one instant, where every answer is chosen.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Call } from "../../../drivers/zookeeper/call.ts";
import { Nodes, written } from "../../../drivers/zookeeper/nodes.ts";
import { reads, View } from "../../../drivers/zookeeper/view.ts";
import { list, type Stat, watchBelow, write } from "../../../drivers/zookeeper/wire.ts";
import { UnknownOutcome } from "../../../errors.ts";
import { answering, reply, stat } from "./answering.ts";

Deno.test("ZooKeeper: a flight of reads has the time, the lists and the nodes, each in its place", async () => {
  const [found, names] = [{ text: "t", stat: stat() }, { names: ["x"] }];
  const { ensemble, flights } = answering((parts) => {
    const own = reply([names, found, { error: -101 }]);
    return parts.length === 1 ? [own] : [reply([{ stat: stat({ mtime: 77 }) }]), reply([]), own];
  });
  const call = new Call(ensemble, {});
  const paths = ["/a", "/b"];
  const seen = await reads(call, paths, [list("/l")], write("/clock", "n"), watchBelow("/w"));
  assert.deepEqual([seen.now, seen.lists, seen.atOnce], [77, [names], true]);
  assert.deepEqual([...seen.at], [["/a", found], ["/b", { error: -101 }]]);
  assert.deepEqual(flights[0]?.map(({ type, watches }) => [type, watches]), [
    [5, undefined],
    [8, "/w"],
    [22, undefined],
  ]);
  assert.ok(Number.isNaN((await reads(call, paths, [list("/l")])).now));
});

Deno.test("ZooKeeper: any other refusal of a read is an error", async () => {
  const call = new Call(answering(() => [reply([{ error: -102 }])]).ensemble, {});
  await assert.rejects(reads(call, ["/a"], []), { code: "unauthorized" });
  const odd = reply([]);
  odd.answer.results = () => {
    throw new RangeError("too short");
  };
  const broken = new Call(answering(() => [odd]).ensemble, {});
  await assert.rejects(reads(broken, ["/a"], []), UnknownOutcome);
});

Deno.test("ZooKeeper: long names take several looks, which are of one instant if nothing was written between", async () => {
  const name = (n: number) => `${n}`.padEnd(100_000, "x");
  const paths = Array.from({ length: 4 }, (_, n) => name(n));
  const seen = async (second: Partial<Stat>) => {
    const { ensemble, flights } = answering(() => [
      reply([0, 1, 2].map(() => ({ stat: stat({ mzxid: 9, pzxid: 9 }) })), { zxid: 9 }),
      reply([{ stat: stat(second) }], { zxid: 10 }),
    ]);
    const { atOnce, at } = await reads(new Call(ensemble, {}), paths, []);
    assert.deepEqual([flights[0]?.length, at.size], [2, 4]);
    return atOnce;
  };
  assert.equal(await seen({ mzxid: 9, pzxid: 9 }), true);
  assert.equal(await seen({ mzxid: 10 }), false);
  assert.equal(await seen({ pzxid: 10 }), false);
  // One look is of one instant, whatever is in it.
  const one = answering(() => [reply([{ stat: stat({ mzxid: 99 }) }], { zxid: 9 })]);
  assert.equal((await reads(new Call(one.ensemble, {}), ["/a"], [])).atOnce, true);
  // A name alone is looked at, however long it is.
  const long = answering(() => [reply([]), reply([{ error: -101 }])]);
  await reads(new Call(long.ensemble, {}), ["x".repeat(300_001)], []);
  assert.equal(long.flights[0]?.length, 2);
});

Deno.test("ZooKeeper: a look at a whole resource counts if no seat came or went, and if it is of one instant", async () => {
  const nodes = new Nodes("/baton");
  // So long that the seat is in a look of its own.
  const [resource, seat] = ["r".repeat(200_000), "s"];
  const name = nodes.seat({ resource, seat }).split("/").at(-1)!;
  const text = written({ id: "a", ttl: 90, value: "v" });
  const viewOf = ({ pzxid = 5, mzxid = 5 }) => {
    const { ensemble } = answering((_, n) => {
      const above = { stat: stat({ pzxid: n === 0 ? 5 : pzxid }) };
      return n === 0
        ? [reply([{ stat: stat({ mtime: 10 }) }]), reply([{ names: [name] }, above, above])]
        : [reply([above, above]), reply([{ text, stat: stat({ mtime: 0, mzxid }) }])];
    });
    return View.of([{ op: "inspect", resource }], nodes, new Call(ensemble, {}), "n");
  };
  const view = await viewOf({});
  assert.deepEqual(view?.live(resource).map(({ id, left }) => [id, left]), [["a", 80]]);
  assert.equal(await viewOf({ pzxid: 6 }), undefined, "another seat came or went");
  assert.equal(await viewOf({ mzxid: 10 }), undefined, "it was written to between the looks");
});
