/**
 * A server of tools, as the appliance has it: connected when it is first asked, and anew after it
 * was lost.
 *
 * Where it goes through: `mcp.servers` → core/mcp/servers.ts (a ServerSpec) → compose.ts (this file is
 * imported when a server is configured, never else) → app/tools/served.ts asks for the `offer` before
 * each conversation → core/mcp/offer.ts makes rows of the registry of it → the model calls one → the
 * executor, with its time limit → `call` here → client.ts over program.ts, http.ts or sse.ts → what
 * comes back is text for the model (core/mcp/messages.ts), or a sentence about what went wrong
 * (core/mcp/trouble.ts).
 *
 * Why no package: with one server over HTTP the published client (2.4) took 28 MB more memory, measured
 * on Node 20 in a process with ws; this takes 2 (the bench's row house_bridge_rss). Its transports would
 * have had to be replaced all the same: they load fetch, and leave the children of a program behind. What
 * is needed of the protocol is small.
 *
 * Invariants: one connection at a time; after a failure the next attempt is made when somebody asks
 * and the wait (doubled each time, RETRY.maxMs at most) is over: nothing runs by itself; a server that
 * has itself refused us (401, 403) is not asked again; a call is repeated only when it is known that nothing
 * was done.
 */

import { type Backoff, backoffDelayMs } from "../../core/backoff.ts";
import type { ToolResult } from "../../core/functions/result.ts";
import { type Fields, fields, record, text } from "../../core/json.ts";
import { toolResult } from "../../core/mcp/messages.ts";
import { type Offer, readTools } from "../../core/mcp/offer.ts";
import type { ServerSpec } from "../../core/mcp/servers.ts";
import {
  type Asked,
  failedWith,
  isPassing,
  type Trouble,
  trouble,
  troubleResult,
} from "../../core/mcp/trouble.ts";
import type { Clock, Dice, Programs, ToolServer, ToolServerState } from "../../ports.ts";
import type { Channel } from "./channel.ts";
import { Client } from "./client.ts";
import { HttpChannel } from "./http.ts";
import { ProgramChannel } from "./program.ts";
import { SseChannel } from "./sse.ts";

export interface McpServerOptions {
  readonly spec: ServerSpec;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly programs: Programs;
  readonly version: string;
  /** What a result, and a failure, say to the model; what is usual where it is not given. */
  readonly words?: ServerWords;
}

export interface ServerWords {
  readonly ofResult: (result: Fields, maxBytes: number) => ToolResult;
  readonly ofTrouble: (why: Trouble) => ToolResult;
}

const USUAL_WORDS: ServerWords = { ofResult: toolResult, ofTrouble: troubleResult };

/** A Node program on a Pi takes some seconds to start. */
export const CONNECT_MAX_MS = 20_000;
/** A list that takes longer is not waited for. */
export const OFFER_MAX_MS = 20_000;
/** Between attempts at a server that cannot be had. */
export const RETRY: Backoff = { firstMs: 1_000, maxMs: 300_000, spread: [0.75, 1.25] };
/** Of tools/list; a server that goes on longer goes round. */
const PAGES_MAX = 16;

export class McpServer implements ToolServer {
  readonly #options: McpServerOptions;
  #client: Client | null = null;
  #connecting: Promise<Asked<Client>> | null = null;
  #failures = 0;
  #retryAtMs = 0;
  #connects = 0;
  #trouble: Trouble | null = null;
  #lastWords = "";
  #wasAsked: boolean = false;
  /** Ends with the close, and what is being connected with it. */
  readonly #ending = new AbortController();
  /** `auto` found that the older transport is the one. */
  #isOlder: boolean = false;

  constructor(options: McpServerOptions) {
    this.#options = options;
  }

  state(): ToolServerState {
    const isUp = this.#client !== null && this.#client.end === null;
    const isRefused = this.#trouble?.kind === "refused";
    const away = isRefused ? "refused" : this.#wasAsked ? "down" : "idle";
    return {
      state: isUp ? "up" : away,
      trouble: this.#trouble,
      connects: this.#connects,
      protocol: this.#client?.version ?? "",
      lastWords: this.#client?.lastWords || this.#lastWords,
    };
  }

