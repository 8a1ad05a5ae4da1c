/**
 * One WebSocket connection of the simulated peer: judges what comes in, lets the conversation answer,
 * and misbehaves where the scenario says so. The only place where the conversation, the dialect, the
 * faults and the socket meet. After the connection is over nothing is sent and no timer remains.
 */

import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import type { Clock } from "../../ports.ts";
import { betaServerEvent, gaClientEvent } from "./beta.ts";
import { valueProblem } from "./checks.ts";
import type { Conversation } from "./conversation.ts";
import { altered, filled, hugeEvent } from "./corruption.ts";
import type { Action, FaultDesk, Situation } from "./fault-desk.ts";
import type { EarlyClose } from "./handshake.ts";
import { isObject, type JsonObject, type JsonValue, parseJson, textAt } from "./json.ts";
import type { ModelOffer } from "./scenario.ts";
import { clientProblem } from "./validate.ts";
import { type ApiError, invalid, type Out, type ServerEvent } from "./wire.ts";

/** Texts that may wait while a connection is stalled; the oldest go first. */
const HELD_MAX = 10_000;
/** A client that does not read is given up when so much waits for it, bytes. */
const UNREAD_MAX_BYTES = 512 * 1024 * 1024;

export interface ConnectionSetup {
  readonly index: number;
  readonly ws: WebSocket;
  readonly socket: Socket;
  readonly model: ModelOffer;
  readonly beta: boolean;
  readonly strict: boolean;
  readonly earlyClose: EarlyClose | null;
  readonly conversation: Conversation;
  readonly desk: FaultDesk;
  readonly clock: Clock;
  readonly log: (from: "client" | "peer" | "note", what: JsonObject | string) => void;
  readonly violation: (error: ApiError, event: JsonObject | null) => void;
  readonly over: () => void;
}

export class Connection {
  readonly #setup: ConnectionSetup;
  readonly #counts = new Map<string, number>();
  #over: boolean = false;
  /** Neither reads nor writes. */
  #halfOpen: boolean = false;
  /** What waits to be sent while stalled; null when it flows. */
  #held: string[] | null = null;
  #cancelAlarm: () => void = () => {};
  #cancelLater = new Set<() => void>();

  constructor(setup: ConnectionSetup) {
    this.#setup = setup;
  }

  start(): void {
    const { ws, clock, earlyClose, conversation } = this.#setup;
    ws.on("message", (data: RawData, binary: boolean) => this.#message(data, binary));
    ws.on("error", (error) => this.#setup.log("note", `socket: ${error.message}`));
    ws.on("close", (code) => this.#end(`closed, ${code}`));
    for (const strike of this.#strikes("connect", "", 1)) this.#later(strike);
    if (this.#over) return;
    if (earlyClose !== null) {
      if (earlyClose.error !== null) this.#error(earlyClose.error, null);
      this.#close(earlyClose.code, earlyClose.reason);
      return;
    }
    this.#deliver(conversation.open(clock.wallMs()));
  }

  /** Does something a scenario can script, now. */
  act(action: Action): void {
    if (this.#over) return;
    switch (action.do) {
      case "stall":
        this.#stall(action.forMs);
        return;
      case "half-open":
        this.#halfOpen = true;
        this.#setup.ws.pause();
        return;
      case "close":
        this.#close(action.code, action.reason);
        return;
      case "drop":
        this.#setup.socket.destroySoon();
        this.#end("dropped");
        return;
      case "reset":
        this.#setup.socket.resetAndDestroy();
        this.#end("reset");
        return;
      case "send":
        this.#sendScripted(action);
        return;
      case "huge":
        this.#transmit(hugeEvent(action.mb));
        return;
      case "error":
      case "reject":
        this.#error(action.error, null);
        return;
      case "expire": {
        const message = "Your session hit the maximum duration of 60 minutes.";
        this.#error(invalid("session_expired", message), null);
        this.#close(1001, message);
        return;
      }
      case "refuse":
      case "hang":
      case "cut":
      case "omit":
      case "skip":
      case "repeat":
        return;
    }
  }

  /** Ends it without ceremony. */
  close(): void {
    this.#setup.ws.terminate();
    this.#end("the peer ends");
  }

  #situation(turn = this.#setup.conversation.turn): Situation {
    return { connection: this.#setup.index, model: this.#setup.model.id, turn };
  }

  #strikes(tag: "connect" | "server" | "client", type: string, nth: number, turn?: number) {
    return this.#setup.desk.strikes(tag, type, nth, this.#situation(turn));
  }

  /** Counts events of a kind: within their response where they belong to one. */
  #nth(side: string, event: JsonObject): number {
    const key = `${side} ${String(event["type"])} ${textAt(event, "response_id") ?? ""}`;
    const nth = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, nth);
    const done = event["type"] === "response.done" ? textAt(event["response"], "id") : null;
    for (const old of done === null ? [] : [...this.#counts.keys()]) {
      if (old.endsWith(` ${done}`)) this.#counts.delete(old);
    }
    return nth;
  }

  #message(data: RawData, binary: boolean): void {
    if (this.#over || this.#halfOpen) return;
    const parsed = binary ? undefined : parseJson(String(data));
    if (!isObject(parsed)) {
      const error = invalid("invalid_event", "Expected a JSON object in a text frame.");
      this.#setup.log("client", binary ? "a binary frame" : "a text that is no JSON object");
      this.#refuse(error, null);
      return;
    }
    this.#setup.log("client", parsed);
    const { beta, model, conversation, clock } = this.#setup;
    const event = beta ? gaClientEvent(parsed) : parsed;
    const problem =
      clientProblem(parsed, beta ? "beta" : "ga") ??
      valueProblem(event, { reasoning: model.reasoning });
    if (problem !== null) {
      this.#refuse(problem, parsed);
      return;
    }
    let ignored = false;
    const type = String(event["type"]);
    for (const strike of this.#strikes("client", type, this.#nth("client", event))) {
      const { action } = strike;
      if (action.do === "reject") this.#error(action.error, textAt(event, "event_id"));
      else if (action.do !== "skip") this.#later(strike);
      ignored ||= action.do === "reject" || action.do === "skip";
    }
    if (ignored || this.#over) return;
    this.#deliver(conversation.receive(event, clock.nowMs()));
  }

  #refuse(error: ApiError, event: JsonObject | null): void {
    if (this.#setup.strict) this.#setup.violation(error, event);
    this.#error(error, textAt(event ?? {}, "event_id"));
  }

  #error(error: ApiError, clientEventId: string | null): void {
    const body = { ...error, event_id: clientEventId };
    this.#event({ type: "error", event_id: this.#eventId(), error: body });
  }

  #eventId(): string {
    return `event_x${this.#setup.index}_${this.#nth("own", { type: "event" })}`;
  }

  #deliver(outs: readonly Out[]): void {
    for (const out of outs) {
      if (this.#over) return;
      if (out.tag === "event") this.#event(out.event, out.turn);
      else if (out.tag === "close") this.#close(out.code, out.reason);
      else this.#setup.violation(out.error, null);
    }
    this.#arm();
  }

  /** One alarm, for whatever the conversation does next. */
  #arm(): void {
    this.#cancelAlarm();
    const { conversation, clock } = this.#setup;
    const nextMs = conversation.nextMs();
    if (nextMs === null || this.#over) return;
    this.#cancelAlarm = clock.after(nextMs - clock.nowMs(), () => {
      this.#deliver(conversation.advance(clock.nowMs()));
    });
  }

  #event(event: ServerEvent, turn?: number): void {
    const strikes = this.#strikes("server", event.type, this.#nth("server", event), turn);
    const said = this.#setup.beta ? betaServerEvent(event) : event;
    if (said !== null) {
      const actions = strikes.map((strike) => strike.action);
      for (const text of altered(said, actions)) this.#transmit(text, said);
    }
    for (const strike of strikes) this.#later(strike);
  }

