/** Loopback ports for servers under test. */
import { createServer } from "node:net";

/**
 * Below the ports that systems give to outgoing connections (from 32,768 on Linux, from 49,152 elsewhere):
 * a stranger's connection could have the port of a server while that is down, and keep it from coming back.
 */
const [FIRST_PORT, LAST_PORT] = [15_000, 32_000];

/** A loopback port nobody listens on now. Whoever binds it must be ready to lose a race for it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const server = createServer();
    const free = await new Promise<boolean>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        return error.code === "EADDRINUSE" ? resolve(false) : reject(error);
      });
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    return port;
  }
}

/** How often a port may be lost to somebody else. */
const ATTEMPTS = 10;

/**
 * Starts a server on a free port. Another test process may take the port between the look and the bind;
 * then it is another port's turn.
 *
 * @param start It leaves nothing behind when it fails.
 * @param taken What a server says whose port was taken.
 */
export async function onFreePort<T>(
  start: (port: number) => Promise<T>,
  taken: RegExp = /address already in use/i,
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === ATTEMPTS || !taken.test(String(error))) throw error;
    }
  }
}
