/**
 * A history as a doubly linked list of invocations and returns, out of which a call can be lifted and
 * put back in no time (Wing and Gong, 1993). Calls without an answer never return; they have a list
 * of their own.
 *
 * @module
 */

/** What the list needs to know of a call. */
export interface Timed {
  /** The output; `undefined` where there was no answer. */
  readonly output: unknown;
  /** When it began. */
  readonly invoked: number;
  /** When it ended. */
  readonly returned: number;
}

/** Where a list begins. */
export interface Head<C> {
  next: Event<C> | undefined;
}

/** An invocation or a return. */
export interface Event<C> extends Head<C> {
  readonly call: C;
  /** Of an invocation: the call's number in its list. Of a return: how many came before it. */
  readonly number: number;
  /** The event's place in the order of all events of both lists. */
  readonly at: number;
  /** For the invocation of an answered call: its return. */
  readonly end: Event<C> | undefined;
  readonly isReturn: boolean;
  previous: Head<C>;
}

/** A history. */
export interface EventList<C> {
  /** Invocations and returns of what was answered. */
  readonly answered: Head<C>;
  /** How many calls were answered. */
  readonly size: number;
  /** Invocations of what was not. */
  readonly open: Head<C>;
}

/**
 * Makes the lists. Of two events at the same time invocations come first, so that calls which touch
 * count as concurrent: a clock too coarse must not accuse anybody.
 */
export function eventList<C extends Timed>(calls: readonly C[]): EventList<C> {
  const times = calls.flatMap((call) => {
    const begin = { call, time: call.invoked, isReturn: false };
    return call.output === undefined ? [begin] : [
      begin,
      { call, time: call.returned, isReturn: true },
    ];
  }).sort((a, b) =>
    // Not by difference, for two may be at Infinity.
    a.time < b.time ? -1 : a.time > b.time ? 1 : Number(a.isReturn) - Number(b.isReturn)
  );

  const [answered, open]: [Head<C>, Head<C>] = [{ next: undefined }, { next: undefined }];
  const size = calls.filter(({ output }) => output !== undefined).length;
  const left = { answered: size, open: calls.length - size, returns: size };
  const ends = new Map<C, Event<C>>();
  // From the last to the first, so that an invocation finds its return.
  for (const [at, { call, isReturn }] of [...times.entries()].reverse()) {
    const kind = call.output === undefined ? "open" : "answered";
    const number = --left[isReturn ? "returns" : kind];
    const head = kind === "open" ? open : answered;
    const event: Event<C> = {
      ...{ call, at, number, isReturn, end: ends.get(call), previous: head, next: head.next },
    };
    if (isReturn) ends.set(call, event);
    insert(event);
  }
  return { answered, open, size };
}

/** Takes a call out, by its invocation; only the last one lifted may be put back. */
export function lift<C>(invocation: Event<C>): void {
  remove(invocation);
  if (invocation.end) remove(invocation.end);
}

/** Puts the call that was lifted last back where it was. */
export function unlift<C>(invocation: Event<C>): void {
  if (invocation.end) insert(invocation.end);
  insert(invocation);
}

function remove<C>(event: Event<C>): void {
  event.previous.next = event.next;
  if (event.next) event.next.previous = event.previous;
}

function insert<C>(event: Event<C>): void {
  event.previous.next = event;
  if (event.next) event.next.previous = event;
}
