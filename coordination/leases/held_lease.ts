/**
 * How a lease is held, renewed, lost and given back.
 *
 * @module
 */

import type * as spi from "../../drivers/driver.ts";
import { LeaseLost } from "../../errors.ts";
import type { CoordinatorEvent } from "../events.ts";
import { type CallOptions, checkCall, type Lease } from "./lease.ts";
import { between, elapsed, type Instant, instant, type Runtime } from "../runtime.ts";
import { ask, type Question } from "./request.ts";
import { watchful } from "./abort_signals.ts";
import { type ClockBounds, validity } from "./timings.ts";

/** What a lease needs of those who look after it. */
export interface Owner {
  /** Clocks and timers. */
  readonly runtime: Runtime;
  /** What clocks are trusted to do. */
  readonly bounds: ClockBounds;
  /** Every lease that is held, by its id; one that has ended leaves it. */
  readonly leases: Map<string, HeldLease>;
  /** Whether a loss is reported at once, and not only when somebody looks or listens. */
  readonly watched: boolean;
  /** Sends a question, and repeats it while there is no answer. */
  ask<T>(question: Question<T>, options: CallOptions): Promise<T>;
  /** Hears of everything that is not an answer to a call. */
  report(event: CoordinatorEvent): void;
}

/** How a lease stands: `"gone"` is lost for sure, `"lost"` may linger in the backend. */
type State = "held" | "lost" | "gone" | "releasing" | "released";

/** The only implementation of {@link Lease}. */
export class HeldLease implements Lease {
  /** An operation that is sent along with the release. */
  farewell: spi.Op | undefined;
  readonly token: number;
  readonly #owner: Owner;
  readonly #op: spi.Acquire;
  readonly #heldFor: number | undefined;
  readonly #validity: number;
  #state: State = "held";
  #sent: Instant;
  /** When its grant was answered. */
  readonly #known: Instant;
  #controller: AbortController | undefined;
  #lost: LeaseLost | undefined;
  #cancelTimer = (): void => {};

  /**
   * Held from now on.
   *
   * @param op The granted operation.
   * @param sent When it was first sent (contract rule 4).
   * @param heldFor For how long it counts as held, in ms, when that is less than its ttl allows.
   */
  constructor(owner: Owner, op: spi.Acquire, token: number, sent: Instant, heldFor?: number) {
    this.#owner = owner;
    this.#op = op;
    this.token = token;
    this.#sent = sent;
    this.#heldFor = heldFor;
    this.#known = instant(owner.runtime);
    this.#validity = Math.min(validity(op.ttl, owner.bounds), heldFor ?? Infinity);
    if (owner.watched) this.#watch();
  }

