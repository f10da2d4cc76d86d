/**
 * A model of what keeps members from being orphaned: a member joins under the guard that its group is
 * there, a group is deleted under the guard that nobody is in it.
 *
 * @module
 */

import type { Space, Step } from "./search.ts";

/** What the server and the clients keep to. */
export interface GroupRules {
  /** A join, and the look whether its group is there, are one step. */
  readonly joinIsOneStep: boolean;
  /** A deletion, and the look whether the group is empty, are one step. */
  readonly deleteIsOneStep: boolean;
  /** Only the group that was seen is deleted; otherwise whichever there is by then. */
  readonly deletesWhatWasSeen: boolean;
}

/** The rules as they are. */
export const RIGHT_GROUPS: GroupRules = {
  joinIsOneStep: true,
  deleteIsOneStep: true,
  deletesWhatWasSeen: true,
};

/** How large a world is searched. */
export interface GroupScope {
  /** How many requests each client makes, one after the other. */
  readonly requests: readonly number[];
  /** How many creations the network delivers twice. */
  readonly copies: number;
}

/** What a group promises. */
export const GROUP_PROMISES = {
  noOrphans: "no member without its group",
  noStranger: "a deletion ends only the group that it saw",
  staysDeleted: "a deleted group is back only when somebody asks for it anew",
} as const;

/** A request on its way, or half done. */
interface Request {
  readonly kind: "create" | "join" | "leave" | "delete";
  /** The life of the group that its sender saw. */
  readonly seen: number;
  /** Its guard was found to hold, and what it guards is yet to be done. */
  readonly checked: boolean;
}

interface GroupState {
  /** Which of its lives the group is in; 0 when it is not there. */
  readonly life: number;
  /** How many lives it has had. */
  readonly lives: number;
  /** Whether each client is a member. */
  readonly members: readonly boolean[];
  /** What each client has asked for. */
  readonly asked: readonly (Request | undefined)[];
  /** How many more requests each client makes. */
  readonly left: readonly number[];
  /** Creations that were executed and will arrive once more. */
  readonly late: number;
  readonly copiesLeft: number;
  readonly broken?: string;
}

/** The space of one group that exists at first. */
export function groupGuard(
  scope: GroupScope,
  rules: Partial<GroupRules> = {},
): Space<GroupState> {
  const all = { ...RIGHT_GROUPS, ...rules };
  return {
    initial: {
      life: 1,
      lives: 1,
      members: scope.requests.map(() => false),
      asked: scope.requests.map(() => undefined),
      left: scope.requests,
      late: 0,
      copiesLeft: scope.copies,
    },
    *next(state) {
      if (state.late > 0) yield arriveLate(state);
      for (let client = 0; client < scope.requests.length; client++) {
        const request = state.asked[client];
        if (request) yield* execute(all, state, client, request);
        else yield* ask(state, client);
      }
    },
    invariant: (state) =>
      state.broken ??
        (state.life === 0 && state.members.includes(true) ? GROUP_PROMISES.noOrphans : undefined),
    key: (state) => JSON.stringify(state),
  };
}

function nameOf(client: number): string {
  return "abc".charAt(client);
}

function* ask(state: GroupState, client: number): Generator<Step<GroupState>> {
  const left = state.left[client] ?? 0;
  if (left === 0) return;
  const asking = (kind: Request["kind"], label: string): Step<GroupState> => ({
    label: `${nameOf(client)} ${label}`,
    state: {
      ...state,
      asked: state.asked.with(client, { kind, seen: state.life, checked: false }),
      left: state.left.with(client, left - 1),
    },
  });
  yield asking("create", "asks to create the group");
  if (state.members[client]) yield asking("leave", "asks to leave");
  else yield asking("join", "asks to join");
  if (state.life > 0 && !state.members.includes(true)) {
    yield asking("delete", `sees group ${state.life} empty and asks to delete it`);
  }
}

function* execute(
  rules: GroupRules,
  state: GroupState,
  client: number,
  request: Request,
): Generator<Step<GroupState>> {
  const { life, lives, members } = state;
  const done = { ...state, asked: state.asked.with(client, undefined) };
  const who = nameOf(client);
  if (request.kind === "create") {
    const after = life > 0 ? done : { ...done, life: lives + 1, lives: lives + 1 };
    const label = life > 0 ? `${who}'s creation is refused` : `group ${after.life} is created`;
    yield { label, state: after };
    if (state.copiesLeft > 0) {
      const again = { ...after, late: state.late + 1, copiesLeft: state.copiesLeft - 1 };
      yield { label: `${label}; a copy of the request is still on its way`, state: again };
    }
    return;
  }
  if (request.kind === "leave") {
    yield {
      label: `${who} is no member any more`,
      state: { ...done, members: members.with(client, false) },
    };
    return;
  }
  const joins = request.kind === "join";
  const oneStep = joins ? rules.joinIsOneStep : rules.deleteIsOneStep;
  const holds = joins ? life > 0 : !members.includes(true);
  if (!request.checked && !holds) {
    yield {
      label: `${who} is refused: ${joins ? "there is no group" : "it has members"}`,
      state: done,
    };
  } else if (!request.checked && !oneStep) {
    const asked = state.asked.with(client, { ...request, checked: true });
    yield {
      label: `for ${who}, ${joins ? "the group is there" : "nobody is in it"}`,
      state: { ...state, asked },
    };
  } else if (joins) {
    yield { label: `${who} is a member`, state: { ...done, members: members.with(client, true) } };
  } else {
    yield remove(rules, state, done, who, request);
  }
}

function remove(
  rules: GroupRules,
  { life }: GroupState,
  done: GroupState,
  who: string,
  { seen }: Request,
): Step<GroupState> {
  if (life === 0 || (rules.deletesWhatWasSeen && life !== seen)) {
    return { label: `${who} finds nothing to delete`, state: done };
  }
  const after = { ...done, life: 0 };
  return {
    label: `group ${life} is deleted for ${who}`,
    state: life === seen ? after : { ...after, broken: GROUP_PROMISES.noStranger },
  };
}

/** A creation arrives again, and has the id that it had. */
function arriveLate(state: GroupState): Step<GroupState> {
  const arrived = { ...state, late: state.late - 1 };
  if (state.life > 0) return { label: "the copy is refused", state: arrived };
  const after = { ...arrived, life: state.lives + 1, lives: state.lives + 1 };
  return {
    label: `the copy creates group ${after.life}, for which nobody asks`,
    state: { ...after, broken: GROUP_PROMISES.staysDeleted },
  };
}
