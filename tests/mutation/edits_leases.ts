/**
 * Bugs in how a lease is taken, believed in, renewed and given back.
 *
 * @module
 */

import { type Edit, inFile } from "./plant.ts";

const SESSION = inFile("coordination/leases/session.ts", [
  [
    "the deadline of a grant counts from the reply",
    "part.take(outcomes.slice(next, next += part.ops.length), sent);",
    "part.take(outcomes.slice(next, next += part.ops.length), instant(this.runtime));",
  ],
  [
    "the deadline of a renewal counts from the reply",
    "take(await this.#once.apply(ops, { ...(signal && { signal }) }), sent);",
    "take(await this.#once.apply(ops, { ...(signal && { signal }) }), instant(this.runtime));",
  ],
  [
    "an unknown outcome is taken for a refusal",
    "throw signal?.aborted ? signal.reason : error;",
    "return;",
  ],
  [
    "an abort is told as an unknown outcome",
    "throw signal?.aborted ? signal.reason : error;",
    "throw error;",
  ],
  [
    "what may have been granted is not given back",
    "for (const part of parts) part.unknown?.();\n      throw signal",
    "throw signal",
  ],
  [
    "a grant that comes after stop() is kept",
    "if (stops !== this.#stops &&",
    "if (stops > this.#stops &&",
  ],
  [
    "a grant that comes too late is not given back",
    "if (!lease.held) this.#giveBack(lease.giveBack());\n    else if (believe",
    "if (lease.held && believe",
  ],
  [
    "a grant that comes too late is handed out",
    "if (lease.held) return { lease };",
    "if (lease) return { lease };",
  ],
  [
    "a lease that is its caller's alone is renewed with all others",
    "else if (believe === undefined) {",
    "else {",
  ],
  ["a sleeping heart is not told of a new lease", "      this.heart.poke();\n", ""],
  [
    "an id is made from what it is for",
    "const id = this.runtime.id();",
    "const id = `${resource}/${seat}`;",
  ],
  ["an acquisition loses its guard", "      ...(guard && { guard }),\n", ""],
  [
    "renewals are repeated by themselves",
    "this.#once = retrying(seen, { ...patience, retries: 0 });",
    "this.#once = this.driver;",
  ],
  [
    "what happened is remembered without end",
    "    if (this.#news.length > 1_000) this.#news.shift();\n",
    "",
  ],
  [
    "news that nobody asked for are forgotten",
    "    this.#news.push(...noted.filter((event) => !taken.includes(event)));\n",
    "",
  ],
  [
    "the next renewal is due when the last of all is",
    "Math.max(0, Math.min(...[...this.#leases]",
    "Math.max(0, Math.max(...[...this.#leases]",
  ],
  [
    "a renewal is due two thirds through",
    "validity(lease.ttl, this.bounds) / 3)",
    "validity(lease.ttl, this.bounds) / 1.5)",
  ],
  ["the age of a lease does not count for its renewal", ") - lease.age;", ");"],
  [
    "a lease that we do not believe in is renewed",
    "const held = [...leases].filter((lease) => lease.held);",
    "const held = [...leases];",
  ],
  ["stop() takes leave of no group", "ops: lease.ending(),", "ops: [lease.giveBack()],"],
  [
    "what an observer throws ends the call",
    "} catch {\n      // There is nobody left to tell.",
    "} catch (error) {\n      throw error;",
  ],
  [
    "a release in the background that failed is not told",
    '(error: unknown) => this.report({ type: "release-failed", error }),\n    );\n    this.runtime',
    "() => {},\n    );\n    this.runtime",
  ],
  [
    "the runtime is not told of a release in the background",
    "inBackground(this.runtime, work);",
    "void work;",
  ],
  [
    "a failed release hides what the work said",
    "letGo();\n      await lease[Symbol.asyncDispose]();",
    "letGo();\n      await lease.release();",
  ],
  [
    "a lease is kept alive after its work",
    "      letGo();\n      await lease[Symbol.asyncDispose]();",
    "      void letGo;\n      await lease[Symbol.asyncDispose]();",
  ],
]);

