import { build, stopBundler } from "./bundle.ts";
import { requireRuntimes } from "./install.ts";
import { startDatabases } from "./places.ts";
import { runtimesOf } from "./runtimes.ts";
import { smokeCases } from "./smoke.ts";
import { driverCases } from "../conformance/mod.ts";
import { temporaryFolder } from "../servers/process.ts";
const t0 = performance.now();
const T = () => ((performance.now() - t0) / 1000).toFixed(2);
const inst = await requireRuntimes();
console.log(T(), inst);
const folder = await temporaryFolder("baton-rt-");
await build(folder, inst.modules);
await stopBundler();
console.log(T(), "built", (await Deno.stat(folder + "/package.mjs")).size);
const dbs = (await startDatabases()).filter((d) => new RegExp(Deno.args[4] ?? ".").test(d.name));
console.log(T(), "dbs");
const want = Deno.args[0] ? new RegExp(Deno.args[0]) : /./;
const suite = Deno.args[1] ?? "smoke";
const which = Deno.args[2] ? new RegExp(Deno.args[2]) : /./;
for (const rt of runtimesOf(inst, folder).filter((r) => want.test(r.name))) {
  const s = performance.now();
  const r = await rt.start();
  console.log(T(), rt.name, "start", (performance.now() - s).toFixed(0));
  await Promise.all(dbs.map(async (db) => {
    const place = await db.front();
    const b = performance.now();
    if (suite === "smoke") {
      for (const c of smokeCases.filter((c) => which.test(c.name))) {
        place.faults.clear();
        if (c.faults) place.faults.next(...c.faults);
        const a = performance.now();
        const res = await r.run({ suite: "smoke", name: c.name, address: place.address });
        console.log(
          T(),
          rt.name,
          "|",
          db.name,
          "|",
          c.name,
          (performance.now() - a).toFixed(0),
          res.timers,
          res.error ?? "",
        );
      }
    } else {
      const q = [...driverCases.filter((c) => which.test(c.name))];
      const times: [number, string][] = [];
      await Promise.all(Array.from({ length: Number(Deno.args[5] ?? 16) }, async () => {
        for (let c = q.shift(); c; c = q.shift()) {
          const a = performance.now();
          const n0 = place.faults.seen.length;
          const res = await r.run({ suite: "conformance", name: c.name, address: place.address });
          times.push([performance.now() - a, c.name]);
          if (res.error) console.log(rt.name, "|", db.name, "|", c.name, res.error.slice(0, 600));
        }
      }));
      times.sort((a, b) => b[0] - a[0]);
      console.log(
        times.slice(0, Number(Deno.args[3] ?? 12)).map(([a, n]) => a.toFixed(0) + " " + n).join(
          "\n",
        ),
      );
    }
    console.log(
      T(),
      rt.name,
      db.name,
      "total",
      (performance.now() - b).toFixed(0),
      "requests",
      place.faults.seen.length,
    );
    await place.stop();
  }));
  await r.stop();
  console.log(T(), rt.name, "stopped");
}
await Promise.all(dbs.map((d) => d.stop()));
Deno.exit(0);
