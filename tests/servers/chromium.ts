/**
 * A real browser, and its tabs, over the protocol of its developer tools.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { requireChromium } from "./chromium_install.ts";
import { orRemoved, removeFolder, temporaryFolder } from "./folders.ts";
import { startProcess } from "./process.ts";

/** A running Chromium with a profile of its own. */
export interface Chromium {
  /** Opens a tab, in a process of its own, and waits until its page is loaded. */
  open(url: string): Promise<Tab>;
  /** Sends a command about the whole browser. */
  send(method: string, params?: object): Promise<Answer>;
  /** Ends it and removes its profile. */
  stop(): Promise<void>;
}

/** What a command has answered. */
export type Answer = Readonly<Record<string, unknown>>;

const FLAGS = [
  // Its pages are the tests' own, and a container may not allow it.
  "--no-sandbox",
  "--remote-debugging-port=0",
  "--no-first-run",
  "--disable-gpu",
  // The one of a container may be small.
  "--disable-dev-shm-usage",
  // Nothing that nobody asked for.
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-crash-reporter",
  // Each tab has a process of its own, so one that crashes takes no other with it.
  "--renderer-process-limit=100",
  // No tab is in front of the others. A test that wants one to be hidden says so.
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** Starts one. */
export async function startChromium(): Promise<Chromium> {
  const { program, environment } = await requireChromium();
  const folder = await temporaryFolder("baton-chromium-");
  return await orRemoved(folder, async () => {
    const profile = join(folder, "profile");
    let port = "";
    const running = await startProcess({
      program,
      args: [...FLAGS, `--user-data-dir=${profile}`, "about:blank"],
      folder,
      log: "chromium.log",
      environment,
      ready() {
        port = portIn(profile);
        return port !== "";
      },
    });
    const tools = await Tools.connect(`ws://127.0.0.1:${port.replace("\n", "")}`);
    return {
      open: (url) => Tab.open(tools, url),
      send: (method, params) => tools.send(method, params),
      async stop() {
        await tools.close();
        await running.stop();
        await removeFolder(folder);
      },
    };
  });
}

/** Its port, and the path of the tools on the next line; empty until it says so. */
function portIn(profile: string): string {
  try {
    const said = readFileSync(join(profile, "DevToolsActivePort"), "utf8");
    return /^\d+\n\/.+$/.test(said) ? said : "";
  } catch {
    return "";
  }
}

/** A command that has no answer yet. */
interface Call extends PromiseWithResolvers<Answer> {
  readonly session: string | undefined;
}

/** The developer tools. */
class Tools {
  readonly #socket: WebSocket;
  readonly #calls = new Map<number, Call>();
  readonly #crashed = new Set<string>();
  #count = 0;

  static async connect(url: string): Promise<Tools> {
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error("Chromium's developer tools were not reached"));
    });
    return new Tools(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { id, result, error, method, sessionId } = JSON.parse(data);
      if (method === "Inspector.targetCrashed") this.#end(sessionId);
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error) call?.reject(new Error(`Chromium: ${error.message}`));
      else call?.resolve(result);
    };
    socket.onerror = null;
    socket.onclose = () => this.#end();
  }

  /** Those of whom something was asked that has ended will not answer. */
  #end(session?: string): void {
    if (session) this.#crashed.add(session);
    for (const [id, call] of this.#calls) {
      if (session && call.session !== session) continue;
      this.#calls.delete(id);
      call.reject(new Error("Chromium: the tab has crashed, or the browser has ended"));
    }
  }

  send(method: string, params: object = {}, session?: string): Promise<Answer> {
    const id = ++this.#count;
    const call = Promise.withResolvers<Answer>();
    this.#calls.set(id, { ...call, session });
    this.#socket.send(
      JSON.stringify({ id, method, params, ...session && { sessionId: session } }),
    );
    return call.promise;
  }

  /** Ends the process of a session. */
  async crash(session: string): Promise<void> {
    // There is nobody left to answer.
    await this.send("Page.crash", {}, session).catch(() => {});
    if (!this.#crashed.has(session)) throw new Error("Chromium: the tab has not crashed");
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#socket.addEventListener("close", () => resolve());
    });
    this.#socket.close();
    return closed;
  }
}

/** A tab. */
export class Tab {
  readonly #tools: Tools;
  readonly #target: string;
  readonly #session: string;

  /** Opens one. */
  static async open(tools: Tools, url: string): Promise<Tab> {
    const { targetId } = await tools.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await tools.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(tools, `${targetId}`, `${sessionId}`);
    await tab.send("Inspector.enable");
    await tab.go(url);
    return tab;
  }

  private constructor(tools: Tools, target: string, session: string) {
    [this.#tools, this.#target, this.#session] = [tools, target, session];
  }

  /** Sends a command about this tab. */
  send(method: string, params?: object): Promise<Answer> {
    return this.#tools.send(method, params, this.#session);
  }

  /** Goes to another page, and waits until it is loaded. */
  async go(url: string): Promise<void> {
    const { errorText } = await this.send("Page.navigate", { url });
    if (errorText) throw new Error(`Chromium cannot open ${url}: ${errorText}`);
    await this.ask(`new Promise((resolve) =>
      document.readyState === "complete" ? resolve() : addEventListener("load", () => resolve()))`);
  }

  /**
   * What an expression answers there, or what its promise does.
   *
   * @throws {Error} with what it has thrown.
   */
  async ask<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as { result: { value: T }; exceptionDetails?: { exception?: { description?: string } } };
    if (!exceptionDetails) return result.value;
    throw new Error(exceptionDetails.exception?.description ?? JSON.stringify(exceptionDetails));
  }

  /** Hides it and freezes it, as browsers do with tabs that nobody has looked at for long. */
  async freeze(): Promise<void> {
    await this.send("Page.setWebLifecycleState", { state: "frozen" });
  }

  /** Ends that. */
  async thaw(): Promise<void> {
    await this.send("Page.setWebLifecycleState", { state: "active" });
  }

  /** Ends its process, as when it runs out of memory. */
  crash(): Promise<void> {
    return this.#tools.crash(this.#session);
  }

  /** Closes it. No code of its page runs any more. */
  async close(): Promise<void> {
    await this.#tools.send("Target.closeTarget", { targetId: this.#target });
  }

  /** A picture of it, as a PNG. */
  async picture(): Promise<Uint8Array<ArrayBuffer>> {
    const { data } = await this.send("Page.captureScreenshot");
    return Uint8Array.from(atob(`${data}`), (letter) => letter.charCodeAt(0));
  }
}
