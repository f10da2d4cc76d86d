/** Serves the page, and sends something each second to all that are connected. */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import process from "node:process";

const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript" };
const connections = new Set();
let count = 0;

const server = createServer(async (request, response) => {
  if (request.url === "/events") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    connections.add(response);
    response.on("close", () => connections.delete(response));
    return;
  }
  const [, name = "index", type = "html"] = /^\/(page|worker)\.(js)$/.exec(request.url) ?? [];
  const file = await readFile(new URL(`${name}.${type}`, import.meta.url));
  response.writeHead(200, { "content-type": TYPES[type] }).end(file);
});

setInterval(() => {
  count++;
  for (const each of connections) {
    each.write(`data: message ${count}, to ${connections.size} of the tabs\n\n`);
  }
}, 1_000);

server.listen(Number(process.env.PORT ?? 8000), "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}/\n`);
});
