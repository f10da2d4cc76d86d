/**
 * Bugs in groups, watches and the ring.
 *
 * @module
 */

import { type Edit, inFile } from "./plant.ts";

const GROUPS = inFile("coordination/groups/memberships.ts", [
  [
    "a live namesake is told as a missing group",
    "      if (blockers.length > 0) throw new MemberAlreadyExist(group, this.#memberId);\n",
    "",
  ],
  [
    "a join that meets a deletion gives up",
    "if (!create || tries === JOIN_TRIES)",
    "if (!create || tries > 0)",
  ],
  ["a join makes groups again and again", "if (!create || tries === JOIN_TRIES)", "if (!create)"],
  [
    "what is left of our old self stands in our way",
    "if (old?.lost && !old.over) first.push(old.giveBack());",
    "void old;",
  ],
  [
    "who leaves for a namesake releases whoever is there",
    'found.map(({ id }) => ({ op: "release", resource, seat, id }))',
    'found.map(() => ({ op: "release", resource, seat }))',
  ],
  [
    "a change of capabilities has no number",
    "const version = kept.version + 1;",
    "const version = kept.version;",
  ],
  ["two changes under way share a number", "    kept.version = version;\n", ""],
  ["who joins again has its first capabilities", "    kept.capabilities = capabilities;\n", ""],
  [
    "who has left is joined again",
    "if (this.#kept.get(group) === old) this.#keep(",
    "if (old) this.#keep(",
  ],
  [
    "whoever was evicted joins again",
    "if (!old.options.rejoin || !old.lease.lost) continue;",
    "if (!old.lease.lost) continue;",
  ],
  [
    "a member takes no leave",
    "    lease.farewell = this.#directory.farewell(group, this.#memberId, incarnation);\n",
    "",
  ],
  [
    "who leaves is told of an eviction",
    "if (signal.reason instanceof LeaseLost) this.#evicted(",
    "if (signal.reason) this.#evicted(",
  ],
  [
    "who takes its own place is told of an eviction",
    "    this.#kept.get(group)?.lease.abandon();\n",
    "",
  ],
  [
    "a group that does not exist can be joined",
    '      guard: { when: "held", resource: resources.groups, seat: group },\n',
    "",
  ],
  [
    "a change of capabilities changes when we joined",
    "joined: kept.joined, updated",
    "joined: updated, updated",
  ],
  [
    "a tick comes soon for those who do not want to be back",
    "options.rejoin && lease.lost)",
    "options && lease.lost)",
  ],
  [
    "a callback that throws stops an eviction",
    'this.#session.report({ type: "callback-failed", error });',
    "throw error;",
  ],
  ["nobody is told of an eviction", "      onEvicted?.(group);\n", "      void onEvicted;\n"],
  ["a namesake is replaced unasked", "if (options.replace) first", "if (options) first"],
  ["who has left is still kept", "    this.#kept.delete(group);\n", ""],
]);

const DIRECTORY = inFile("coordination/groups/group_list.ts", [
  [
    "a group is deleted under its members",
    '          guard: { when: "vacant", resource: resources.group(group) },\n',
    "",
  ],
  ["a late deletion hits a group made anew", "          id: exists.id,\n", ""],
  ["another's deletion counts as ours", "if (written?.ok) return;", "if (written) return;"],
  [
    "farewells stay for ever",
    "id, ttl: FAREWELL, value",
    "id, ttl: Infinity, value",
  ],
  ["groups run out", "id, ttl: Infinity, value", "id, ttl: 86_400_000, value"],
  [
    "an earlier farewell explains a later end",
    "return `${memberId} ${incarnation}`;",
    "return `${memberId} ${incarnation > 0}`;",
  ],
  [
    "a group that exists is made again",
    "if (!outcome?.ok) throw new GroupAlreadyExist(group);",
    "void outcome;",
  ],
  [
    "a farewell is written for a group that is there",
    '{ ...farewell, guard: { when: "vacant", ...there } },',
    "farewell,",
  ],
]);