const LEASE = inFile("coordination/leases/held_lease.ts", [
  [
    "the margin for clocks is dropped",
    "Math.min(validity(parts.op.ttl, parts.bounds), parts.believe ?? Infinity)",
    "Math.min(parts.op.ttl, parts.believe ?? Infinity)",
  ],
  [
    "a shorter belief is not heeded",
    "Math.min(validity(parts.op.ttl, parts.bounds), parts.believe ?? Infinity)",
    "validity(parts.op.ttl, parts.bounds)",
  ],
  [
    "an answer to a renewal after the deadline revives",
    "    if (!this.held) return false;\n    if (!ok) {",
    "    if (!ok) {",
  ],
  [
    "an answer that was overtaken takes time away",
    "if (elapsed(this.#parts.runtime, sent) < this.age) {",
    "if (sent) {",
  ],
  [
    "a renewal that found nothing changes nothing",
    'broken", "gone");\n      return false;',
    'broken", "lost");\n      return false;',
  ],
  [
    "a timer that fires early ends the lease",
    "() => this.#watch());",
    '() => this.#lose("its timer fired", "lost"));',
  ],
  [
    "a lease is believed while its release is on the way",
    '      this.#state = "releasing";\n      this.#end();',
    "      this.#end();",
  ],
  [
    "a release delivered twice is told as a loss",
    'this.#state === "releasing" && outcome?.leases.length === 0',
    "false",
  ],
  [
    "a release that met a successor counts as ours",
    'this.#state === "releasing" && outcome?.leases.length === 0',
    'this.#state === "releasing"',
  ],
  [
    "a lease is believed at its deadline",
    "if (this.age >= this.#validity) {",
    "if (this.age > this.#validity) {",
  ],
  [
    "a loss aborts nothing",
    "    this.#end();\n    this.#parts.on(",
    "    this.#cancelTimer();\n    this.#parts.ended(this);\n    this.#parts.on(",
  ],
  [
    "a loss is not reported",
    'this.#parts.on({ type: "lost", resource: this.resource, token: this.token, reason });',
    "void reason;",
  ],
  [
    "what was lost by its deadline is not released any more",
    'return this.#state === "gone" || this.#state === "released";',
    'return this.#state !== "held" && this.#state !== "releasing";',
  ],
  [
    "the time left is told without the margin",
    "return this.held ? this.#validity - this.age : 0;",
    "return this.held ? this.ttl - this.age : 0;",
  ],
  [
    "the deadline is told without the margin",
    "return this.#sent.wall + this.#validity;",
    "return this.#sent.wall + this.ttl;",
  ],
  ["a signal waits for its timer", "      watchful(this.#controller, () => this.#look());\n", ""],
  [
    "the signal of a lease that has ended does not abort",
    "if (this.held) this.#watch();\n      else this.#abort();",
    "if (this.held) this.#watch();",
  ],
  [
    "confirm() asks nobody",
    "if (!(await this.renew(options))) {",
    "if (!this.held || !options) {",
  ],
  [
    "what was abandoned is believed in",
    'if (this.releasing()) this.#state = "released";',
    "void this.#state;",
  ],
  [
    "a member leaves without a word",
    "return this.farewell ? [this.giveBack(), this.farewell] : [this.giveBack()];",
    "return [this.giveBack()];",
  ],
  [
    "a renewal never changes the value",
    "id, ttl, ...(value !== undefined && { value }) };",
    "id, ttl };",
  ],
  [
    "disposing throws what the release does",
    'this.#parts.on({ type: "release-failed", error });',
    "throw error;",
  ],
  [
    "a lease without a listener sets a timer",
    "if (parts.watched) this.#watch();",
    "this.#watch();",
  ],
]);

