/**
 * A headless Chromium that opens one page, as a reader would: what it says, what it asks for, what it
 * shows. Spoken to over its debugging socket (Chrome DevTools Protocol).
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { type Fields, fields, number, record, text } from "../../src/core/json.ts";

/** A loaded machine takes its time to start a browser. */
const START_MAX_MS = 60_000;
const ANSWER_MAX_MS = 60_000;
const CLOSE_MAX_MS = 10_000;
const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** The browser's program, or why there is none. */
export function findChromium(): { readonly path: string } | { readonly missing: string } {
  for (const name of NAMES) {
    if (spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0) return { path: name };
  }
  return { missing: "no Chromium here (apt install chromium; scripts/test does)" };
}

export class Chromium {
  readonly #child: ChildProcess;
  readonly #socket: WebSocket;
  readonly #profile: string;
  readonly #waiting = new Map<number, (message: Fields) => void>();
  readonly #listeners = new Map<string, () => void>();
  #session: string | null = null;
  #lastId = 0;
  /** Messages of the console and failures of the page, as they came. */
  readonly errors: string[] = [];
  /** Addresses that the page asked for, itself included. */
  readonly requests: string[] = [];

  private constructor(child: ChildProcess, socket: WebSocket, profile: string) {
    this.#child = child;
    this.#socket = socket;
    this.#profile = profile;
    socket.on("message", (data) => this.#hear(record(JSON.parse(String(data))) ?? {}));
  }

  static async start(path: string): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), "pipit-chromium-"));
    const options = [
      ...["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
      ...["--no-first-run", "--disable-background-networking", "--disable-component-update"],
      ...["--hide-scrollbars", "--remote-debugging-port=0", `--user-data-dir=${profile}`],
    ];
    const child = spawn(path, [...options, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
    try {
      const socket = new WebSocket(await addressOf(child));
      await once(socket, "open");
      const browser = new Chromium(child, socket, profile);
      await browser.#attach();
      return browser;
    } catch (error) {
      child.kill("SIGKILL");
      rmSync(profile, { recursive: true, force: true });
      throw error;
    }
  }

  /** Opens a page and waits until it has loaded. */
  async open(url: string): Promise<void> {
    this.errors.length = 0;
    this.requests.length = 0;
    const loaded = this.#event("Page.loadEventFired");
    await this.#ask("Page.navigate", { url });
    await loaded;
  }

  /** As on a screen of this many CSS pixels. */
  async screen(width: number, height: number, scheme: "light" | "dark"): Promise<void> {
    const mobile = width < 600;
    const metrics = { width, height, deviceScaleFactor: 1, mobile };
    await this.#ask("Emulation.setDeviceMetricsOverride", metrics);
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.#ask("Emulation.setEmulatedMedia", { features });
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const reply = await this.#ask("Runtime.evaluate", { expression, returnByValue: true });
    if (reply["exceptionDetails"] !== undefined) throw new Error(JSON.stringify(reply));
    return fields(reply, "result")["value"];
  }

  /** A PNG of the whole page. */
  async picture(): Promise<Buffer> {
    const reply = await this.#ask("Page.captureScreenshot", { captureBeyondViewport: true });
    return Buffer.from(text(reply, "data") ?? "", "base64");
  }

  /** Asked to end, it ends its many children too; they write into the profile to the last. */
  async close(): Promise<void> {
    const gone = once(this.#child, "exit");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), CLOSE_MAX_MS);
    this.#socket.send(JSON.stringify({ id: ++this.#lastId, method: "Browser.close" }));
    await gone;
    clearTimeout(timer);
    this.#socket.terminate();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }

  async #attach(): Promise<void> {
    const { targetId } = await this.#ask("Target.createTarget", { url: "about:blank" });
    const reply = await this.#ask("Target.attachToTarget", { targetId, flatten: true });
    this.#session = text(reply, "sessionId");
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await this.#ask(`${domain}.enable`);
  }

  #event(method: string): Promise<void> {
    return bounded(`${method} did not come`, (done) => this.#listeners.set(method, () => done()));
  }

  #ask(method: string, params: Record<string, unknown> = {}): Promise<Fields> {
    const id = ++this.#lastId;
    const session = this.#session === null ? {} : { sessionId: this.#session };
    return bounded(`no answer to ${method}`, (done) => {
      this.#waiting.set(id, (message) => done(fields(message, "result")));
      this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    });
  }

  #hear(message: Fields): void {
    const id = number(message, "id");
    if (id !== null) {
      this.#waiting.get(id)?.(message);
      this.#waiting.delete(id);
      return;
    }
    const method = text(message, "method") ?? "";
    const params = fields(message, "params");
    const isProblem = ["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"];
    if (isProblem.includes(method)) this.errors.push(JSON.stringify(params));
    if (method === "Network.requestWillBeSent") {
      this.requests.push(text(fields(params, "request"), "url") ?? "");
    }
    this.#listeners.get(method)?.();
  }
}

function bounded<T>(message: string, work: (done: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(message)), ANSWER_MAX_MS);
    work((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

/** Chromium prints the address of its debugging socket on stderr. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error("Chromium did not start"));
    const timer = setTimeout(fail, START_MAX_MS);
    child.once("error", fail);
    child.once("exit", fail);
    if (child.stderr === null) return fail();
    createInterface({ input: child.stderr }).on("line", (line) => {
      const address = /listening on (ws:\S+)/.exec(line)?.[1];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    });
  });
}
