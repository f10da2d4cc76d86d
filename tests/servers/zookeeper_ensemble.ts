/** Three real ZooKeepers in an ensemble, whose servers can be killed, frozen and cut off from each other. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort, until } from "./process.ts";
import { asked, startZookeeperMember, type ZookeeperServer } from "./zookeeper.ts";

export interface ZookeeperEnsemble {
  readonly members: readonly ZookeeperServer[];
  /** The number of the member that leads and serves; waits until there is one. */
  leader(): Promise<number>;
  /** Cuts a member off from the others. Clients reach it still. */
  cutOff(member: number): void;
  /** Ends that. */
  mend(): void;
  stop(): Promise<void>;
}

const SIZE = 3;
/** In ticks: how long a server may take to begin, and how long it may be silent. */
const TIMINGS = ["initLimit=10", "syncLimit=4"];

export async function startZookeeperEnsemble(): Promise<ZookeeperEnsemble> {
  const links = new Links();
  const members = await startMembers(links).catch(async (error) => {
    await links.stop();
    throw error;
  });
  return {
    members,
    async leader() {
      let found = -1;
      await until("one member leads", async () => {
        const modes = await Promise.all(
          members.map(({ port }) => asked(port, "srvr").catch(String)),
        );
        found = modes.findIndex((text) => /^Mode: leader/m.test(text));
        return found >= 0;
      });
      return found;
    },
    cutOff: (member) => links.cutOff(member),
    mend: () => links.mend(),
    async stop() {
      await Promise.all(members.map((each) => each.stop()));
      await links.stop();
    },
  };
}

async function startMembers(links: Links): Promise<ZookeeperServer[]> {
  const all = [...Array(SIZE).keys()];
  const ports = await Promise.all(
    all.map(async () => [await freePort(), await freePort()] as const),
  );
  const plans = await Promise.all(all.map(async (own) => {
    const lines = await Promise.all(all.map(async (other) => {
      // Each reaches each of the others by a way of its own, so that it is known whose a connection is.
      const [peer, election] = await Promise.all(
        ports[other]!.map((port) => own === other ? port : links.open(own, other, port)),
      );
      return `server.${other + 1}=127.0.0.1:${peer}:${election}`;
    }));
    return { id: own + 1, client: await freePort(), settings: [...TIMINGS, ...lines] };
  }));
  // Together, for none is ready alone.
  const started = await Promise.allSettled(plans.map(startZookeeperMember));
  const members = started.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
  const failed = started.find((each) => each.status === "rejected");
  if (failed === undefined) return members;
  await Promise.all(members.map((each) => each.stop()));
  throw failed.reason;
}

/** A connection between two members. */
interface Pair {
  readonly from: number;
  readonly to: number;
  end(): void;
}

/** The ways between the members, which can be cut. */
class Links {
  readonly #servers: Server[] = [];
  readonly #open = new Set<Pair>();
  #alone: number | undefined;

  /** A port that leads from one member to a port of another. */
  async open(from: number, to: number, port: number): Promise<number> {
    const server = createServer((socket) => this.#accept(socket, from, to, port));
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    return (server.address() as { port: number }).port;
  }

  cutOff(member: number): void {
    this.#alone = member;
    for (const each of this.#open) if (this.#isCut(each)) each.end();
  }

  mend(): void {
    this.#alone = undefined;
  }

  async stop(): Promise<void> {
    for (const each of this.#open) each.end();
    await Promise.all(
      this.#servers.map((each) => new Promise<void>((resolve) => each.close(() => resolve()))),
    );
  }

  #isCut({ from, to }: Pair): boolean {
    return this.#alone !== undefined && (from === this.#alone || to === this.#alone);
  }

  #accept(socket: Socket, from: number, to: number, port: number): void {
    const target = connect(port, "127.0.0.1");
    const pair: Pair = {
      ...{ from, to },
      end: () => {
        socket.destroy();
        target.destroy();
        this.#open.delete(pair);
      },
    };
    this.#open.add(pair);
    for (const each of [socket, target]) each.on("error", pair.end).on("close", pair.end);
    if (this.#isCut(pair)) return pair.end();
    socket.pipe(target);
    target.pipe(socket);
  }
}
