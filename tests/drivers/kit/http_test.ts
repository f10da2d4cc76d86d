/**
 * How answers over HTTP are read: to their bounds, and no further.
 *
 * @module
 */

import assert from "node:assert/strict";
import { linesIn, plainRequest, textIn } from "../../../drivers/kit/http.ts";
import { UnknownOutcome } from "../../../errors.ts";

/** As much as is read. */
const MOST = 32 * 2 ** 20;

/** An answer in these chunks, and whether its reader has given it up. */
function answer(chunks: readonly Uint8Array[], init: ResponseInit = {}) {
  let [next, cancelled] = [0, false];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[next++];
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
    cancel: () => void (cancelled = true),
  }, { highWaterMark: 0 });
  return { response: new Response(body, init), isCancelled: () => cancelled };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function linesOf(response: Response): Promise<string[][]> {
  return await Array.fromAsync(linesIn("x", response));
}

Deno.test("an answer with a status from 300 to 399 is a redirect, and is given up unread", async () => {
  for (const read of [(response: Response) => textIn("x", response), linesOf]) {
    for (const status of [300, 301, 307, 399]) {
      const { response, isCancelled } = answer([bytes("hello\n")], { status });
      await assert.rejects(read(response), (error: Error) => {
        assert(error instanceof UnknownOutcome, `${error}`);
        return /redirect, which is not followed/.test(error.message);
      });
      assert.equal(isCancelled(), true, `${status}`);
    }
    for (const status of [200, 299, 400, 502]) {
      assert.deepEqual(
        [await read(answer([bytes("hello\n")], { status }).response)].flat(2),
        [read === linesOf ? "hello" : "hello\n"],
        `${status}`,
      );
    }
  }
});

Deno.test("a text of 32 MiB is read, and one with a byte more is given up", async () => {
  const half = new Uint8Array(MOST / 2).fill(0x61);
  assert.equal((await textIn("x", answer([half, half]).response)).length, MOST);
  const { response, isCancelled } = answer([half, half, bytes("a")]);
  await assert.rejects(textIn("x", response), /more than 32 MiB/);
  assert.equal(isCancelled(), true);
});

Deno.test("of an answer that says how long it is no more is read than of any other", async () => {
  // A server may lie: a long answer that calls itself short is the runtime's to cut.
  for (const length of ["5", `${32 * 2 ** 10}`, `${MOST * 2}`]) {
    const headers = { "content-length": length };
    assert.equal(await textIn("x", answer([bytes("hello")], { headers }).response), "hello");
  }
  // A compressed one counts as what it unpacks to, whatever length it gives.
  const half = new Uint8Array(MOST / 2).fill(0x61);
  const headers = { "content-length": "10", "content-encoding": "gzip" };
  const { response } = answer([half, half, bytes("a")], { headers });
  await assert.rejects(textIn("x", response), /more than 32 MiB/);
  // Nor is the text of an error trusted to be short.
  const failed = answer([half, half, bytes("a")], {
    status: 500,
    headers: { "content-length": "1" },
  });
  await assert.rejects(textIn("x", failed.response), /more than 32 MiB/);
});

Deno.test("an answer is read in one go if it says that it is short, and otherwise as it comes", async () => {
  const encoding = { "content-encoding": "gzip" };
  for (
    const [headers, whole, status] of [
      [{ "content-length": "0" }, true],
      [{ "content-length": `${32 * 2 ** 10}` }, true],
      [{ "content-length": `${32 * 2 ** 10 + 1}` }, false],
      [{}, false],
      [{ "content-length": "5", ...encoding }, false],
      [{ "content-length": "5" }, false, 400],
    ] as readonly [Record<string, string>, boolean, number?][]
  ) {
    const { response } = answer([bytes("hello")], { headers, status: status ?? 200 });
    let wholes = 0;
    const text = response.text.bind(response);
    response.text = () => (wholes++, text());
    assert.equal(await textIn("x", response), "hello");
    assert.equal(wholes, whole ? 1 : 0, JSON.stringify(headers));
  }
});

Deno.test("a text is the same however it is cut: letters of several bytes, and a BOM that a value begins with", async () => {
  const text = "\ufeffä\ufeff€😀";
  const whole = bytes(text);
  for (let at = 0; at <= whole.length; at++) {
    const chunks = [whole.slice(0, at), whole.slice(at)].filter(({ length }) => length > 0);
    assert.equal(await textIn("x", answer(chunks).response), text, `${at}`);
    assert.deepEqual((await linesOf(answer([...chunks, bytes("\n")]).response)).flat(), [text]);
  }
  // A letter that is cut off at the end is not left out in silence.
  assert.equal(await textIn("x", answer([bytes("€").slice(0, 2)]).response), "\ufffd");
});

Deno.test("lines come as they are whole, however many chunks they are in, and none may be too long", async () => {
  const { response } = answer(["a", "b\nc", "\n\nd\n", "e"].map(bytes));
  assert.deepEqual(await linesOf(response), [[], ["ab"], ["c", "", "d"], []]);
  assert.deepEqual(await linesOf(new Response(null)), []);
  assert.equal(await textIn("x", new Response(null)), "");
  const long = new Uint8Array(MOST).fill(0x61);
  assert.deepEqual((await linesOf(answer([long, bytes("\n")]).response)).flat().length, 1);
  await assert.rejects(linesOf(answer([long, bytes("a")]).response), /more than 32 MiB/);
});

Deno.test("no request follows a redirect, and each is a POST", () => {
  const { method, redirect } = plainRequest();
  assert.deepEqual([method, redirect], ["POST", "manual"]);
});
