import assert from "node:assert/strict";
import { zookeeper } from "../../../drivers/zookeeper/zookeeper.ts";
import { until } from "../../servers/process.ts";
import {
  startZookeeperEnsemble,
  type ZookeeperEnsemble,
} from "../../servers/zookeeper_ensemble.ts";
import { seedOfRun } from "../../tools/chance.ts";
import { SIZES } from "../../tools/size_of_proofs.ts";
import { type Crowd, startCrowd } from "./crowd.ts";
import type { Handle } from "./with_zookeeper.ts";

const CLIENTS = 8;
const seed = seedOfRun();

/** What is done to a leader, and undone when the others have gone on without it. */
const BLOWS: readonly ((ensemble: ZookeeperEnsemble, leader: number) => {
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
})[] = [
  ({ members }, leader) => ({
    begin: () => members[leader]!.kill(),
    end: () => members[leader]!.restart(),
  }),
  ({ members }, leader) => ({
    begin: () => members[leader]!.pause(),
    end: () => members[leader]!.resume(),
  }),
  (ensemble, leader) => ({
    begin: () => ensemble.cutOff(leader),
    end: () => ensemble.mend(),
  }),
];

const { ensembleBlows, ensembleOperations } = SIZES;

Deno.test(`ZooKeeper: over ${ensembleOperations} operations, with the leader killed, frozen and cut off ${ensembleBlows} times each, no two hold a lock and no token goes back (seed ${seed})`, async () => {
  const ensemble = await startZookeeperEnsemble();
  const handles = Array.from(
    { length: CLIENTS },
    () => zookeeper({ servers: ensemble.members.map(({ host }) => host) }) as Handle,
  );
  try {
    const crowd = startCrowd(handles, seed);
    const goOn = (count: number) => progress(crowd, count);
    const share = ensembleOperations / (2 * BLOWS.length * ensembleBlows);
    for (let round = 0; round < ensembleBlows; round++) {
      for (const blow of BLOWS) {
        await goOn(share);
        const { begin, end } = blow(ensemble, await ensemble.leader());
        await begin();
        await goOn(share);
        await end();
      }
    }
    await until("all is done", () => crowd.tally.operations >= ensembleOperations);
    await crowd.end();
    const { operations, granted, unknown, failed } = crowd.tally;
    assert.ok(granted > operations / 20, `few are granted: ${JSON.stringify(crowd.tally)}`);
    assert.ok(unknown + failed > ensembleBlows, `few met a blow: ${JSON.stringify(crowd.tally)}`);
  } finally {
    for (const each of handles) await each[Symbol.asyncDispose]();
    await ensemble.stop();
  }
});

/** Waits until so many further operations are known, whatever has happened to the servers. */
async function progress({ tally }: Crowd, count: number): Promise<void> {
  const before = tally.operations;
  await until("operations go on", () => tally.operations >= before + count);
}
