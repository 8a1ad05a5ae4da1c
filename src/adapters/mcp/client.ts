/**
 * A conversation with a server of tools over a channel: its beginning, requests, their answers.
 *
 * Invariants: each request ends once, with its signal at the latest; what nobody waits for is
 * dropped; after the channel's end every request fails at once.
 */

import { type Fields, text } from "../../core/json.ts";
import {
  answerTo,
  initializeParams,
  isNewerAge,
  NEWER_VERSION,
  notification,
  readMessage,
  request,
  statelessParams,
} from "../../core/mcp/messages.ts";
import { type Asked, failedWith, type Trouble, trouble } from "../../core/mcp/trouble.ts";
import type { Channel } from "./channel.ts";

type Answer = Asked<Fields>;

export class Client {
  readonly #channel: Channel;
  readonly #appVersion: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #serial = 0;
  #isStateless: boolean = false;
  #version = "";
  #end: Trouble | null = null;

  constructor(channel: Channel, appVersion: string) {
    this.#channel = channel;
    this.#appVersion = appVersion;
  }

  /** Null: it may be asked. */
  get end(): Trouble | null {
    return this.#end;
  }

  get version(): string {
    return this.#version;
  }

  get lastWords(): string {
    return this.#channel.lastWords;
  }

  /** Null: it may be asked. What has failed is to be closed all the same. */
  async start(signal: AbortSignal): Promise<Trouble | null> {
    const opened = await this.#channel.open(
      {
        message: (value) => this.#took(value),
        failed: (id, why) => this.#settle(id, { ok: false, trouble: why }),
        closed: (why) => this.#ended(why),
      },
      signal,
    );
    return opened ?? (await this.#greet(signal));
  }

  async #greet(signal: AbortSignal): Promise<Trouble | null> {
    const answer = await this.ask("initialize", initializeParams(this.#appVersion), signal);
    if (answer.ok) {
      this.#version = text(answer.value, "protocolVersion") ?? "";
      this.#channel.speak(this.#version);
      this.#channel.send(notification("notifications/initialized"));
      return null;
    }
    const { rpc } = answer.trouble;
    if (rpc === undefined || !isNewerAge(rpc)) return answer.trouble;
    this.#isStateless = true;
    this.#version = NEWER_VERSION;
    this.#channel.speak(NEWER_VERSION);
    return null;
  }

  ask(method: string, params: Fields, signal: AbortSignal): Promise<Answer> {
    if (this.#end !== null) return Promise.resolve({ ok: false, trouble: this.#end });
    if (signal.aborted) return Promise.resolve(failedWith("aborted", "given up"));
    this.#serial += 1;
    const id = this.#serial;
    return new Promise((resolve) => {
      const giveUp = (): void => this.#giveUp(id, method);
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.set(id, (answer) => {
        signal.removeEventListener("abort", giveUp);
        resolve(answer);
      });
      const sent = this.#isStateless ? statelessParams(params, this.#appVersion) : params;
      this.#channel.send(request(id, method, sent));
    });
  }

  close(): Promise<void> {
    this.#ended(trouble("aborted", "closed"));
    return this.#channel.close();
  }

  #giveUp(id: number, method: string): void {
    if (!this.#waiting.has(id)) return;
    // The newer age has no such message: there, the request is broken off.
    if (!this.#isStateless && method !== "initialize") {
      const params = { requestId: id, reason: "not wanted any more" };
      this.#channel.send(notification("notifications/cancelled", params));
    }
    this.#channel.drop(id);
    this.#settle(id, failedWith("aborted", "given up"));
  }

  #took(value: unknown): void {
    const incoming = readMessage(value);
    if (incoming.tag === "answer") {
      this.#settle(incoming.id, { ok: true, value: incoming.result });
    } else if (incoming.tag === "error") {
      const { error } = incoming;
      const why = trouble("rpc", `it answers: ${error.message}`, { rpc: error });
      this.#settle(incoming.id, { ok: false, trouble: why });
    } else if (incoming.tag === "request") {
      this.#channel.send(answerTo(incoming.id, incoming.method));
    }
  }

  #settle(id: number, answer: Answer): void {
    const waits = this.#waiting.get(id);
    this.#waiting.delete(id);
    waits?.(answer);
  }

  #ended(why: Trouble): void {
    this.#end ??= why;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, { ok: false, trouble: why });
  }
}