const WATCHES = inFile("coordination/groups/watches.ts", [
  [
    "a second watch forgets what the first has not told",
    "if (!this.#memories.get(group)?.members) this.#memories.set(group, remember(now));",
    "this.#memories.set(group, remember(now));",
  ],
  [
    "a look is compared with our own memory, whatever the cursor",
    "changes(group, since.get(group), now)",
    "changes(group, this.#memories.get(group) ?? since.get(group), now)",
  ],
  ["a look is not remembered", "        this.#memories.set(group, memory);\n", ""],
  [
    "elections are told first",
    '[...events.filter(({ type }) => type !== "elected"), ...elections]',
    '[...elections, ...events.filter(({ type }) => type !== "elected")]',
  ],
  [
    "a callback that throws stops the others",
    'this.#session.report({ type: "callback-failed", error });',
    "throw error;",
  ],
  [
    "who ends one watch ends another",
    "if (callbacks.length > 1) this.#callbacks",
    "if (callbacks.length > 2) this.#callbacks",
  ],
  ["a leader campaigns on", "      if (candidate.leadership) continue;\n", ""],
  ["a partitioner's group is not looked at", ", ...this.#listeners.keys()])];", "])];"],
  [
    "a group that is gone has no members, but is there",
    "exists?.leases.length ? members?.leases ?? [] : undefined",
    "exists ? members?.leases ?? [] : undefined",
  ],
  [
    "a group that nobody watches is looked at",
    "if (!this.groups.includes(group)) this.#memories.delete(group);",
    "void group;",
  ],
  [
    "a listener is told of changes only",
    "    listener(capabilitiesOf(now.members ?? []));\n    return",
    "    return",
  ],
  ["a group that is not there can be watched", "if (!now?.members) throw", "if (!now) throw"],
]);

const SNAPSHOT = inFile("coordination/groups/changes.ts", [
  [
    "leaves are told before joins",
    "[...joins, ...leaves, ...others]",
    "[...leaves, ...joins, ...others]",
  ],
  [
    "whoever goes is said to have left",
    'reason: said ? "left" : "expired"',
    'reason: said || incarnation ? "left" : "expired"',
  ],
  [
    "a restart is not seen",
    "else if (life !== incarnation) others",
    "else if (life > incarnation) others",
  ],
  [
    "changed capabilities are no news",
    "else if (last !== version) others",
    "else if (Number(last) > version) others",
  ],
  [
    "a vacant leadership is no news",
    "if ((now.leader?.token ?? 0) !== (before?.term ?? 0)) {",
    "if ((now.leader?.token ?? 0) > (before?.term ?? 0)) {",
  ],
  ["a cursor of another version is used", "    if (v !== 1) return new Map();\n", ""],
  [
    "numbers of a cursor are not checked",
    " || !numbers.every(Number.isSafeInteger)",
    "",
  ],
  [
    "a deletion is told again and again",
    "if (!now.members && before?.members !== null)",
    "if (!now.members)",
  ],
  ["a resync tells of no members", "members: capabilitiesOf(members) }]", "members: new Map() }]"],
]);

const TICKER = inFile("coordination/groups/tick.ts", [
  [
    "a cursor is not heeded",
    "options.since === undefined ? this.#watches.memories : fromCursor(options.since)",
    "options.since === toCursor(new Map()) ? fromCursor(options.since) : this.#watches.memories",
  ],
  ["the groups of a cursor are not looked at", "...known.keys(), ", ""],
  [
    "looks do not see who has won",
    "[...parts, ...this.#watches.campaigns(), ...looks]",
    "[...parts, ...looks, ...this.#watches.campaigns()]",
  ],
  ["nobody joins again", "[renewals, ...this.#groups.rejoins()]", "[renewals]"],
  ["a tick renews nothing", "[renewals, ...this.#groups.rejoins()]", "[...this.#groups.rejoins()]"],
  [
    "who wants to be back waits for the next renewal",
    "this.#groups.wantsBack ? 1_000 : Infinity",
    "Infinity",
  ],
  ["events begin anew with every look", "        since = tick.cursor;\n", ""],
  [
    "events look too seldom to renew",
    "pause = Math.min(interval, tick.next);",
    "pause = interval;",
  ],
  [
    "runWatchers() swallows what a tick tells",
    'this.#session.news("elected")',
    "this.#session.news()",
  ],
  ["what happened to us is not told", "    events.push(...this.#session.news());\n", ""],
  [
    "events end with an outage",
    'this.#session.report({ type: "tick-failed", error });',
    "throw error;",
  ],
]);

