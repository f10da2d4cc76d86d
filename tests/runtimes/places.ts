/**
 * One running database for each vendor that is reached over HTTP, and a front end of it for every
 * runtime: what one runtime meets on the wire is not another's business.
 *
 * @module
 */

import { type Backend, having, type Wire } from "../backends/mod.ts";

/** A database. */
export interface Database {
  readonly name: string;
  /** A front end over it. */
  front(): Promise<Wire>;
  stop(): Promise<void>;
}

/** Runtimes differ in how they speak to a vendor, not in what stands behind it: one backend each. */
const BY_VENDOR: readonly Backend<"wire">[] = [
  ...new Map(
    having("wire").reverse().map((backend) => [backend.vendors?.[0]?.name, backend] as const),
  ).values(),
].reverse();

/** Starts them all, each with its schema. */
export async function startDatabases(): Promise<readonly Database[]> {
  const started = await Promise.allSettled(BY_VENDOR.map(start));
  const databases = started.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  const failed = started.find((each) => each.status === "rejected");
  if (failed) {
    await Promise.all(databases.map((each) => each.stop()));
    throw failed.reason;
  }
  return databases;
}

async function start({ name, start }: Backend<"wire">): Promise<Database> {
  const { wire, stop } = await start();
  return { name, front: () => wire.another(), stop };
}
