/**
 * What the way to the backend does to some of the requests.
 *
 * @module
 */

import type { Fault } from "../servers/faults.ts";
import { LONGEST_HOLD } from "./check_groups.ts";

/** How many of a thousand requests are hit, by kind. */
const PER_THOUSAND: Readonly<Record<string, number>> = {
  "request lost": 8,
  "reply lost": 12,
  "reply delayed": 12,
  "executed late": 6,
  "executed twice": 8,
  "429": 4,
  "503 before": 5,
  "503 after": 6,
  "HTML before": 3,
  "HTML after": 3,
  "truncated": 6,
  "black hole": 3,
  "reply never": 3,
};

const HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

/** The faults, and how many of each there were. */
export interface FaultMix {
  readonly counts: ReadonlyMap<string, number>;
  /** What happens to the next request. */
  choose(): Fault;
  /** Executes at once what was held up. */
  end(): void;
}

/** Draws from the dice. */
export function faultMix(random: () => number): FaultMix {
  const counts = new Map<string, number>();
  const held = new Map<() => void, ReturnType<typeof setTimeout>>();
  const later = (ms: number) =>
    new Promise<void>((resolve) => {
      const go = (): void => {
        clearTimeout(held.get(go));
        held.delete(go);
        resolve();
      };
      held.set(go, setTimeout(go, ms));
    });
  const kindOf = (dice: number): string | undefined => {
    let left = dice * 1_000;
    for (const [kind, share] of Object.entries(PER_THOUSAND)) {
      if ((left -= share) < 0) return kind;
    }
    return undefined;
  };
  return {
    counts,
    choose() {
      const kind = kindOf(random());
      if (kind === undefined) return "pass";
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      const dice = random();
      if (kind === "executed late") return { hold: later(LONGEST_HOLD * dice ** 2) };
      return faultOf(kind, dice);
    },
    end() {
      for (const go of held.keys()) go();
    },
  };
}

function faultOf(kind: string, dice: number): Fault {
  const html = { "content-type": "text/html" };
  switch (kind) {
    case "request lost":
      return "drop-request";
    case "reply lost":
      return "drop-reply";
    case "reply delayed":
      return { delay: 1_500 * dice ** 2 };
    case "executed twice":
      return "duplicate";
    case "429":
      return { status: 429, body: `{"error":"too many requests"}` };
    case "503 before":
      return { status: 503, body: `{"error":"unavailable"}` };
    case "503 after":
      return { statusAfter: 503, body: `{"error":"unavailable"}` };
    case "HTML before":
      return { status: 502, body: HTML, headers: html };
    case "HTML after":
      return { statusAfter: 200, body: HTML };
    case "truncated":
      return "truncate";
    case "black hole":
      return "black-hole";
    case "reply never":
      return "hang-reply";
    default:
      throw new Error(`there is no fault "${kind}"`);
  }
}
