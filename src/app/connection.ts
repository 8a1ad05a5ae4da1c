/**
 * The one connection to the Realtime server: dialled, spoken on, hung up. Invariant: at most one
 * link is in force, known by its attempt number; what an older one still reports is dropped. No sound
 * is sent on it before its set-up: until then, the uplink finds it full.
 */

import type { Input } from "../core/assistant/inputs.ts";
import type { ClientEvent, Protocol } from "../core/realtime/client-events.ts";
import { encode } from "../core/realtime/encode.ts";
import { type EventId, eventIdText } from "../core/realtime/event-ids.ts";
import type { Settings } from "../core/settings/table.ts";
import type { Dialer, DialTarget, Link } from "../ports.ts";
import type { Downlink } from "./audio/downlink.ts";
import type { Uplink } from "./audio/uplink.ts";

export interface ConnectionOptions {
  readonly dialer: Dialer;
  readonly target: (model: string, settings: Settings) => DialTarget;
  readonly uplink: Uplink;
  readonly downlink: Downlink;
  readonly post: (input: Input) => void;
}

export class Connection {
  readonly #options: ConnectionOptions;
  #link: Link | null = null;
  #attempt = 0;
  #isSetUp: boolean = false;
  #protocol: Protocol = "ga";

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Opens a link as the conversation's settings say; its events are posted under this number. */
  dial(attempt: number, model: string, settings: Settings): void {
    const { dialer, target, uplink, downlink, post } = this.#options;
    this.#link?.close();
    this.#attempt = attempt;
    this.#protocol = settings["openai.protocol"];
    const current = (): boolean => this.#attempt === attempt;
    this.#isSetUp = false;
    const link = dialer.dial(target(model, settings), {
      opened: () => {
        if (current()) post({ tag: "link-opened", attempt });
      },
      text: (text) => {
        if (current()) downlink.text(attempt, text);
      },
      closed: (failure) => {
        if (!current()) return;
        this.#link = null;
        uplink.disconnect();
        post({ tag: "link-closed", attempt, failure });
      },
    });
    this.#link = link;
    uplink.connect({
      send: (text) => link.send(text),
      bufferedBytes: () => (this.#isSetUp ? link.bufferedBytes() : Number.POSITIVE_INFINITY),
    });
    downlink.connect();
  }

  send(event: ClientEvent, id: EventId): void {
    if (event.tag === "update-session") this.#isSetUp = true;
    this.#link?.send(encode(event, eventIdText(id), this.#protocol));
  }

  /** Ends this attempt; nothing more is reported of it. */
  hangUp(attempt: number): void {
    if (attempt !== this.#attempt) return;
    this.#attempt = 0;
    this.#options.uplink.disconnect();
    this.#link?.close();
    this.#link = null;
  }
}
