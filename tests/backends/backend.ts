/**
 * What a backend under test is, and what can be done to it. A capability that a backend lacks is absent
 * from its type, so a test that needs it cannot be written for that backend.
 *
 * @module
 */

import type { Driver, Op, Outcome } from "../../drivers/driver.ts";
import type { After, Backend as Place } from "../conformance/mod.ts";
import type { FakedClock, Looks } from "../servers/faked_clock.ts";
import type { Faults } from "../servers/faults.ts";
import type { Refusal } from "../servers/refusals.ts";
import { SIZES } from "../tools/size_of_proofs.ts";
import type { Table } from "./table.ts";

/** What some backends can and others cannot. */
export interface Capabilities {
  /** A process of its own, which can crash and freeze. */
  readonly server: Server;
  /** An HTTP front end, on which requests and replies get lost and are counted. */
  readonly wire: Wire;
  /** A table that tests can look into. */
  readonly table: Table;
  /** Its server's wall clock can be stepped: `start({ clock })` does not throw. */
  readonly steps: true;
  /** Its keys can get other names on their way: `start({ keyPrefix })` has an effect. */
  readonly renames: true;
}

/** The name of a capability. */
export type Capability = keyof Capabilities;

/** A clock, in ms since 1970, and timers that go by it. */
export interface Time {
  readonly now: () => number;
  readonly after: After;
}

/** How to start a backend. */
export interface StartOptions {
  /** One of {@link Backend.flushes}. Default: the first. */
  readonly flush?: string | undefined;
  /**
   * What a backend on a fake clock goes by; the caller lets it pass. Default: a clock of its own, which
   * {@link Running.pass} sets on.
   */
  readonly time?: Time | undefined;
  /** The wall clock that the server shows. Default: the host's. */
  readonly clock?: FakedClock | undefined;
  /** What a proxy on the way puts before every key. Default: there is none. */
  readonly keyPrefix?: string | undefined;
}

/** A running backend, as the law suite needs it. */
export interface Running extends Place {
  /**
   * The same, for one law alone. Where all leases are in one document, laws that run side by side would
   * make each other wait. Absent: they do not.
   */
  apart?(): Place;
  /** Ends it and removes all that it left on disk. */
  stop(): Promise<void>;
}

/** A running backend with these capabilities. */
export type RunningWith<C extends Capability> = Running & Pick<Capabilities, C>;

/** One entry of the registry. One start serves all tests of a file. */
export interface Backend<C extends Capability = never> {
  /** For titles of tests. */
  readonly name: string;
  /** For command lines. */
  readonly key: string;
  /** A fake clock is set on at random; over a real one leases only end in a smaller run. */
  readonly clock: "fake" | "real";
  /** How many sequences run at once; more than one hides the time that a request takes. */
  readonly lanes: number;
  /** What it can do. */
  readonly has: { readonly [K in C]: K extends "steps" ? Looks : true };
  /** When the server can write what it acknowledges to disk, if tests can choose. */
  readonly flushes?: readonly string[];
  /** How many leases of some hundred bytes a namespace holds. Absent: any number. */
  readonly holds?: number;
  /** Whether all writes of a namespace conflict with each other, so that crowds are to be smaller. */
  readonly contended?: true;
  /** Operations that take more requests than on other backends, with their numbers. */
  readonly costs?: Readonly<Record<string, number>>;
  /** Requests that several operations share, by their URL. Its own tests count them. */
  readonly shared?: (url: string) => boolean;
  /** How many requests more than that a batch took, by the chance of a token. */
  readonly byChance?: (ops: readonly Op[], outcomes: readonly Outcome[]) => number;
  /** The ways its driver speaks to a vendor. Absent: the driver sends nothing over HTTP. */
  readonly vendors?: readonly Vendor[];
  /** Starts it, empty and with its schema. */
  start(options?: StartOptions): Promise<RunningWith<C>>;
}

/** A process that tests can crash and freeze. */
export interface Server {
  /** What a crash takes of what was acknowledged. */
  readonly loses: "nothing" | "some" | "everything";
  /** Ends it as a crash would. `dice`, from 0 up to 1, chooses among the ways there are. */
  kill(dice?: number): Promise<void>;
  /** Starts it again, in good order when it still runs. Resolves when it answers. */
  restart(): Promise<void>;
  /** Freezes it: connections stay, nothing is answered. */
  pause(): void;
  /** Ends the freeze. */
  resume(): void;
  /** From now on it answers, and refuses what it is asked. `dice` chooses among the ways there are. */
  refuse(dice: number): Promise<Refusal>;
}

/** A front end that speaks as the vendor does. */
export interface Wire {
  /** Where it is, as users give it to `getCoordinator()`. */
  readonly url: string;
  /** Where one is alone, if others can be too many for one place. Each time it is another place. */
  apart?(): string;
  /** What happens to requests, and what has happened to them. */
  readonly faults: Faults;
  /** HTTP requests so far, the lost ones too. */
  readonly requests: number;
  /** How many requests of a write only look, and come before the one that writes. Absent: none. */
  readonly looks?: number;
  /** A driver that sends what it is asked for and nothing besides, so that requests can be counted. */
  connect(): Driver;
  /** Makes the schema, as a user does. Absent: there is none. */
  migrate?(): Promise<void>;
  /** Another front end over the same server. */
  another(): Promise<Wire>;
  /** Ends the front end. The server runs on. */
  stop(): Promise<void>;
}

/** Who somebody is to a vendor. */
export interface Account {
  readonly user: string;
  readonly password: string;
  readonly token: string;
}

/** A way to speak to a vendor, pointed at any host: the tests' own servers stand there. */
export interface Vendor {
  readonly name: string;
  /** The driver, over plain HTTP, or over TLS where the server speaks none. */
  driver(host: string, account: Account, protocol: "http" | "https"): Driver;
  /** Every way to make the driver from a URL, or from a piece of one, as people paste it. */
  pasted?(url: string, account: Account): readonly (() => Driver)[];
  /** The client is the user's own, so its settings are, too. */
  readonly usersClient?: true;
  /** The client follows redirects and has no setting for them: a known limit. */
  readonly followsRedirects?: true;
  /** The URL for `getCoordinator()`. Absent: no URL leads to this driver. */
  url?(host: string, account: Account): string;
  /** Creates the schema. Absent: there is none. */
  migrate?(host: string, account: Account): Promise<void>;
}

/** How large the long laws are where each request takes its time. */
export const BY_REQUESTS = { many: SIZES.listedLeases, rounds: SIZES.raceRounds } as const;

/** Lets time pass on a real clock. */
export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
