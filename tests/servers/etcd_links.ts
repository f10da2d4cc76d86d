/**
 * The links between the members of an etcd cluster, which can be cut: each member is reached by the
 * others through a proxy, and every connection says in its first lines which member made it.
 */
import { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./process.ts";

/** The way to one member. */
export interface Link {
  /** The port at which other members reach it. */
  readonly port: number;
  stop(): Promise<void>;
}

export class Links {
  /** The number of each member, by the id that it gives itself. */
  readonly #numbers = new Map<string, number>();
  readonly #open = new Set<
    { from: string; readonly to: number; readonly end: () => void }
  >();
  #alone: number | undefined;

  /** Says which member has which id, in hexadecimal. Nothing can be cut before. */
  name(id: string, member: number): void {
    this.#numbers.set(id, member);
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

  /** The way to a member, whose port nobody may listen on yet. */
  async to(member: number, peer: number): Promise<Link> {
    const server = createServer((socket) => this.#accept(socket, member, peer));
    const port = await listening(server);
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

  #accept(socket: Socket, to: number, peer: number): void {
    const target = connect(peer, "127.0.0.1");
    const end = (): void => {
      socket.destroy();
      target.destroy();
      this.#open.delete(entry);
    };
    const entry = { from: "", to, end };
    this.#open.add(entry);
    for (const each of [socket, target]) each.on("error", end).on("close", end);
    // Kept as bytes: what follows the lines may be a message of theirs.
    let head = Buffer.alloc(0);
    const first = (chunk: Uint8Array): void => {
      head = Buffer.concat([head, chunk]);
      const text = head.toString("latin1");
      const [, id] = /^X-Server-From: ([0-9a-f]+)\r$/im.exec(text) ?? [];
      if (id === undefined && !text.includes("\r\n\r\n")) return;
      socket.off("data", first);
      entry.from = id ?? "";
      if (this.#isCut(entry)) return end();
      target.write(head);
      socket.pipe(target);
      target.pipe(socket);
    };
    socket.on("data", first);
  }
}

async function listening(server: Server): Promise<number> {
  const port = await freePort();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return port;
}
