/** How many requests each operation is over HTTP, counted by the front end, and what is sent. */
import { Coordinator } from "../../mod.ts";
import type { Row } from "./row.ts";
import type { Sent, SqlBackend } from "./sql_ways.ts";

/** Every operation once, each on names of its own. */
export async function sqlRequestRows({ kind, vendor, requests }: SqlBackend): Promise<Row[]> {
  const sent: Sent[] = [];
  const driver = vendor.recorded((each) => sent.push(each));
  await using one = new Coordinator(driver, { memberId: "one", ttl: 600_000 });
  await using two = new Coordinator(driver, { memberId: "two", ttl: 600_000 });
  const rows: Row[] = [];
  const count = async <T>(name: string, once: () => Promise<T>): Promise<T> => {
    await requests();
    sent.length = 0;
    const answer = await once();
    const value = await requests();
    // MySQL cleans up after one grant in 64: not what the operation costs.
    const swept = sent.filter(({ sql }) => /timestampdiff\(hour|^delete/.test(sql)).length;
    const note = `${bytesOf(sent)} bytes of statements`;
    const table = `${vendor.name}: HTTP requests per operation`;
    rows.push({ table, name, value: value - swept, note, timed: false });
    return answer;
  };

  const lock = one.getLock("invoices");
  const lease = await count("acquire", () => lock.hold({ timeout: 0 }));
  await count("acquire, refused", () => two.getLock("invoices").acquire({ timeout: 0 }));
  await count("renew", () => lease.renew());
  await count("release", () => lease.release());
  await count("acquire shared", () => one.getLock("report").acquire({ shared: true }));
  await count("acquire, refused by a reader", () => two.getLock("report").acquire({ timeout: 0 }));
  await count("campaign, won", () => one.election("group").campaign());
  await count("campaign, lost", () => two.election("group").campaign());
  await count("leader", () => two.getLeader("group"));
  const slot = Date.now();
  await count("cron claim", () => one.cron("nightly").run({ slot }, () => {}));
  await count("cron lose", () => two.cron("nightly").run({ slot }, () => {}));

  await using many = new Coordinator(driver, { memberId: "many", ttl: 600_000 });
  for (let i = 0; i < 10; i++) await many.getLock(`shard-${i}`).acquire({ timeout: 0 });
  await count("heartbeat of 10 leases", () => many.heartbeat());

  await count("create a group", () => one.createGroup("workers"));
  await count("join a group", () => one.joinGroup("workers"));
  await count("join and create a group", () => one.joinGroupCreate("others"));
  await count("list the members", () => two.getMembers("workers"));
  await count("update capabilities", () => one.updateCapabilities("workers", 1));
  await one.watchJoinGroup("workers", () => {});
  one.watchElectedAsLeader("workers", () => {});
  await count("tick: 4 leases, 1 group, 1 campaign", () => one.tick());
  await count("tick: 5 leases, 1 group", () => one.tick());
  await count("leave a group", () => one.leaveGroup("others"));
  // One statement is the whole of any apply there.
  return kind === "neon" ? rows.map((row) => ({ ...row, limit: 1 })) : rows;
}

function bytesOf(sent: readonly Sent[]): number {
  const bytes = (text: string): number => new TextEncoder().encode(text).length;
  return sent.reduce(
    (sum, { sql, values }) => values.reduce((all, value) => all + bytes(value), sum + bytes(sql)),
    0,
  );
}
