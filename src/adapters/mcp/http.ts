/**
 * A server of tools over HTTP (Streamable HTTP): each request is a POST, its answer JSON or a stream
 * of events. No stream is held open beside them: the tools are asked for again anyway.
 *
 * Invariants: of each request comes one message or one `failed`; at most MESSAGE_MAX_BYTES of an
 * answer are kept; what is dropped is broken off.
 */

import type { IncomingMessage } from "node:http";
import { fields, parseJson, record, text } from "../../core/json.ts";
import { EventStream } from "../../core/mcp/event-stream.ts";
import { type Message, NEWER_VERSION, readError } from "../../core/mcp/messages.ts";
import type { UrlReach } from "../../core/mcp/servers.ts";
import { type Trouble, trouble } from "../../core/mcp/trouble.ts";
import { type Ask, ask, readText } from "./ask.ts";
import { type Channel, type ChannelSink, MESSAGE_MAX_BYTES } from "./channel.ts";
import { UnderWay } from "./under-way.ts";

/** A reason is no longer. */
const REASON_MAX_BYTES = 4_096;
const BODY_TYPES = { accept: "application/json, text/event-stream" };
/** For the polite goodbye. */
const GOODBYE_MAX_MS = 300;

export class HttpChannel implements Channel {
  readonly lastWords = "";
  readonly #reach: UrlReach;
  readonly #underWay = new UnderWay();
  #sink: ChannelSink | null = null;
  #session: string | null = null;
  #version: string | null = null;

  constructor(reach: UrlReach) {
    this.#reach = reach;
  }

  async open(sink: ChannelSink): Promise<Trouble | null> {
    this.#sink = sink;
    return null; // The first request shows whether anybody is there.
  }

  speak(version: string): void {
    this.#version = version;
  }

  send(message: Message): void {
    const { id } = message;
    const isRequest = typeof id === "number" && message["method"] !== undefined;
    void this.#post(message, isRequest ? id : null);
  }

  drop(id: number): void {
    this.#underWay.drop(id);
  }

  async close(): Promise<void> {
    this.#sink = null;
    this.#underWay.close();
    if (this.#session === null) return;
    const session = this.#session;
    this.#session = null;
    const signal = AbortSignal.timeout(GOODBYE_MAX_MS);
    const headers = { ...this.#reach.headers, "mcp-session-id": session };
    const said = await ask({
      method: "DELETE",
      url: this.#reach.url,
      headers,
      body: null,
      signal,
    });
    if (said.ok) said.answer.destroy();
  }

  async #post(message: Message, id: number | null): Promise<void> {
    const begun = this.#underWay.begin(id);
    if (begun === null) return;
    const { signal } = begun;
    const request: Ask = {
      method: "POST",
      url: this.#reach.url,
      headers: this.#headersFor(message),
      body: JSON.stringify(message),
      signal,
    };
    const asked = await ask(request);
    const why = asked.ok ? await this.#read(asked.answer, id) : asked.why;
    begun.done();
    if (id === null || why === null) return;
    this.#sink?.failed(id, signal.aborted ? GIVEN_UP : why);
  }

  #headersFor(message: Message): Record<string, string> {
    const headers: Record<string, string> = {
      "user-agent": "pipit",
      ...this.#reach.headers,
      ...BODY_TYPES,
      "content-type": "application/json",
    };
    if (this.#session !== null) headers["mcp-session-id"] = this.#session;
    if (this.#version === null) return headers;
    headers["mcp-protocol-version"] = this.#version;
    if (this.#version === NEWER_VERSION) {
      headers["mcp-method"] = text(message, "method") ?? "";
      const name = text(fields(message, "params"), "name");
      if (name !== null) headers["mcp-name"] = headerText(name);
    }
    return headers;
  }

  /** Null: the answer was handed on, or none is wanted. */
  async #read(answer: IncomingMessage, id: number | null): Promise<Trouble | null> {
    const { statusCode: status = 0, headers } = answer;
    const session = headers["mcp-session-id"];
    if (typeof session === "string") this.#session = session;
    if (status < 200 || status >= 300) {
      return statusTrouble(answer, await readText(answer, REASON_MAX_BYTES), this.#session);
    }
    const isStream = (headers["content-type"] ?? "").startsWith("text/event-stream");
    if (id !== null && isStream) return await this.#readEvents(answer, id);
    const body = await readText(answer, MESSAGE_MAX_BYTES);
    if (id === null) return null;
    if (body === "too-long") return TOO_LONG;
    if (body === "broken") return BROKEN;
    const value = parseJson(body);
    if (record(value)?.["id"] !== id) return trouble("protocol", "what it answers is not MCP");
    this.#sink?.message(value);
    return null;
  }

  /** Until the answer has come; the server may say other things before. */
  async #readEvents(answer: IncomingMessage, id: number): Promise<Trouble | null> {
    const stream = new EventStream(MESSAGE_MAX_BYTES);
    answer.setEncoding("utf8");
    try {
      for await (const piece of answer) {
        for (const { data } of stream.push(String(piece))) {
          const value = parseJson(data);
          if (value !== undefined) this.#sink?.message(value);
          const of = record(value);
          if (of?.["id"] === id && of["method"] === undefined) {
            answer.destroy();
            return null;
          }
        }
        if (stream.dropped > 0) break;
      }
    } catch {
      return BROKEN;
    }
    answer.destroy();
    return stream.dropped > 0 ? TOO_LONG : BROKEN;
  }
}

/** A tool's name in a header: visible ASCII as it is, else as the protocol encodes it. */
function headerText(name: string): string {
  if (/^[\x21-\x7e]+$/.test(name)) return name;
  return `=?base64?${Buffer.from(name, "utf8").toString("base64")}?=`;
}

const GIVEN_UP = trouble("aborted", "given up");
const TOO_LONG = trouble("too-long", "its answer was too long");
const BROKEN = trouble("broken", "the connection broke in the middle of its answer");

/** The beginning of an answer that is no success. */
export type Unsuccessful = Pick<IncomingMessage, "statusCode" | "headers">;

/** What it means. `session`: we have one, or think so. */
export function statusTrouble(
  { statusCode: status = 0, headers }: Unsuccessful,
  body: string,
  session: string | null,
): Trouble {
  const error = record(record(parseJson(body))?.["error"]);
  const rpc = error === null ? {} : { rpc: readError(error) };
  const said = error === null ? body : readError(error).message;
  const message = `it answers ${status}: ${said.slice(0, 200) || "no reason given"}`;
  const more = { status, ...rpc };
  if (status === 401 || status === 403) {
    if (!isStrangers(headers)) return trouble("refused", message, more);
    const page = `something else answers ${status} in its place, with a web page`;
    return trouble("stranger", page, more);
  }
  const isSessionLost = session !== null && (status === 404 || status === 400);
  if (isSessionLost && (status === 404 || /session|not initialized/i.test(said))) {
    return trouble("gone", message, more);
  }
  if (status === 404 || status === 405) return trouble("absent", message, more);
  if (status >= 300 && status < 400) {
    return trouble("absent", `it answers ${status}: a redirect; put its target into url`, more);
  }
  return trouble("protocol", message, more);
}

/**
 * A web page: a proxy's or a network's own. Neither Home Assistant nor a server of tools refuses us by
 * one, unless it says whom it would let in.
 */
function isStrangers(headers: Unsuccessful["headers"]): boolean {
  const isPage = /^(?:text\/html|application\/xhtml)/i.test(headers["content-type"] ?? "");
  return isPage && headers["www-authenticate"] === undefined;
}
