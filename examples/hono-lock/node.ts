/** For Node; Deno and Workers serve `main.ts` as it is. */

import process from "node:process";
import { serve } from "@hono/node-server";
import app from "./main.ts";

serve({ fetch: app.fetch, port: Number(process.env["PORT"] ?? 8_000) });
