/** Sessions whose every answer is chosen. */
import type { Ensemble } from "../../../drivers/zookeeper/ensemble.ts";
import type { Listener } from "../../../drivers/zookeeper/news.ts";
import type { Reply, Session } from "../../../drivers/zookeeper/session.ts";
import type { Answer, Part, Result, Stat } from "../../../drivers/zookeeper/wire.ts";

/** An answer that has these results, or this one where it is not of several. */
export function reply(results: readonly Result[], { zxid = 9, error = 0 } = {}): Reply {
  const answer = { results: () => results, result: () => results[0] };
  return { answer: answer as unknown as Answer, zxid, error };
}

/** Sessions that answer so, and what happens to them. */
export function answering(answer: (parts: readonly Part[], n: number) => Reply[] | Error) {
  const flights: (readonly Part[])[] = [];
  const left: boolean[] = [];
  const listeners: Listener[] = [];
  const session = {
    send(parts: readonly Part[]): Promise<Reply[]> {
      flights.push(parts);
      const made = answer(parts, flights.length - 1);
      return made instanceof Error ? Promise.reject(made) : Promise.resolve(made);
    },
    listen: (one: Listener) => void listeners.push(one),
    forget: (one: Listener) => listeners.splice(listeners.indexOf(one), 1).length > 0,
    keep: () => 5,
  };
  const ensemble = {
    enter: () => Promise.resolve(session as unknown as Session),
    leave: (_: Session, well: boolean) => Promise.resolve(void left.push(well)),
  } as unknown as Ensemble;
  return { ensemble, flights, left, listeners };
}

/** What a server answers about a node. */
export const stat = (more: Partial<Stat> = {}): Stat => (
  { czxid: 1, mzxid: 2, ctime: 3, mtime: 4, version: 5, children: 6, pzxid: 7, ...more }
);