  async offer(signal: AbortSignal): Promise<Asked<Offer>> {
    return await this.#within(OFFER_MAX_MS, signal, (limit) =>
      this.#ask(limit, (client) => this.#readOffer(client, limit)),
    );
  }

  async call(tool: string, args: Fields, signal: AbortSignal): Promise<ToolResult> {
    const { spec, words = USUAL_WORDS } = this.#options;
    const asked = await this.callRaw(tool, args, signal);
    return asked.ok
      ? words.ofResult(asked.value, spec.resultMaxBytes)
      : words.ofTrouble(asked.trouble);
  }

  /** The result as it came. */
  async callRaw(tool: string, args: Fields, signal: AbortSignal): Promise<Asked<Fields>> {
    const params = { name: tool, arguments: args };
    return await this.#ask(signal, (client) => client.ask("tools/call", params, signal));
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all([this.#connecting, this.#drop()]);
  }

  /** On a connection; on a new one where the old is not known any more and nothing was done. */
  async #ask<T>(
    signal: AbortSignal,
    work: (client: Client) => Promise<Asked<T>>,
  ): Promise<Asked<T>> {
    for (let isSecond = false; ; isSecond = true) {
      const connected = await this.#connected(signal);
      if (!connected.ok) return connected;
      const done = await work(connected.value);
      if (done.ok) {
        this.#trouble = null;
        return done;
      }
      const { kind } = done.trouble;
      if (isOfTheCall(done.trouble)) return done;
      this.#failed(done.trouble);
      void this.#drop(connected.value);
      if (kind !== "gone" || isSecond) return done;
      this.#retryAtMs = 0;
    }
  }

  async #connected(signal: AbortSignal): Promise<Asked<Client>> {
    if (this.#client !== null && this.#client.end === null) {
      return { ok: true, value: this.#client };
    }
    if (this.#client !== null) {
      this.#failed(this.#client.end ?? trouble("broken", "it ended"));
      void this.#drop();
    }
    if (this.#ending.signal.aborted || signal.aborted) return failedWith("aborted", "given up");
    const known = this.#trouble;
    if (known !== null && !isPassing(known)) return { ok: false, trouble: known };
    if (this.#options.clock.nowMs() < this.#retryAtMs) {
      return failedWith("waits", known?.message ?? "it failed lately");
    }
    // Everybody who asks meanwhile waits for the same connection; who gives up does not end it.
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    const givenUp = new Promise<Asked<Client>>((resolve) => {
      signal.addEventListener("abort", () => resolve(failedWith("aborted", "given up")), {
        once: true,
      });
    });
    return await Promise.race([this.#connecting, givenUp]);
  }

  async #connect(): Promise<Asked<Client>> {
    this.#wasAsked = true;
    const first = await this.#attempt(this.#isOlder);
    const { reach } = this.#options.spec;
    const mayBeOlder = reach.kind === "url" && reach.transport === "auto" && !this.#isOlder;
    const isAbsent = !first.ok && first.trouble.kind === "absent";
    const made = mayBeOlder && isAbsent ? await this.#attempt(true) : first;
    if (!made.ok) {
      // The newer address is the one to look at.
      const why = first.ok ? made.trouble : first.trouble;
      this.#failed(why);
      return { ok: false, trouble: why };
    }
    this.#isOlder = made !== first || this.#isOlder;
    if (this.#ending.signal.aborted) {
      await made.value.close();
      return failedWith("aborted", "closed");
    }
    this.#connects += 1;
    this.#failures = 0;
    this.#trouble = null;
    this.#client = made.value;
    return made;
  }

  async #attempt(isOlder: boolean): Promise<Asked<Client>> {
    const client = new Client(this.#channel(isOlder), this.#options.version);
    const { signal } = this.#ending;
    const why = await this.#within(CONNECT_MAX_MS, signal, async (limit) => {
      const trouble = await client.start(limit);
      return trouble === null ? { ok: true, value: client } : { ok: false, trouble };
    });
    if (why.ok) return why;
    this.#lastWords = client.lastWords || this.#lastWords;
    await client.close();
    return why;
  }

  #channel(isOlder: boolean): Channel {
    const { spec, clock, programs } = this.#options;
    const { reach } = spec;
    if (reach.kind === "program") return new ProgramChannel({ reach, clock, programs });
    const takesOlder = reach.transport === "sse" || isOlder;
    return takesOlder ? new SseChannel(reach) : new HttpChannel(reach);
  }

  /** The work with a signal of its own, which comes with the given one or when the time is over. */
  async #within<T>(
    limitMs: number,
    signal: AbortSignal,
    work: (limit: AbortSignal) => Promise<Asked<T>>,
  ): Promise<Asked<T>> {
    const limit = new AbortController();
    const stop = (): void => limit.abort();
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    let isLate = false;
    const cancel = this.#options.clock.after(limitMs, () => {
      isLate = true;
      limit.abort();
    });
    const done = await work(limit.signal);
    cancel();
    signal.removeEventListener("abort", stop);
    if (done.ok || !isLate) return done;
    return failedWith("late", `it did not answer in ${limitMs / 1000} s`);
  }

  #failed(why: Trouble): void {
    this.#trouble = why;
    this.#failures += 1;
    const { clock, dice } = this.#options;
    this.#retryAtMs = clock.nowMs() + backoffDelayMs(RETRY, this.#failures, dice.unit());
  }

  async #drop(client = this.#client): Promise<void> {
    if (client === null) return;
    if (client === this.#client) this.#client = null;
    this.#lastWords = client.lastWords || this.#lastWords;
    await client.close();
  }

  async #readOffer(client: Client, signal: AbortSignal): Promise<Asked<Offer>> {
    const all: unknown[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < PAGES_MAX; page++) {
      const params: Fields = cursor === null ? {} : { cursor };
      const asked: Asked<Fields> = await client.ask("tools/list", params, signal);
      if (!asked.ok) return asked;
      const { tools } = asked.value;
      if (!Array.isArray(tools)) return failedWith("protocol", "its list of tools is no list");
      all.push(...tools);
      cursor = text(asked.value, "nextCursor");
      if (cursor === null) break;
    }
    const prompt = this.#options.spec.hasPrompt ? await this.#readPrompt(client, signal) : "";
    return { ok: true, value: { ...readTools(all), prompt, live: "" } };
  }

  /** The first prompt's text; without it everything works as well, if less well informed. */
  async #readPrompt(client: Client, signal: AbortSignal): Promise<string> {
    const list = await client.ask("prompts/list", {}, signal);
    if (!list.ok) return "";
    const { prompts } = list.value;
    const name = text(record(Array.isArray(prompts) ? prompts[0] : null) ?? {}, "name");
    if (name === null) return "";
    const got = await client.ask("prompts/get", { name }, signal);
    if (!got.ok) return "";
    const { messages } = got.value;
    const first = record(Array.isArray(messages) ? messages[0] : null) ?? {};
    return text(fields(first, "content"), "text") ?? "";
  }
}

/** The connection is as good as before: what went wrong is this request's own. */
function isOfTheCall({ kind, status }: Trouble): boolean {
  return kind === "aborted" || kind === "rpc" || kind === "too-long" || status === 500;
}