  #transmit(text: string, event?: JsonObject): void {
    if (this.#over || this.#halfOpen) return;
    if (this.#held !== null) {
      this.#held.push(text);
      if (this.#held.length > HELD_MAX) this.#held.shift();
      return;
    }
    this.#setup.log("peer", event ?? `a frame of ${text.length} characters`);
    this.#setup.ws.send(text);
    if (this.#setup.ws.bufferedAmount > UNREAD_MAX_BYTES) this.act({ do: "drop" });
  }

  #later(strike: { readonly action: Action; readonly afterMs: number }): void {
    if (strike.afterMs === 0) {
      this.act(strike.action);
      return;
    }
    const cancel = this.#setup.clock.after(strike.afterMs, () => {
      this.#cancelLater.delete(cancel);
      this.act(strike.action);
    });
    this.#cancelLater.add(cancel);
  }

  #stall(forMs: number | null): void {
    this.#held ??= [];
    this.#setup.log("note", "stalled");
    if (forMs === null) return;
    const cancel = this.#setup.clock.after(forMs, () => {
      this.#cancelLater.delete(cancel);
      const held = this.#held ?? [];
      this.#held = null;
      for (const text of held) this.#transmit(text, logged(text));
    });
    this.#cancelLater.add(cancel);
  }

  #sendScripted(action: Extract<Action, { do: "send" }>): void {
    if (action.event !== null) {
      const event = filled(
        { event_id: this.#eventId(), ...action.event },
        this.#setup.conversation.names(),
      );
      this.#transmit(JSON.stringify(event), isObject(event) ? event : undefined);
      return;
    }
    if (action.text !== null) {
      this.#transmit(action.text);
      return;
    }
    if (this.#halfOpen || this.#held !== null) return;
    this.#setup.log("peer", "a binary frame");
    this.#setup.ws.send(Buffer.alloc(action.bytes ?? 0));
  }

  #close(code: number | null, reason: string): void {
    if (this.#over) return;
    if (!this.#halfOpen) {
      if (code === null) this.#setup.ws.close();
      else this.#setup.ws.close(code, reason);
    }
    this.#end(`the peer closes, ${code ?? "no code"} ${reason}`);
  }

  #end(note: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelAlarm();
    for (const cancel of this.#cancelLater) cancel();
    this.#cancelLater.clear();
    this.#setup.log("note", note);
    this.#setup.over();
  }
}

function logged(text: string): JsonObject | undefined {
  const value: JsonValue | undefined = parseJson(text);
  return isObject(value) ? value : undefined;
}
