/** An etcd whose every answer is chosen, and what it was asked. */
import { etcd, type EtcdOptions } from "../../../drivers/etcd/etcd.ts";
import type { Driver } from "../../../drivers/driver.ts";

/** One request. */
export interface Sent {
  readonly host: string;
  readonly path: string;
  readonly nonce: string | null;
  readonly init: RequestInit;
  readonly body: Record<string, unknown>;
}

/** What is answered: JSON, a response, or an error of the network. */
export type Answer = object | Error | Promise<object | Error>;

/** A driver, and what it has sent. After 20 requests nothing is answered but an error,
 * and after 40 nothing at all. */
export function canned(
  answer: (sent: Sent, n: number) => Answer,
  options: Partial<EtcdOptions> = {},
): { readonly driver: Driver; readonly sent: Sent[]; paths(): string[] } {
  const sent: Sent[] = [];
  const send: typeof fetch = async (input, init = {}) => {
    init.signal?.throwIfAborted();
    const { host, pathname: path, searchParams } = new URL(`${input}`);
    const body = JSON.parse(`${init.body}`);
    const request = { host, path, nonce: searchParams.get("nonce"), init, body };
    sent.push(request);
    if (sent.length > 40) return new Promise(() => {});
    if (sent.length > 20) throw new Error("this has no end");
    const made = await answer(request, sent.length - 1);
    if (made instanceof Error) throw made;
    return made instanceof Response ? made : Response.json(made);
  };
  return {
    driver: etcd({ url: "http://localhost:2379", fetch: send, ...options }),
    sent,
    paths: () => sent.map(({ path }) => path.replace("/v3", "")),
  };
}

/** What a request for a lease of etcd's own is answered. */
export const TERM = { header: { revision: "3" }, ID: "17" };

/** What a transaction is answered that has done all that was asked: one part for each operation. */
export function did(
  parts: readonly object[],
  { revision = "7", epoch = "1000" }: { revision?: string; epoch?: string } = {},
): object {
  return {
    header: { revision },
    succeeded: true,
    responses: [
      { response_range: { kvs: [{ value: btoa(epoch) }] } },
      { response_txn: { responses: parts } },
    ],
  };
}

/** What a transaction is answered where nobody has had a lease yet. */
export const NO_EPOCH = { header: { revision: "7" } };

/** The part of an operation whose comparisons held. */
export const YES = { response_txn: { succeeded: true } };

/** A key as etcd shows it. */
export interface Shown {
  readonly key: string;
  readonly value?: string;
  readonly create_revision?: string;
}

/** The part of an operation whose comparisons did not hold: what its ranges found. */
export function no(...found: readonly (readonly Shown[])[]): object {
  const responses = found.map((kvs) => ({ response_range: shownIn(kvs) }));
  return { response_txn: { responses } };
}

function shownIn(kvs: readonly Shown[]): object {
  if (kvs.length === 0) return {};
  const encoded = kvs.map(({ key, value = "", ...more }) => (
    { key: btoa(key), value: btoa(value), ...more }
  ));
  return { kvs: encoded, count: `${kvs.length}` };
}

/** What etcd refuses, with gRPC's code. */
export function refusal(code: number, message: string, status = 400): Response {
  return Response.json({ error: message, message, code }, { status });
}
