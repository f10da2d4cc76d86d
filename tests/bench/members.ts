/** What it takes to list a large group, against one bare read of as many bytes. */
import type { Acquire } from "../../drivers/driver.ts";
import { upstash } from "../../drivers/redis/upstash.ts";
import { Coordinator } from "../../mod.ts";
import type { Backend } from "./backend.ts";
import { bareSender } from "./clients.ts";
import { contest, type Effort } from "./contest.ts";
import type { Row } from "./row.ts";

const MEMBERS = 10_000;
/** How many join in one request, while the group is made. */
const TOGETHER = 500;

/** One row: `getMembers` of a group of ten thousand. */
export async function memberRows(backend: Backend, effort: Effort): Promise<Row[]> {
  const driver = upstash(backend);
  await using baton = new Coordinator(driver);
  await baton.createGroup("large");
  for (let first = 0; first < MEMBERS; first += TOGETHER) {
    await driver.apply(Array.from({ length: TOGETHER }, (_, i): Acquire => ({
      op: "acquire",
      resource: "group:large",
      seat: `worker-${first + i}`,
      id: crypto.randomUUID(),
      ttl: 600_000,
      value: JSON.stringify({ capabilities: { weight: 1 }, joined: 0, updated: 0, version: 0 }),
    })));
  }
  const leases = (await driver.apply([{ op: "inspect", resource: "group:large" }]))[0]?.leases ??
    [];
  const bytes = leases.reduce(
    (sum, { seat, id, value }) => sum + seat.length + id.length + value.length + 30,
    0,
  );
  const send = bareSender(backend);
  await send(["SET", "bare", "x".repeat(bytes)]);
  const [standing] = await contest(["a bare GET", async () => void await send(["GET", "bare"])], [
    ["getMembers", async () => {
      const { size } = await baton.getMembers("large");
      if (size !== MEMBERS) throw new Error(`${size} members`);
    }],
  ], effort);
  if (!standing) throw new Error("nobody stood");
  const { median, low, high } = standing;
  return [{
    table:
      `Upstash, loopback: ${MEMBERS} members in one request, in units of a bare GET of ${bytes} bytes`,
    name: "getMembers",
    value: median,
    low,
    high,
    timed: true,
  }];
}
