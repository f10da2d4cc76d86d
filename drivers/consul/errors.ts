/**
 * What an answer of Consul, or an error of the network, shows about what happened.
 *
 * @module
 */

import type { CoordinationError } from "../../errors.ts";
import { failure, isTlsFailure, isUnreachable, type Verdict } from "../kit/failure.ts";
import { plain, textOf } from "../kit/plain_words.ts";

/** What Consul says before it writes anything, by status: why, and what to do. */
const REFUSALS: readonly Refusal[] = [
  {
    status: 403,
    text: /^(Permission denied|ACL not found)|lacks permission/,
    unauthorized: true,
    advice:
      "check the ACL token: it needs key:write and key:read under the prefix, and session:write on the node",
  },
  {
    status: 400,
    text: /^Client sent an HTTP request to an HTTPS server/,
    advice: "this port speaks TLS: use https (consul+https in a URL)",
  },
  {
    status: 413,
    text: /too large|too many operations/,
    advice: "raise the server's txn_max_req_len and kv_max_value_size to 512 KB, their default",
  },
  {
    status: 500,
    text: /^Invalid Session TTL/,
    advice: "the server's session_ttl_min is above the driver's minTtl: use a longer ttl",
  },
  { status: 500, text: /^No path to datacenter/, advice: "check the option dc" },
  {
    status: 500,
    text: /^No cluster leader|^No known Consul servers/,
    mayPass: true,
    advice: "if it does not pass, look at the servers",
  },
];

interface Refusal {
  readonly status: number;
  readonly text: RegExp;
  readonly unauthorized?: true;
  readonly mayPass?: true;
  readonly advice: string;
}

/** Consul answered with a status that is not a success. */
export class Refused extends Error {
  /** The HTTP status. */
  readonly status: number;

  /** With what it said. */
  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

/** The error that Baton throws. The original may contain what was `sent`, which is not repeated. */
export function consulError(
  error: unknown,
  sent: string,
  signal: AbortSignal | undefined,
): CoordinationError {
  const judge = (): Verdict => {
    const { status } = Object(error) as { status?: number };
    const text = textOf(error);
    const refusal = REFUSALS.find((each) => each.status === status && each.text.test(text));
    const tls = status === undefined && isTlsFailure(error);
    const lost = status === undefined && !tls && !isUnreachable(error);
    return {
      said: (status === undefined ? "" : `status ${status}: `) + plain(text, sent) +
        (lost ? "; if it goes on, check that the port is that of the HTTP API, such as 8500" : ""),
      refused: refusal !== undefined || tls,
      unauthorized: refusal?.unauthorized,
      mayPass: refusal?.mayPass,
      advice: refusal?.advice ??
        (tls
          ? "check the certificate, and whether the port speaks TLS (consul+https in a URL)"
          : "check the URL and the network"),
    };
  };
  return failure("consul", error, judge, signal);
}
