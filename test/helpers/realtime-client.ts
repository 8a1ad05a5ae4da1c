/**
 * A plain client of the Realtime protocol over a real socket, for tests of the simulated peer. It
 * knows nothing of the daemon, and holds every event it gets against the published schema.
 */

import { WebSocket } from "ws";
import { base64Of } from "../../src/sim/peer/base64.ts";
import { isObject, type JsonObject, parseJson, textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { serverProblem } from "../../src/sim/peer/validate.ts";

/** A test that waits for longer than this has failed, milliseconds. */
const WAIT_MAX_MS = 20_000;

export interface End {
  /** Close code; 0 when the upgrade was refused or the socket failed before it. */
  readonly code: number;
  readonly reason: string;
  /** HTTP status of a refused upgrade; 0 otherwise. */
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export interface ClientOptions {
  readonly model?: string;
  readonly key?: string | null;
  readonly beta?: boolean;
  readonly path?: string;
}

export class Client {
  /** Everything that came and is a JSON object. */
  readonly events: JsonObject[] = [];
  /** Frames that are not. */
  readonly garbage: string[] = [];
  /** What the schema says against the events that came. */
  readonly problems: string[] = [];
  readonly ended: Promise<End>;
  readonly ws: WebSocket;
  readonly #beta: boolean;
  readonly #taken = new Set<JsonObject>();
  readonly #waiting = new Set<() => void>();

  constructor(peer: Peer, options: ClientOptions = {}) {
    this.#beta = options.beta ?? false;
    const base = peer.url.replace("http:", "ws:");
    const url = `${base}${options.path ?? "/realtime"}?model=${options.model ?? "gpt-realtime"}`;
    const key = options.key === undefined ? "sk-test" : options.key;
    this.ws = new WebSocket(url, {
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(this.#beta ? { "openai-beta": "realtime=v1" } : {}),
      },
      perMessageDeflate: false,
      maxPayload: 0,
    });
    this.ws.on("message", (data) => this.#message(String(data)));
    this.ended = this.#end();
  }

  #message(text: string): void {
    const event = parseJson(text);
    if (isObject(event)) {
      this.events.push(event);
      const problem = serverProblem(event, this.#beta ? "beta" : "ga");
      if (problem !== null) this.problems.push(`${String(event["type"])}: ${problem}`);
    } else {
      this.garbage.push(text);
    }
    for (const wake of this.#waiting) wake();
  }

  #end(): Promise<End> {
    const none = { code: 0, reason: "", status: 0, headers: {}, body: "" };
    return new Promise((resolve) => {
      this.ws.on("unexpected-response", (_request, response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("end", () => {
          resolve({ ...none, status: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
      // After a failure before the upgrade "close" follows too, with 1006.
      this.ws.on("error", () => undefined);
      this.ws.on("close", (code, reason) => resolve({ ...none, code, reason: String(reason) }));
    });
  }

  send(event: JsonObject): void {
    this.ws.send(JSON.stringify(event));
  }

  /** The next event of this type that was not seen yet. */
  async see(type: string): Promise<JsonObject> {
    return await this.seeThat(type, (event) => event["type"] === type);
  }

  async seeThat(what: string, fits: (event: JsonObject) => boolean): Promise<JsonObject> {
    const look = (): JsonObject | undefined =>
      this.events.find((event) => fits(event) && !this.#taken.has(event));
    await this.#until(`${what} was not seen`, () => look() !== undefined);
    const found = look();
    if (found === undefined) throw new Error(`${what} vanished`);
    this.#taken.add(found);
    return found;
  }

  async seeGarbage(): Promise<string> {
    await this.#until("no garbage was seen", () => this.garbage.length > 0);
    return this.garbage[0] ?? "";
  }

  #until(message: string, fits: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const seen = this.events.map((event) => String(event["type"]));
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`${message}; got ${seen.slice(-12).join(" ")}`));
      }, WAIT_MAX_MS);
      const check = (): void => {
        if (!fits()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** Types of what came, in order, each run of equal ones once. */
  story(): string[] {
    const types = this.events.map((event) => String(event["type"]));
    return types.filter((type, index) => type !== types[index - 1]);
  }

  /** session.created → session.update → session.updated; the echoed session. */
  async configure(session: JsonObject = {}): Promise<JsonObject> {
    await this.see("session.created");
    const shape = this.#beta ? {} : { type: "realtime" };
    this.send({ type: "session.update", session: { ...shape, ...session } });
    return await this.see("session.updated");
  }

  /** Sends sound in appends of `chunk` samples. */
  speak(pcm: Int16Array, chunk = 480): void {
    for (let at = 0; at < pcm.length; at += chunk) {
      const audio = base64Of(pcm.subarray(at, at + chunk));
      this.send({ type: "input_audio_buffer.append", audio });
    }
  }

  /** All sound that came for an item. */
  heard(itemId: string): Int16Array {
    const deltas = this.events.filter(
      (event) => event["item_id"] === itemId && /audio\.delta$/.test(String(event["type"])),
    );
    const bytes = Buffer.concat(
      deltas.map((event) => Buffer.from(textAt(event, "delta") ?? "", "base64")),
    );
    return Int16Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readInt16LE(at * 2));
  }

  close(): void {
    this.ws.terminate();
  }
}
