/**
 * `deno run -A tests/bench/hash_ring.ts`: the hash ring with its own hash and with Tooz's, and a
 * popular peer. On a ring of 1,000 nodes with 32 points each, all in one run.
 *
 * - `--quick` looks only briefly.
 */
import Peer from "npm:hashring@3.2.0";
import { HashRing } from "../../coordination/partition/hash_ring.ts";
import { md5 } from "../../coordination/partition/tooz_hashes.ts";
import { contest, type Effort } from "./contest.ts";
import { type Row, tablesOf } from "./row.ts";

const NODES = Array.from({ length: 1_000 }, (_, i) => `node-${i}`);
const KEYS = Array.from({ length: 1_000 }, (_, i) => `user:${i}`);

/** Its default is 4 × 40 points; this is as many as ours. */
const makePeer = (): Peer => new Peer(NODES, "md5", { "vnode count": 8, "max cache size": 1 });

/** How many times as long as Baton's native mode the others take. */
export async function hashRingRows({ rounds, turns }: Effort): Promise<Row[]> {
  const build = (options = {}) => (): void => {
    new HashRing(NODES, options).getNode("first");
  };
  const builds = await contest(["native", build()], [
    ["Baton, md5 mode", build({ hash: md5 })],
    ["hashring, 32 points", () => makePeer().get("first")],
  ], { rounds, turns });

  const [ours, tooz, peer] = [new HashRing(NODES), new HashRing(NODES, { hash: md5 }), makePeer()];
  const lookUps = await contest(["native", () => KEYS.forEach((key) => ours.getNode(key))], [
    ["Baton, md5 mode", () => KEYS.forEach((key) => tooz.getNode(key))],
    ["hashring, 32 points", () => KEYS.forEach((key) => peer.get(key))],
  ], { rounds: rounds * 5, turns });
  const replicas = await contest(
    ["native", () => KEYS.forEach((key) => ours.getNodes(key, { replicas: 3 }))],
    [
      ["Baton, md5 mode", () => KEYS.forEach((key) => tooz.getNodes(key, { replicas: 3 }))],
      ["hashring, 32 points", () => KEYS.forEach((key) => peer.range(key, 3))],
    ],
    { rounds: rounds * 5, turns },
  );

  let extra = 0;
  const joins = await contest(["look-ups", () => KEYS.forEach((key) => ours.getNode(key))], [
    ["a node joins or leaves", () => {
      if (extra++ % 2 === 0) ours.addNode("extra");
      else ours.removeNode("extra");
      ours.getNode("first");
    }],
  ], { rounds: rounds * 5, turns });

  const rows = (table: string, standings: typeof builds): Row[] =>
    standings.map(({ name, median: value, low, high }) => (
      { table, name, value, low, high, timed: true }
    ));
  return [
    ...rows("Hash ring of 1,000 nodes, built: time in units of the native mode", builds),
    ...rows("Look-up of one node: time in units of the native mode", lookUps),
    ...rows("Look-up of 3 replicas: time in units of the native mode", replicas),
    ...rows("Change of the ring: time in units of 1,000 native look-ups", joins),
  ];
}

if (import.meta.main) {
  const rows = await hashRingRows({ rounds: Deno.args.includes("--quick") ? 3 : 30, turns: 1 });
  Deno.stdout.writeSync(new TextEncoder().encode(`${tablesOf(rows)}\n`));
}
