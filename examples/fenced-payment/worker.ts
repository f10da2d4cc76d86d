/**
 * One of two processes that are to charge invoice 7 once. It uses the lock as usual: it takes it, looks
 * whether the invoice is paid, and charges. With `unfenced` the account does not check tokens.
 */

import { DatabaseSync } from "node:sqlite";
import { isStale, StaleToken } from "@baton/baton/fencing";
import { getCoordinator } from "@baton/baton/url";

/** What a worker reports, one JSON object per line of its standard output. */
export type Step =
  | { readonly type: "locked" | "charged" | "refused"; readonly token: number }
  | { readonly type: "ready to charge" | "too late: the invoice is paid" };

/** How long the lock lasts without a renewal, in ms. */
const TTL = 3_000;

const [name = "", folder = "", mode = ""] = Deno.args;

function tell(step: Step): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(step)}\n`));
}

/** The write and the check of the token, in one transaction. */
function charge(shop: DatabaseSync, token: number): void {
  shop.exec("begin immediate");
  try {
    if (mode === "unfenced") {
      shop.exec("update accounts set balance = balance - 10 where id = 42");
    } else {
      const { changes } = shop.prepare(
        "update accounts set balance = balance - 10, fence = ?1 where id = 42 and fence <= ?1",
      ).run(token);
      if (changes === 0) throw new StaleToken({ resource: "account 42", token });
    }
    shop.prepare("insert into charges (invoice, worker, token) values (7, ?, ?)").run(name, token);
    shop.exec("commit");
  } catch (error) {
    shop.exec("rollback");
    throw error;
  }
}

async function work(): Promise<void> {
  using shop = new DatabaseSync(`${folder}/shop.db`, { timeout: 5_000 });
  const lock = (await getCoordinator(Deno.env.get("BATON_URL") ?? "", name)).getLock("account:42");
  await using lease = await lock.hold({ ttl: TTL, timeout: 60_000 });
  tell({ type: "locked", token: lease.token });
  if (shop.prepare("select 1 from charges where invoice = 7").get()) {
    return tell({ type: "too late: the invoice is paid" });
  }
  lease.signal.throwIfAborted(); // The lease is valid now. It need not be valid a moment later.
  tell({ type: "ready to charge" });
  // A garbage collection, a virtual machine that is moved, a closed laptop: any of them can pause us here.
  await Deno.stdin.read(new Uint8Array(16));
  try {
    charge(shop, lease.token);
    tell({ type: "charged", token: lease.token });
  } catch (error) {
    if (!isStale(error)) throw error;
    tell({ type: "refused", token: lease.token });
  }
}

if (import.meta.main) await work();
