/** A server of tools whose code is loaded when it is first asked. */

import type { ToolResult } from "../../core/functions/result.ts";
import type { Fields } from "../../core/json.ts";
import type { Offer } from "../../core/mcp/offer.ts";
import { type Asked, failedWith } from "../../core/mcp/trouble.ts";
import type { ToolServer, ToolServerState } from "../../ports.ts";

export class LateServer implements ToolServer {
  readonly #load: () => Promise<ToolServer>;
  #loading: Promise<ToolServer> | null = null;
  #server: ToolServer | null = null;
  #isClosed: boolean = false;

  constructor(load: () => Promise<ToolServer>) {
    this.#load = load;
  }

  state(): ToolServerState {
    return this.#server?.state() ?? IDLE;
  }

  async offer(signal: AbortSignal): Promise<Asked<Offer>> {
    const server = await this.#get();
    return server === null ? failedWith("aborted", "closed") : await server.offer(signal);
  }

  async call(tool: string, args: Fields, signal: AbortSignal): Promise<ToolResult> {
    const server = await this.#get();
    return server === null
      ? { ok: false, error: "It was given up" }
      : await server.call(tool, args, signal);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const server = await this.#loading;
    await server?.close();
  }

  async #get(): Promise<ToolServer | null> {
    if (this.#isClosed) return null;
    this.#loading ??= this.#load();
    this.#server = await this.#loading;
    return this.#isClosed ? null : this.#server;
  }
}

const IDLE: ToolServerState = {
  state: "idle",
  trouble: null,
  connects: 0,
  protocol: "",
  lastWords: "",
};
