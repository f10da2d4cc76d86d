/** A socket whose server is written by a test, byte by byte. */
import { Frame } from "../../../drivers/zookeeper/wire.ts";

/** The number before that of the first request. */
export const BEFORE = 41;

/** A socket whose server says what a test wants it to. */
export function scripted() {
  const answers = new TransformStream<Uint8Array, Uint8Array>();
  const writer = answers.writable.getWriter();
  writer.closed.catch(() => {});
  const told = { closed: false, sent: [] as number[] };
  return {
    told,
    socket: {
      readable: answers.readable,
      writable: new WritableStream<Uint8Array>({
        // What is closed before it is out is lost.
        async write(bytes) {
          await undefined;
          if (!told.closed) told.sent.push(...bytes);
        },
      }),
      close() {
        told.closed = true;
        writer.abort(new Error("closed")).catch(() => {});
      },
    },
    /** Sends these bytes, in pieces of so many. */
    async say(bytes: Uint8Array, pieces = bytes.length): Promise<void> {
      for (let at = 0; at < bytes.length; at += pieces) {
        await writer.write(bytes.slice(at, at + pieces)).catch(() => {});
      }
    },
  };
}

/** The answer that a session is there. */
export const OPENED = new Frame().int(0).int(9_000).int(0).int(7).int(16).int(0).int(0).int(0).int(
  0,
)
  .bytes();

/** The answer to a request: its number, the transaction, an error. */
export function answer(number: number, error: number): Uint8Array {
  return new Frame().int(number).int(0).int(9).int(error).bytes();
}
