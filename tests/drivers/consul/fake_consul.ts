/** As much of Consul as a batch sees, within the process: keys, transactions, sessions, and a clock. */
import { consul, type ConsulOptions } from "../../../drivers/consul/consul.ts";
import type { Driver } from "../../../drivers/driver.ts";
import { whileFetchIs } from "../../tools/fake_fetch.ts";

interface Key {
  Key: string;
  Value: string | null;
  Session?: string;
  CreateIndex: number;
  ModifyIndex: number;
}

interface Verb {
  readonly Verb: string;
  readonly Key: string;
  readonly Value?: string;
  readonly Session?: string;
  readonly Index?: number;
}

export class FakeConsul {
  /** Since the last call of {@link FakeConsul.asked}. */
  #asked: string[] = [];
  #keys = new Map<string, Key>();
  #sessions = new Set<string>();
  #made = 0;
  #index = 10;
  now = 1_700_000_000_000;
  /** What happens before a request is answered; what it answers is answered instead. */
  meddle: (path: string, url: URL, body: string) => void | Response | Promise<void | Response> =
    () => {};

  /** The requests since the last call: how each begins, and for a transaction its first real verb. */
  asked(): string[] {
    return this.#asked.splice(0);
  }

  /** All keys of leases. */
  get leases(): string[] {
    return [...this.#keys.keys()].filter((key) => key.includes("/lease/"));
  }

  /** Takes a key away, as the end of its session does. */
  drop(key: string): void {
    if (this.#keys.delete(key)) this.#index++;
  }

  /** A change of a key, by any client. */
  touch(key: string): void {
    const there = this.#keys.get(key);
    if (there) there.ModifyIndex = ++this.#index;
  }

  /** Ends a session, and all that is in it. */
  end(session: string): void {
    this.#sessions.delete(session);
    for (const { Key, Session } of this.#keys.values()) if (Session === session) this.drop(Key);
  }

  readonly #fetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(`${input}`);
    const path = url.pathname.replace("/v1/", "");
    const body = `${init.body ?? ""}`;
    init.signal?.throwIfAborted();
    this.#asked.push(path === "txn" ? `txn ${wordOf(body)}` : path.split("/")[0]!);
    const meddled = await this.meddle(path, url, body);
    if (meddled) return meddled;
    if (path === "txn") return this.#transact(JSON.parse(body).map(({ KV }: { KV: Verb }) => KV));
    if (path === "session/create") {
      const ID = `s-${++this.#made}`;
      this.#sessions.add(ID);
      return Response.json({ ID });
    }
    if (path.startsWith("session/renew/")) {
      const ID = path.slice("session/renew/".length);
      if (this.#sessions.has(ID)) return Response.json([{ ID }]);
      return new Response(`Session id '${ID}' not found`, { status: 404 });
    }
    const key = path.slice("kv/".length);
    const found = [...this.#keys.values()].filter(({ Key }) =>
      url.searchParams.has("recurse") || url.searchParams.has("keys")
        ? Key.startsWith(key)
        : Key === key
    );
    const index = Math.max(1, ...found.map(({ ModifyIndex }) => ModifyIndex));
    const headers = { "x-consul-index": `${found.length > 0 ? index : this.#index}` };
    if (found.length === 0) return new Response("", { status: 404, headers });
    return Response.json(found.map(({ Key }) => Key), { headers });
  };

  #transact(verbs: readonly Verb[]): Response {
    if (verbs.length > 64) return new Response("too many operations", { status: 413 });
    const before = structuredClone(this.#keys);
    const index = this.#index + 1;
    const found: Key[] = [];
    const fail = (What: string): Response => {
      this.#keys = before;
      return Response.json({ Results: null, Errors: [{ OpIndex: 0, What }] }, { status: 409 });
    };
    for (const { Verb, Key, Value = null, Session, Index } of verbs) {
      const there = this.#keys.get(Key);
      const put = (session = there?.Session): void => {
        const { CreateIndex = index } = there ?? {};
        const made = { Key, Value, CreateIndex, ModifyIndex: index };
        this.#keys.set(Key, session ? { ...made, Session: session } : made);
        found.push({ ...this.#keys.get(Key)!, Value: null });
      };
      if (Verb === "get-tree") {
        found.push(...[...this.#keys.values()].filter((each) => each.Key.startsWith(Key)));
      } else if (Verb === "get") found.push(there!);
      else if (Verb === "check-not-exists" && there) return fail("key exists");
      else if (Verb === "check-index" && there?.ModifyIndex !== Index) return fail("index");
      else if (Verb === "check-session" && there?.Session !== Session) return fail("session");
      else if (Verb === "cas" && there?.ModifyIndex) return fail("cas");
      else if (Verb === "delete-cas" && there?.ModifyIndex !== Index) return fail("cas");
      // Consul shows what was checked, too.
      if (/^check-(index|session)$/.test(Verb)) found.push({ ...there! });
      if (Verb === "lock") {
        if (!this.#sessions.has(Session!)) return fail("invalid session");
        if (there?.Session && there.Session !== Session) return fail("lock");
        put(Session);
      }
      if (Verb === "unlock") {
        if (there?.Session !== Session) return fail("unlock");
        put("");
      }
      if (Verb === "set" || Verb === "cas") put();
      if (Verb.startsWith("delete")) this.#keys.delete(Key);
    }
    if (found.some((each) => !each)) return fail("key doesn't exist");
    if (verbs.some(({ Verb }) => !/^(get|check)/.test(Verb))) this.#index = index;
    return Response.json({ Results: found.map((KV) => ({ KV })), Errors: null }, {
      headers: { date: new Date(this.now).toUTCString() },
    });
  }

  /** A driver, each call of which asks this Consul. */
  connect(options: Partial<ConsulOptions> = {}): Driver {
    const driver = consul({ url: "http://127.0.0.1:8500", ...options });
    return {
      ...driver,
      apply: (...args) => whileFetchIs(this.#fetch, () => driver.apply(...args)),
    };
  }
}

/** `look`, or what the transaction writes. */
function wordOf(body: string): string {
  if (body.includes("get-tree")) return "look";
  return body.includes("delete-cas") ? "sweep" : body.includes('"Verb":"cas"') ? "epoch" : "write";
}
