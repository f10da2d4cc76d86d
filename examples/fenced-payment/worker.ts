/**
 * One of two processes that find invoice 7 unpaid, and are to charge it once. It does what one does
 * with a lock: take it, look, act. `unfenced` is all it takes to get that wrong.
 */

import { DatabaseSync } from "node:sqlite";
import { isStale, StaleToken } from "@baton/baton/fencing";
import { getCoordinator } from "@baton/baton/url";

/** What a worker tells, a JSON object per line of its standard output. */
export type Step =
  | { readonly type: "locked" | "charged" | "refused"; readonly token: number }
  | { readonly type: "ready to charge" | "too late, for it is paid" };

/** How long the lock lives unrenewed, in ms. */
const TTL = 1_500;

const [name = "", folder = "", mode = ""] = Deno.args;

function tell(step: Step): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(step)}\n`));
}

/** The write, in one transaction, and with it the check of the token. */
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
    return tell({ type: "too late, for it is paid" });
  }
  lease.signal.throwIfAborted(); // The lease is good. It is, now.
  tell({ type: "ready to charge" });
  // A collection of garbage, a machine that is moved, a laptop's lid: here, anything may take long.
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