/** All of them. */
export const GROUP_EDITS: readonly Edit[] = [
  ...[...GROUPS, ...DIRECTORY, ...WATCHES],
  ...[...SNAPSHOT, ...TICKER],
  ...inFile("coordination/coordinator.ts", [
    [
      "membership has the ttl of everything else",
      "this.#directory, this.memberId, membershipTtl)",
      "this.#directory, this.memberId, ttl)",
    ],
    [
      "a member that follows nobody stays in the group",
      "      await groups.leave(group, {}).catch(() => {});\n",
      "",
    ],
    ["who leaves a partitioned group follows it on", "    partitioner.stop();\n", ""],
  ]),
  ...inFile("coordination/partition/partitioner.ts", [
    [
      "a ring keeps who has gone",
      "if (!members.has(member)) this.ring.removeNode(member);",
      "void member;",
    ],
    [
      "who is no member any more is in charge",
      "return held && this.belongsToMember(",
      "return held !== undefined && this.belongsToMember(",
    ],
    [
      "a weight that is none stops everybody",
      "        this.ring.addNode(member);\n",
      '        throw new Error("no weight");\n',
    ],
    ["a partitioner that was stopped follows on", "    this.#unlisten();\n", ""],
    [
      "replicas are not heeded",
      "ignoreNodes: ignoreMembers, replicas }",
      "ignoreNodes: ignoreMembers }",
    ],
  ]),
  ...inFile("coordination/partition/hash_ring.ts", [
    [
      "past the last point the last node owns all",
      "next < points.length ? next : 0",
      "next < points.length ? next : points.length - 1",
    ],
    ["a key on a point is the node's before", "?? NaN) <= limit", "?? NaN) < limit"],
    ["who was added last wins a tie", ".sort().reverse();", ".reverse();"],
    [
      "a removed node is still found",
      "this.#points.delete(node);\n    this.#layout = undefined;",
      "this.#points.delete(node);",
    ],
    [
      "ignored strangers count as nodes",
      "for (const node of ignored) if (this.#weights.get(node)) candidates--;",
      "candidates -= ignored.size;",
    ],
    [
      "a weight cannot be changed",
      "if (this.#weights.get(name) === weight) continue;",
      "if (this.#weights.has(name)) continue;",
    ],
    [
      "a wild weight takes all memory",
      'checkCount("partitions × weight", count, 0, MOST_POINTS);',
      "",
    ],
  ]),
  ...inFile("coordination/partition/ring_hash.ts", [
    [
      "points depend on the byte order",
      "index.setUint32(0, i, true);",
      "index.setUint32(0, i, false);",
    ],
  ]),
  ...inFile("coordination/groups/member_value.ts", [
    ["cycles overflow the stack", " || depth > 50", ""],
    [
      "infinite numbers become null",
      "Number.isFinite(value)) return;",
      "!Number.isNaN(value)) return;",
    ],
    ["half characters pass", '"string" && value.isWellFormed()) return;', '"string") return;'],
    [
      "a value that is none of ours stops every look",
      "  } catch {\n    return empty;",
      "  } catch (error) {\n    throw error;",
    ],
    [
      "what is nested is not checked",
      "  for (const [key, each] of Object.entries(value)) checkJson(each, `${path}.${key}`, depth + 1);\n",
      "",
    ],
  ]),
];
