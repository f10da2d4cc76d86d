/**
 * How large the long proofs are: short in `deno task test`, full in `deno task prove`. Only here the
 * environment is asked which.
 *
 * @module
 */

/** The variable that makes all proofs full. */
export const VARIABLE = "BATON_PROOFS";

const isFull = Deno.env.get(VARIABLE) === "full";

function size(short: number, full: number): number {
  return isFull ? full : short;
}

/** One number for each proof that grows with the time it is given. */
export const SIZES = {
  /** Seeds that the simulation runs. */
  simulatedSeeds: size(600, 10_000),
  /** Of the bugs planted for the simulation, each so-many-th is looked for. */
  plantedStep: size(4, 1),
  /** Random histories on which the linearizability checker is compared with every order. */
  comparedHistories: size(5_000, 50_000),
  /** Operations of each of eight clients on a backend in reach of this process. */
  operationsNearby: size(100, 400),
  /** The same over HTTP. */
  operationsOverHttp: size(80, 240),
  /** Calls between the old end of a lease and the late commit of its renewal, on each SQL server. */
  straddledEnds: size(8, 80),
  /** Random operations compared with the model, on each backend. */
  comparedOperations: size(1_200, 30_000),
  /** The same while leases end on a real clock, which is waited for. */
  endedOperations: size(60, 400),
  /** Leases of a namespace that is listed while clients come and go, on every backend. */
  listedLeases: size(600, 10_000),
  /** Rounds in which sixteen clients race on a backend whose requests take their time; half for groups. */
  raceRounds: size(60, 200),
  /** Rounds in which clients race for one document over HTTP, where each takes hundreds of requests. */
  documentRounds: size(20, 200),
  /** Whether what is the same wherever a document is, is tried on each of those backends. */
  contended: isFull,
  /** Members that join one group at once, where each write conflicts with each other one. */
  documentMembers: size(16, 100),
  /** Rounds in which members race there for a group, a lock or leadership. */
  documentRaces: size(5, 20),
  /** Whether workerd's R2, too, meets every law, random sequences, histories and races. */
  onWorkerdsR2: isFull,
  /** Leases that are listed while others come and go, in one document: each change writes them all. */
  documentLeases: size(100, 400),
  /** Rounds in which eight clients race for one group. */
  groupRaceRounds: size(150, 3_000),
  /** Grants that sixteen clients compete for in an SQL database; other races take a part of it. */
  sqlGrants: size(1_500, 15_000),
  /** How often an SQL database is killed under load. */
  sqlCrashes: size(3, 12),
  /** Slots of a cron job that three isolates run while some of them are killed. */
  workerSlots: size(80, 400),
  /** The same of the example whose object is killed, every twentieth slot. */
  objectSlots: size(80, 200),
  /** Slots of a job that are remembered, in pages of at most 1,000. */
  rememberedSlots: size(2_100, 10_000),
  /** On how many of the databases each runtime is held to the driver's contract. */
  databasesOfRuntime: size(1, 3),
  /** Operations that clients do while servers and clients are killed and frozen. */
  chaosOperations: size(800, 10_000),
  /** Operations on an ensemble whose leader is killed, frozen and cut off, and how often each. */
  ensembleOperations: size(1_500, 50_000),
  ensembleBlows: size(1, 20),
  /** How often one of eight processes is killed and one is frozen that share a lock by its name. */
  ipcRounds: size(3, 30),
  /** Names that are used once in each of four rounds of each of sixteen uses. */
  soakedNames: size(1_000, 25_000),
} as const;
