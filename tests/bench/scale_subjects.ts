/** What a coordinator can have many of. */
import type { Op } from "../../drivers/driver.ts";
import { store } from "../../coordination/groups/member_value.ts";
import { internalsOf } from "../../coordination/internals.ts";
import { resources } from "../../coordination/names.ts";
import { Coordinator } from "../../mod.ts";
import type { Subject } from "./scale_crowd.ts";
import { waiters } from "./scale_waiters.ts";

/** Longer than any run. */
const TTL = 3_600_000;
/** So many are asked for in one request. */
const TOGETHER = 500;

const pairOf = (resource: string, seat: string): readonly Op[] => {
  const at = { resource, seat, id: crypto.randomUUID() };
  return [{ op: "acquire", ...at, ttl: TTL, value: "" }, { op: "release", ...at }];
};

/** From `from` to `to`, without it. */
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

const leases: Subject = {
  name: "leases held by one coordinator, which renews them in the background",
  keeps: true,
  async open(place) {
    const baton = new Coordinator(place.driver, { ttl: TTL });
    const { session } = internalsOf(baton);
    await baton.start({ heartbeat: true });
    let held = 0;
    let more = 0;
    return {
      async grow(to) {
        await place.quickly(async () => {
          for (; held < to; held = Math.min(to, held + TOGETHER)) {
            const names = numbers(held, Math.min(to, held + TOGETHER));
            await session.send(
              names.map((n) =>
                session.attempt({ resource: resources.lock(`held-${n}`), ttl: TTL, value: "" })
              ),
            );
          }
        });
      },
      deeds: [
        {
          name: "acquire + release one more",
          shape: "flat",
          requests: "flat",
          once: async () => await (await baton.getLock(`more-${++more}`).hold()).release(),
        },
        {
          name: "work under one more, lock.with()",
          shape: "flat",
          requests: "flat",
          once: () => baton.getLock(`more-${++more}`).with(() => {}),
        },
        {
          name: "renew all",
          shape: "linear",
          requests: "linear",
          once: () => baton.heartbeat(),
        },
      ],
      end: () => place.quickly(() => baton.stop()),
      pair: () => pairOf("lock:tidy", ""),
    };
  },
};

const names: Subject = {
  name: "names of locks that were used once",
  keeps: false,
  open(place) {
    const baton = new Coordinator(place.driver, { ttl: TTL });
    let used = 0;
    const once = async () => await (await baton.getLock(`used-${++used}`).hold()).release();
    return Promise.resolve({
      async grow(to) {
        await place.quickly(async () => {
          for (let n = used; n < to; n++) await once();
        });
      },
      deeds: [{ name: "acquire + release one more", shape: "flat", requests: "flat", once }],
      end: () => baton[Symbol.asyncDispose](),
      pair: () => pairOf("lock:tidy", ""),
    });
  },
};

const slots: Subject = {
  name: "slots that a cron job remembers",
  keeps: true,
  open(place) {
    const baton = new Coordinator(place.driver);
    const cron = baton.cron("job");
    const latest = Date.now();
    let claimed = 0;
    let later = 0;
    const claim = (n: number): Op => ({
      op: "acquire",
      resource: resources.cron("job"),
      seat: `${latest - n}`,
      id: crypto.randomUUID(),
      ttl: TTL,
      value: JSON.stringify({ holder: "other", started: latest }),
    });
    return Promise.resolve({
      async grow(to) {
        await place.fill(numbers(claimed, to).map(claim));
        claimed = Math.max(claimed, to);
      },
      deeds: [
        {
          name: "claim and run one more",
          shape: "flat",
          requests: "flat",
          once: () => cron.run({ slot: latest + ++later }, () => {}),
        },
        {
          name: "lose one",
          shape: "flat",
          requests: "flat",
          once: () => cron.run({ slot: latest }, () => {}),
        },
        {
          name: "history of the last 20",
          shape: "linear",
          requests: "flat",
          once: () => cron.history(20),
        },
      ],
      end: () => baton[Symbol.asyncDispose](),
      pair: (turn) => pairOf(resources.cron("job"), `tidy-${turn}`),
    });
  },
};

const members: Subject = {
  name: "members of a group that one of them watches",
  keeps: true,
  async open(place) {
    const baton = new Coordinator(place.driver, { ttl: TTL });
    const other = new Coordinator(place.driver, { ttl: TTL });
    await baton.joinGroupCreate("group");
    await baton.watchJoinGroup("group", () => {});
    const ids: string[] = [];
    const resource = resources.group("group");
    const join = (n: number): Op => ({
      op: "acquire",
      resource,
      seat: `worker-${n}`,
      id: ids[n] = crypto.randomUUID(),
      ttl: TTL,
      value: store({ capabilities: { weight: 1 }, joined: 0, updated: 0, version: 0 }),
    });
    return {
      async grow(to) {
        await place.fill(numbers(ids.length, to).map(join));
        await baton.tick();
      },
      deeds: [
        {
          name: "join + leave one more",
          shape: "flat",
          requests: "flat",
          once: async () => {
            await other.joinGroup("group");
            await other.leaveGroup("group");
          },
        },
        {
          name: "list them",
          shape: "linear",
          requests: "flat",
          once: () => baton.getMembers("group"),
        },
        { name: "tick", shape: "linear", requests: "flat", once: () => baton.tick() },
      ],
      async end() {
        await place.fill(
          ids.map((id, n) => ({ op: "release", resource, seat: `worker-${n}`, id })),
        );
        await baton.leaveGroup("group");
        await baton.deleteGroup("group");
        await other[Symbol.asyncDispose]();
        await baton[Symbol.asyncDispose]();
      },
      pair: (turn) => pairOf(resource, `tidy-${turn}`),
    };
  },
};

/** All of them. */
export const SUBJECTS: readonly Subject[] = [leases, names, slots, members, waiters];
