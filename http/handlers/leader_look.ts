/**
 * Who leads, and where to find it.
 *
 * @module
 */

import type { CampaignOptions, Candidate } from "../../coordination/election/candidate.ts";
import { read } from "../../coordination/groups/member_value.ts";
import type { Json } from "../../coordination/groups/group_events.ts";
import { resources } from "../../coordination/names.ts";
import type { Part } from "../../coordination/leases/request.ts";

/** What a look at a group has found. */
export interface Look {
  /** Its leader, if it has one. */
  readonly leader?: { readonly memberId: string; readonly left: number };
  /** What the leader can do, where members were looked at and it is one. */
  readonly capabilities?: Json;
}

/** What to look at, and what to do before. */
export interface LookOptions {
  /** Tries to become the leader first; the candidate then leads if it has won. */
  readonly campaign?: CampaignOptions | undefined;
  /** Looks at the group's members too. */
  readonly members: boolean;
}

/** Looks at a group, in one request whatever is asked. */
export async function lookAt(candidate: Candidate, options: LookOptions): Promise<Look> {
  const { group, session } = candidate;
  let leader: Look["leader"];
  let capabilities: Json | undefined;
  // In this order, so that the look sees who has won.
  const parts: Part[] = [
    ...options.campaign ? [candidate.attempt(options.campaign, () => {})] : [],
    {
      ops: [{ op: "inspect", resource: resources.leader(group), seat: "" }],
      take([outcome]) {
        const [found] = outcome?.leases ?? [];
        if (found) leader = { memberId: found.value, left: found.left };
      },
    },
  ];
  if (options.members) {
    parts.push({
      ops: [{ op: "inspect", resource: resources.group(group) }],
      take([outcome]) {
        const found = outcome?.leases.find(({ seat }) => seat === leader?.memberId);
        if (found) capabilities = read(found.value).capabilities;
      },
    });
  }
  await session.send(parts);
  return { ...(leader && { leader }), ...(capabilities !== undefined && { capabilities }) };
}