  // Made when it is first asked for: until then nobody listens, and no timer is needed to abort it.
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      watchful(this.#controller, () => this.#look());
      if (this.held) this.#watch();
      else this.#abort();
    }
    return this.#controller.signal;
  }

  get resource(): string {
    return this.#op.resource;
  }

  /** The id by which the backend knows it: a secret, so nothing that prints a lease may find it there. */
  static idOf(lease: HeldLease): string {
    return lease.#op.id;
  }

  get ttl(): number {
    return this.#op.ttl;
  }

  get deadline(): number {
    return this.#sent.wall + this.#validity;
  }

  get held(): boolean {
    return this.#look() > 0;
  }

  /** Whether there is nothing left to release. */
  get over(): boolean {
    return this.#state === "gone" || this.#state === "released";
  }

  /** Whether it ended without our release. */
  get lost(): boolean {
    this.#look();
    return this.#lost !== undefined;
  }

  /** How long it still counts as held, in ms; not above 0 once it has ended. */
  get left(): number {
    return this.#look();
  }

  /** How long ago the request was sent that granted or last renewed it, in ms. */
  get age(): number {
    return elapsed(this.#owner.runtime, this.#sent);
  }

  /** Whether this seat is the lease's own, by its id. */
  owns(lease: spi.Lease): boolean {
    return lease.id === this.#op.id;
  }

  /** The renewal, which may change its value; answers whether it is still held. */
  renewal(value?: string): Question<boolean> {
    const { resource, seat, id, ttl } = this.#op;
    const op: spi.Renew = { op: "renew", resource, seat, id, ttl };
    return ask(
      [value === undefined ? op : { ...op, value }],
      ([outcome], sent) => this.#renewed(outcome?.ok === true, sent),
    );
  }

  /** The operation that releases it. */
  giveBack(): spi.Release & { id: string } {
    const { resource, seat, id } = this.#op;
    return { op: "release", resource, seat, id };
  }

  /** The release, and what its owner wants known; answers whether it was there to be released. */
  ending(): Question<boolean> {
    const ops = this.farewell ? [this.giveBack(), this.farewell] : [this.giveBack()];
    return ask(ops, ([outcome, said]) => this.#released(outcome, said));
  }

  async confirm(options: CallOptions = {}): Promise<void> {
    if (!(await this.renew(options))) {
      throw this.#lost ?? new LeaseLost(`${this.resource} was released before: nothing is held`);
    }
  }

  async renew(options: CallOptions = {}, value?: string): Promise<boolean> {
    checkCall(options);
    return this.held && await this.#owner.ask(this.renewal(value), options);
  }

  /** Takes the backend's answer to a renewal that was sent at `sent`. */
  #renewed(ok: boolean, sent: Instant): boolean {
    // An answer that comes after the deadline, or after our release, revives nothing.
    const now = instant(this.#owner.runtime);
    if (this.#look(now) === 0) return false;
    if (!ok) return this.#lose("gone");
    // Answers may overtake each other; the latest send counts.
    if (between(sent, now) < between(this.#sent, now)) {
      this.#sent = sent;
      if (this.#controller || this.#owner.watched) this.#watch();
    }
    return this.#state === "held";
  }

  /**
   * Takes a look at its seat that did not find it: it is lost for sure, if the look was sent after the
   * lease was known to be there.
   */
  missed(sent: Instant): void {
    if (sent.mono < this.#known.mono || !this.held) return;
    this.#lose("gone");
  }

  async release(options: CallOptions = {}): Promise<boolean> {
    checkCall(options);
    return this.releasing() && await this.#owner.ask(this.ending(), options);
  }

  /** Stops counting as held, before the release is sent; `false` when there is nothing to send. */
  releasing(): boolean {
    this.#look();
    if (this.over) return false;
    if (this.#state === "held") {
      this.#state = "releasing";
      this.#end();
    }
    return true;
  }

  /** Stops counting as held without a release: the lease runs out by itself. No request. */
  abandon(): void {
    if (this.releasing()) this.#state = "released";
  }

  /** Takes the backend's answer to the release. */
  #released(outcome: spi.Outcome | undefined, farewell: spi.Outcome | undefined): boolean {
    // A runtime or a proxy may send a request twice by itself (Deno's fetch does, when a connection
    // it reuses is cut), and then the second answer says that nobody has the seat. We did have it;
    // unless another has said our farewell, which our own second delivery would only repeat.
    const twice = this.#state === "releasing" && outcome?.leases.length === 0 &&
      (!this.farewell || farewell?.ok === true);
    this.#state = "released";
    return outcome?.ok === true || twice;
  }

  /** Releases; a failure is reported, not thrown, so that it never hides the caller's own error. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch((error: unknown) => {
      this.#owner.report({ type: "release-failed", error });
    });
  }

  /** Arms the timer for the deadline; timers may fire early, so it looks before it leaps. */
  #watch(): void {
    this.#cancelTimer();
    const left = this.#look();
    if (left === 0 || left === Infinity) return;
    this.#cancelTimer = this.#owner.runtime.after(Math.ceil(left), () => this.#watch(), {
      // Who only holds a lease waits for nothing.
      background: true,
    });
  }

  /**
   * Loses the lease if its time is up: nothing else decides that it still lives. Answers how long it
   * still counts as held, in ms; 0 once it has ended.
   */
  #look(now?: Instant): number {
    if (this.#state !== "held") return 0;
    const left = this.#validity - (now ? between(this.#sent, now) : this.age);
    if (left > 0) return left;
    this.#lose("lost");
    return 0;
  }

  #lose(state: "lost" | "gone"): false {
    this.#state = state;
    const why = state === "gone"
      ? "the backend no longer knows it: it expired, or was broken"
      : this.#heldFor === undefined
      ? "it was not renewed in time, so others may have it"
      : "the time it was taken for is over";
    const { resource, token } = this;
    const reason = this.#lost = new LeaseLost(
      `${resource} (token ${token}) is lost: ${why}. Stop what depends on it`,
    );
    this.#end();
    this.#owner.report({ type: "lost", resource, token, reason });
    return false;
  }

  #end(): void {
    this.#cancelTimer();
    this.#owner.leases.delete(this.#op.id);
    this.#abort();
  }

  #abort(): void {
    // Only for those who listen: making an exception costs more than all else in a release.
    try {
      this.#controller?.abort(
        this.#lost ?? new DOMException(`${this.resource} was released by its holder`, "AbortError"),
      );
    } catch {
      // Workers let nobody touch a signal that an earlier request has made: those who listened are gone.
    }
  }
}
