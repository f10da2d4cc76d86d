/**
 * Hostile and easily confused names on every backend, real servers among them: each is refused before
 * anything is sent, or is itself and nothing else.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Driver } from "../../drivers/driver.ts";
import { memory } from "../../drivers/memory.ts";
import { STANDING } from "../backends/mod.ts";
import { bystanders, LAWS } from "./name_laws.ts";

/** Backends with a bug that some database has, and which laws notice it. */
const PLANTED: readonly (readonly [bug: string, spoil: (text: string) => string, laws: RegExp])[] =
  [
    ["case", (text) => text.toLowerCase(), /fold/],
    ["composition", (text) => text.normalize("NFC"), /fold/],
    ["compatible forms", (text) => text.normalize("NFKC"), /fold/],
    ["accents", (text) => text.normalize("NFD").replace(/\p{M}/gu, ""), /fold/],
    ["white space at the end", (text) => text.trimEnd(), /fold/],
    ["quotation", (text) => text.replaceAll("'", "''"), /member id/],
    ["U+FEFF at the beginning", (text) => text.replace(/^\uFEFF/, ""), /ids of members/],
  ];

/** A backend that does the same to every text. */
function spoilt(spoil: (text: string) => string): Driver {
  const backend = memory();
  return {
    ...backend,
    apply: (ops, options) =>
      backend.apply(
        JSON.parse(JSON.stringify(ops), (key, value) => {
          const text = typeof value === "string" && /^(resource|seat|id|value)$/.test(key);
          return text ? spoil(value) : key === "ttl" && value === null ? Infinity : value;
        }),
        options,
      ),
  };
}

Deno.test("a backend that changes texts, or takes one for another, is noticed", async (t) => {
  for (const [bug, spoil, laws] of PLANTED) {
    for (const [law, holds] of Object.entries(LAWS)) {
      if (!laws.test(law)) continue;
      await t.step(`${bug}: ${law}`, async () => {
        await assert.rejects(holds(spoilt(spoil)));
      });
    }
  }
});

for (const { name, start } of STANDING) {
  Deno.test(`${name}: hostile names are data, names that look alike are apart, and bystanders stay`, async (t) => {
    const backend = await start();
    try {
      const driver = await backend.connect();
      const stay = await bystanders(driver);
      for (const [law, holds] of Object.entries(LAWS)) {
        await t.step(law, async () => {
          await holds(driver);
          await stay();
        });
      }
    } finally {
      await backend.stop();
    }
  });
}
