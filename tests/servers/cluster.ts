/** What servers in a cluster have in common, whichever they are. */
import { type Server, until } from "./process.ts";

/** Members that can be killed, frozen and cut off from each other. */
export interface Cluster<M extends Server = Server> {
  readonly members: readonly M[];
  /** The number of the member that most follow; waits until there is one. */
  leader(): Promise<number>;
  /** Cuts a member off from the others. Clients reach it still. */
  cutOff(member: number): void;
  /** Ends that. */
  mend(): void;
  stop(): Promise<void>;
}

/** Starts members together, for none is ready alone. If one fails, none is left. */
export async function startTogether<M extends Server>(
  starts: readonly Promise<M>[],
): Promise<readonly M[]> {
  const started = await Promise.allSettled(starts);
  const members = started.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  const failed = started.find((each) => each.status === "rejected");
  if (failed === undefined) return members;
  await Promise.all(members.map((each) => each.stop()));
  throw failed.reason;
}

/** Asks until there is a leader, and answers its number; `find` answers -1 while there is none. */
export async function leaderBy(find: () => Promise<number>): Promise<number> {
  let found = -1;
  await until("one member leads", async () => (found = await find()) >= 0);
  return found;
}

/** Waits until another member than this one leads, and answers its number. */
export async function anotherLeads(cluster: Cluster, before: number): Promise<number> {
  let leader = before;
  await until("another leads", async () => (leader = await cluster.leader()) !== before);
  return leader;
}
