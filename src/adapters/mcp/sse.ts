/**
 * A server of tools over the older transport: one stream of events that stays open, and a POST for
 * each message to the address that the stream names first.
 *
 * Invariants: that address is of the same host as the stream; when the stream ends, so does the
 * channel.
 */

import type { IncomingMessage } from "node:http";
import { parseJson, record } from "../../core/json.ts";
import { EventStream, type StreamEvent } from "../../core/mcp/event-stream.ts";
import type { Message } from "../../core/mcp/messages.ts";
import type { UrlReach } from "../../core/mcp/servers.ts";
import { type Trouble, trouble } from "../../core/mcp/trouble.ts";
import { ask, readText } from "./ask.ts";
import { type Channel, type ChannelSink, MESSAGE_MAX_BYTES } from "./channel.ts";
import { statusTrouble } from "./http.ts";
import { UnderWay } from "./under-way.ts";

const REASON_MAX_BYTES = 4_096;

export class SseChannel implements Channel {
  readonly lastWords = "";
  readonly #reach: UrlReach;
  readonly #end = new AbortController();
  readonly #underWay = new UnderWay();
  #sink: ChannelSink | null = null;
  #postUrl: string | null = null;

  constructor(reach: UrlReach) {
    this.#reach = reach;
  }

  async open(sink: ChannelSink, signal: AbortSignal): Promise<Trouble | null> {
    this.#sink = sink;
    const stop = (): void => this.#end.abort();
    signal.addEventListener("abort", stop, { once: true });
    const headers = { ...this.#reach.headers, accept: "text/event-stream" };
    const url = this.#reach.sseUrl;
    const asked = await ask({ method: "GET", url, headers, body: null, signal: this.#end.signal });
    if (!asked.ok) return asked.why;
    const { answer } = asked;
    const status = answer.statusCode ?? 0;
    if (status !== 200) {
      return statusTrouble(answer, await readText(answer, REASON_MAX_BYTES), null);
    }
    if (!(answer.headers["content-type"] ?? "").startsWith("text/event-stream")) {
      answer.destroy();
      return trouble("absent", "what it answers is no stream of events");
    }
    const opened = await new Promise<Trouble | null>((resolve) => {
      void this.#listen(answer, resolve);
    });
    signal.removeEventListener("abort", stop);
    return opened;
  }

  async #listen(answer: IncomingMessage, opened: (why: Trouble | null) => void): Promise<void> {
    const stream = new EventStream(MESSAGE_MAX_BYTES);
    answer.setEncoding("utf8");
    try {
      for await (const piece of answer) {
        for (const event of stream.push(String(piece))) {
          const why = this.#take(event);
          if (why !== null || event.name === "endpoint") opened(why);
        }
        // Whose answer it was cannot be seen: nobody waits for it in vain.
        if (stream.dropped > 0) break;
      }
    } catch {
      // It broke off: said below.
    }
    answer.destroy();
    const why =
      stream.dropped > 0
        ? trouble("too-long", "its answer was too long")
        : trouble("broken", "its stream of events ended");
    opened(why);
    const sink = this.#sink;
    this.#sink = null;
    sink?.closed(why);
  }

  #take({ name, data }: StreamEvent): Trouble | null {
    if (name === "endpoint") {
      if (!URL.canParse(data, this.#reach.sseUrl)) return WRONG_ENDPOINT;
      const url = new URL(data, this.#reach.sseUrl);
      // Our headers go there: nobody else may get them.
      if (url.origin !== new URL(this.#reach.sseUrl).origin) return WRONG_ENDPOINT;
      this.#postUrl = url.href;
      return null;
    }
    const value = parseJson(data);
    if (value !== undefined) this.#sink?.message(value);
    // Whoever has answered by the stream need not answer the POST, too.
    const id = record(value)?.["id"];
    if (typeof id === "number") this.#underWay.drop(id);
    return null;
  }

  send(message: Message): void {
    void this.#post(message);
  }

  async #post(message: Message): Promise<void> {
    const { id: own, method } = message;
    const id = typeof own === "number" && method !== undefined ? own : null;
    const begun = this.#postUrl === null ? null : this.#underWay.begin(id);
    if (this.#postUrl === null || begun === null) return;
    const headers = { ...this.#reach.headers, "content-type": "application/json" };
    const asked = await ask({
      method: "POST",
      url: this.#postUrl,
      headers,
      body: JSON.stringify(message),
      signal: begun.signal,
    });
    const why = asked.ok ? await judge(asked.answer) : asked.why;
    begun.done();
    if (why !== null && id !== null) this.#sink?.failed(id, why);
  }

  drop(id: number): void {
    this.#underWay.drop(id);
  }

  speak(): void {
    // The older transport has no header for it.
  }

  async close(): Promise<void> {
    this.#sink = null;
    this.#end.abort();
    this.#underWay.close();
  }
}

const WRONG_ENDPOINT = trouble("protocol", "its stream names an address of somebody else");

async function judge(answer: IncomingMessage): Promise<Trouble | null> {
  const status = answer.statusCode ?? 0;
  const body = await readText(answer, REASON_MAX_BYTES);
  return status >= 200 && status < 300 ? null : statusTrouble(answer, body, "of the stream");
}
