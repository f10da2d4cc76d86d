/**
 * Leaders, and those who look who leads.
 *
 * @module
 */

import type { Leadership } from "../../../coordination/election/leader_loop.ts";
import { isOutage } from "../../../errors.ts";
import { between } from "../dice.ts";
import type { Laws, Scope } from "../laws.ts";
import type { Work } from "../member.ts";

/** Who acted in which term, whatever they are told. */
export class Terms {
  readonly #leaders = new Map<number, string>();
  #latest = 0;
  readonly #laws: Laws;
  readonly #scope: Scope;

  constructor(laws: Laws, scope: Scope) {
    this.#laws = laws;
    this.#scope = scope;
  }

  /** Somebody does what only a leader may. */
  act(term: number, name: string): void {
    const leader = this.#leaders.get(term) ?? name;
    this.#leaders.set(term, leader);
    if (this.#scope.growing && leader !== name) {
      this.#laws.broken("a term has one leader", `${leader} and ${name} act in term ${term}`);
    }
    if (this.#scope.exclusive && term < this.#latest) {
      this.#laws.broken("one leads at a time", `${name} acts in ${term}, after ${this.#latest}`);
    }
    this.#latest = Math.max(this.#latest, term);
  }
}

/** Leads while it can. */
export function elections(terms: Terms, laws: Laws): Work {
  return (member) =>
    member.repeat(100, 2_000, async () => {
      const { random, host } = member;
      const { stops } = member;
      let thrown: unknown;
      const lead = async ({ term, signal, confirm }: Leadership): Promise<void> => {
        laws.saw("a leader was elected");
        while (!signal.aborted && random() < 0.9) {
          terms.act(term, host.name);
          laws.saw("a leader acted");
          await member.sleep(between(random, 20, 800));
          if (random() < 0.1) {
            await host.compute(between(random, 0, 1_500));
            // Where clocks stand still while one computes, only the backend knows.
            if (host.clock.kind.frozen) {
              await confirm().catch((error: unknown) => {
                throw thrown = error;
              });
            }
          }
        }
      };
      const { signal } = member;
      await member.call("campaign", () => member.coordinator.lead("g", lead, { signal })).catch(
        (error: unknown) => {
          // Only the work itself, or a stop, ends a candidacy with an outage's error.
          if (
            isOutage(error) && error !== thrown && stops === member.stops && !member.stopped.aborted
          ) {
            laws.broken("a candidate waits until an outage is over", `${host.name}: ${error}`);
          }
          throw error;
        },
      );
    });
}

/** Looks who leads; nobody who is told by the one who decides ever sees an older term again. */
export function observers(laws: Laws, scope: Scope): Work {
  return async (member) => {
    let latest = 0;
    await member.repeat(200, 1_500, async () => {
      const leader = await member.coordinator.getLeader("g");
      if (!leader) return;
      if (scope.fresh && scope.exclusive && leader.term < latest) {
        laws.broken("terms are seen in order", `${leader.term} was seen after ${latest}`);
      }
      latest = Math.max(latest, leader.term);
    });
  };
}
