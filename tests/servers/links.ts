/**
 * The links between the members of a cluster, which can be cut: each member is reached by the others
 * through a proxy, which sees at every connection which member made it.
 */
import { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./ports.ts";

const LOOPBACK = "127.0.0.1";

/** The way to one member. */
export interface Link {
  /** The port at which other members reach it. */
  readonly port: number;
  stop(): Promise<void>;
}

/** A port of an address of this host. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Who makes a connection, by its name; `""` for nobody of the cluster. `undefined` if that cannot be
 * said yet.
 *
 * @param head The first bytes that came.
 * @param host The address that it comes from.
 */
export type SenderOf = (head: string, host: string) => string | undefined;

export class Links {
  /** The number of each member, by its name in connections. */
  readonly #numbers = new Map<string, number>();
  readonly #senderOf: SenderOf;
  readonly #open = new Set<
    { from: string; readonly to: number; readonly end: () => void }
  >();
  #alone: number | undefined;

  constructor(senderOf: SenderOf) {
    this.#senderOf = senderOf;
  }

  /** Says which member has which name in connections. Nothing can be cut before. */
  name(name: string, member: number): void {
    this.#numbers.set(name, member);
  }

  /** Cuts all links of one member. Clients reach it still. */
  cutOff(member: number): void {
    this.#alone = member;
    for (const each of this.#open) if (this.#isCut(each)) each.end();
  }

  /** Mends all links. */
  mend(): void {
    this.#alone = undefined;
  }

  /**
   * The way to a member, whose port nobody may listen on yet.
   *
   * @param from Where others reach it. Default: a free port of this host.
   */
  async to(member: number, target: Address, from?: Address): Promise<Link> {
    const server = createServer((socket) => this.#accept(socket, member, target));
    const { host, port } = from ?? { host: LOOPBACK, port: await freePort() };
    await listening(server, host, port);
    return {
      port,
      stop: () => {
        for (const each of this.#open) if (each.to === member) each.end();
        return new Promise((resolve) => server.close(() => resolve()));
      },
    };
  }

  #isCut({ from, to }: { from: string; to: number }): boolean {
    if (this.#alone === undefined) return false;
    return to === this.#alone || this.#numbers.get(from) === this.#alone;
  }

  #accept(socket: Socket, to: number, { host, port }: Address): void {
    const target = connect(port, host);
    const end = (): void => {
      socket.destroy();
      target.destroy();
      this.#open.delete(entry);
    };
    const entry = { from: "", to, end };
    this.#open.add(entry);
    for (const each of [socket, target]) each.on("error", end).on("close", end);
    // Kept as bytes: they are a part of the members' messages.
    let head = Buffer.alloc(0);
    const first = (chunk: Uint8Array): void => {
      head = Buffer.concat([head, chunk]);
      const from = this.#senderOf(head.toString("latin1"), socket.remoteAddress ?? "");
      if (from === undefined) return;
      socket.off("data", first);
      entry.from = from;
      if (this.#isCut(entry)) return end();
      target.write(head);
      socket.pipe(target);
      target.pipe(socket);
    };
    socket.on("data", first);
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}