const HEART = inFile("coordination/leases/heart.ts", [
  [
    "jitter makes beats late",
    "const jitter = 1 - this.#session.runtime.random() / 10;",
    "const jitter = 1 + this.#session.runtime.random() / 10;",
  ],
  [
    "beats after a failure have no rhythm",
    "failed ? lease.left / 4 : this.#session.due(lease)",
    "this.#session.due(lease)",
  ],
  [
    "one failure makes a heart race for ever",
    "stopped);\n        failed = false;",
    "stopped);",
  ],
  [
    "a heart that has begun never rests",
    "const wanted = this.#keepsAll || this.#kept.size > 0;",
    "const wanted = this.#keepsAll || this.#kept.size > 0 || this.#run !== undefined;",
  ],
  [
    "who lets go of a lease does so for another as well",
    "if (others > 0) this.#kept.set(lease, others);",
    "if (others > 1) this.#kept.set(lease, others);",
  ],
  ["who lets go twice does so for another as well", "      if (!kept) return;\n", ""],
  ["a beat is due when the last of all leases is", "Math.min(...pauses)", "Math.max(...pauses)"],
  [
    "a new lease makes the heart beat at once",
    "if (!woken) return;",
    "if (!woken || stopped) return;",
  ],
  [
    "a beat that failed is not told",
    'this.#session.report({ type: "heartbeat-failed", error });',
    "void error;",
  ],
  [
    "the heart keeps one lease and forgets the others",
    "const leases = this.#keepsAll ? this.#session.leases : this.#kept.keys();",
    "const leases = this.#kept.size > 0 ? this.#kept.keys() : this.#session.leases;",
  ],
]);

const TIMINGS = inFile("coordination/leases/timings.ts", [
  [
    "a jump of the backend's clock is not reckoned with",
    "ttl * (1 - bounds.rate) - bounds.step",
    "ttl * (1 - bounds.rate)",
  ],
  [
    "clocks are taken to run at one rate",
    "ttl * (1 - bounds.rate) - bounds.step",
    "ttl - bounds.step",
  ],
  [
    "the margin is added",
    "ttl * (1 - bounds.rate) - bounds.step",
    "ttl * (1 + bounds.rate) - bounds.step",
  ],
  ["a server's clock is taken never to jump", 'guarantees.clock === "server" ? 500 : 0', "0"],
  ["a ttl may be nearly all margin", "if (margin >= ttl / 2) {", "if (margin >= ttl) {"],
  [
    "a heartbeat may come after the deadline",
    "heartbeatInterval < validity(ttl, bounds))",
    "heartbeatInterval < ttl)",
  ],
  [
    "the driver's shortest ttl is not heeded",
    'checkWhole("ttl", ttl, minTtl);',
    'checkWhole("ttl", ttl);',
  ],
  ["a wait that is no number passes", "if (!(ms >= 0)) {", "if (ms < 0) {"],
  ["clocks may run backwards", "if (!(rate >= 0 && rate < 0.5)) {", "if (!(rate < 0.5)) {"],
]);

const RUNTIME = inFile("coordination/runtime.ts", [
  [
    "time is told by the monotonic clock alone",
    "return Math.max(runtime.wall() - start.wall, runtime.mono() - start.mono);",
    "return runtime.mono() - start.mono;",
  ],
  [
    "time is told by the wall clock alone",
    "return Math.max(runtime.wall() - start.wall, runtime.mono() - start.mono);",
    "return runtime.wall() - start.wall;",
  ],
  [
    "of two clocks the slower one counts",
    "return Math.max(runtime.wall()",
    "return Math.min(runtime.wall()",
  ],
  [
    "a sleeper that is woken leaves its timer",
    "      cancel();\n      reject(signal?.reason);",
    "      reject(signal?.reason);",
  ],
  ["a timer of a month fires at once", "Math.min(ms, 2 ** 31 - 1)", "ms"],
  [
    "the platform's waitUntil is not used",
    "waitUntil: (work) => inBackground(options, work),",
    "waitUntil: () => {},",
  ],
  [
    "timers are taken to outlive a request on Workers",
    'globalThis.navigator?.userAgent !== "Cloudflare-Workers"',
    "true",
  ],
]);

const SIGNALS = inFile("coordination/leases/abort_signals.ts", [
  [
    "of several signals only the first is heeded",
    "if (only && given.length === 1) return only;",
    "if (only) return only;",
  ],
  [
    "a signal that had aborted before goes unheard",
    "  look();\n  // Once",
    "  // Once",
  ],
  [
    "a joint signal waits for timers",
    "return watchful(controller, look);",
    "return controller.signal;",
  ],
  [
    "a look at a signal does not look at the clock",
    "    look();\n    return ended;",
    "    return ended;",
  ],
  ["throwIfAborted() does not look at the clock", "if (aborted()) throw", "if (ended) throw"],
]);

/** All of them. */
export const LEASE_EDITS: readonly Edit[] = [
  ...[...SESSION, ...LEASE, ...HEART],
  ...[...TIMINGS, ...RUNTIME, ...SIGNALS],
];
