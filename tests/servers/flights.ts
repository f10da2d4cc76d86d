/**
 * A way to a server over sockets, on which flights are seen and get lost. A flight is what a driver
 * writes at once; its answers come before the next.
 */
import { type Connect, connect as open, type Socket } from "../../drivers/kit/sockets.ts";

/** What happens to the next flight: nothing of it arrives, or its answer is lost. */
export type Loss = "request" | "reply";

export interface Flights {
  readonly connect: Connect;
  /** How many there were so far, the lost ones too. */
  readonly count: number;
  /** Those since this was called last, one letter for each byte. */
  sent(): string[];
  /**
   * Loses the next one, and its connection with it. One that opens a connection and asks for nothing is
   * not one whose reply is lost.
   */
  lose(what: Loss): void;
}

/** @param opening How many flights of each connection open it and ask for nothing. */
export function flightsOf(
  connect: Connect = (address) => open("test", address),
  opening = 1,
): Flights {
  let count = 0;
  let next: Loss | undefined;
  const seen: string[] = [];
  return {
    connect: async (address) =>
      observed(await connect(address), (bytes, nth) => {
        count++;
        seen.push(new TextDecoder("latin1").decode(bytes));
        if (nth < opening && next === "reply") return undefined;
        const loss = next;
        next = undefined;
        return loss;
      }),
    get count() {
      return count;
    },
    sent: () => seen.splice(0),
    lose: (what) => next = what,
  };
}

/** A socket whose writes are looked at, with their numbers, and lost as they are told to be. */
export function observed(
  socket: Socket,
  look: (bytes: Uint8Array, nth: number) => Loss | undefined | Promise<Loss | undefined>,
): Socket {
  const [reader, writer] = [socket.readable.getReader(), socket.writable.getWriter()];
  writer.closed.catch(() => {});
  let loses = false;
  let nth = 0;
  return {
    readable: new ReadableStream({
      async pull(stream) {
        const { value } = await reader.read();
        if (value && !loses) return stream.enqueue(value);
        // The server has answered, so it has done it.
        socket.close();
        stream.close();
      },
    }, { highWaterMark: 0 }),
    writable: new WritableStream({
      async write(bytes) {
        const loss = await look(bytes, nth++);
        if (loss === "request") {
          socket.close();
          throw new Error("cut");
        }
        loses = loss === "reply";
        await writer.write(bytes);
      },
    }),
    close: () => socket.close(),
  };
}
