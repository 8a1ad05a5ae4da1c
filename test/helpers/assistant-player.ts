/** The assistant alone, played by hand: inputs in, state and what is sent out. Time is the test's. */

import assert from "node:assert/strict";
import type { Effect, Fact, Input } from "../../src/core/assistant/inputs.ts";
import type { Conversation, State } from "../../src/core/assistant/state.ts";
import { INITIAL, step } from "../../src/core/assistant/step.ts";
import { deadlineMs, indication, phase } from "../../src/core/assistant/views.ts";
import { msToSamples } from "../../src/core/audio/pcm.ts";
import { REPEAT } from "../../src/core/functions/built-in.ts";
import type { ServerEvent, ToolCall } from "../../src/core/realtime/server-events.ts";
import { DEFAULTS, type Settings, withoutSecrets } from "../../src/core/settings/table.ts";
import { seen } from "./moves.ts";

type Done = Extract<ServerEvent, { tag: "response-done" }>;

const SESSION = { sessionId: "s", model: "m", voice: null, expiresAtS: null, transcriber: null };
const DONE = { status: "completed", reason: null, error: null, usage: null } as const;

export class Player {
  state: State = INITIAL;
  nowMs = 10_000;
  spentMicroUsd = 0;
  /** What was sent, oldest first; `response.create` and the like by our own names. */
  readonly sent: Effect[] = [];
  readonly facts: Fact[] = [];
  #settings: Settings;

  constructor(changes: Partial<Settings> = {}) {
    this.#settings = { ...DEFAULTS, ...changes };
  }

  /** The owner changes the settings. */
  set(changes: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...changes };
  }

  get c(): Conversation {
    assert.ok(this.state.conversation, "a conversation");
    return this.state.conversation;
  }

  get phase(): string {
    return phase(this.state);
  }

  /** How often an event of ours was sent. */
  count(tag: string): number {
    return this.sent.filter((one) => one.tag === "send" && one.event.tag === tag).length;
  }

  /** Of what was sent to the server, the kinds. */
  get events(): string[] {
    return this.sent.flatMap((one) => (one.tag === "send" ? [one.event.tag] : []));
  }

  lines(): string[] {
    return this.facts.flatMap((fact) => (fact.tag === "log" ? [fact.line] : []));
  }

  do(input: Input): this {
    const { state, sends, facts } = seen(
      step(this.state, input, {
        nowMs: this.nowMs,
        wallMs: 1_767_225_600_000 + this.nowMs,
        headSample: msToSamples(this.nowMs),
        chance: 0.5,
        spentMicroUsd: this.spentMicroUsd,
        settings: withoutSecrets(this.#settings),
        account: "a",
      }),
    );
    this.state = state;
    this.sent.push(...sends);
    this.facts.push(...facts);
    return this;
  }

  /** Time passes; the alarm rings when it is due. */
  pass(ms: number): this {
    const untilMs = this.nowMs + ms;
    for (let alarms = 0; alarms < 100; alarms++) {
      const due = deadlineMs(this.state);
      if (due === null || due > untilMs) break;
      this.nowMs = Math.max(this.nowMs, due);
      this.do({ tag: "tick" });
    }
    this.nowMs = untilMs;
    return this;
  }

  hears(event: ServerEvent, capturedAt: number | null = null): this {
    const attempt = this.state.conversation?.link.attempt ?? 0;
    return this.do({ tag: "server", attempt, event, capturedAt });
  }

  /** Called by the button, connected, listening. */
  ready(): this {
    this.do({ tag: "tap" });
    return this.connected();
  }

  connected(): this {
    return this.hears({ tag: "session-created", ...SESSION }).updated();
  }

  updated(): this {
    return this.hears({ tag: "session-updated", ...SESSION });
  }

  /** Speech begins now; the server pads it by 300 ms, as far as the gate was open. */
  speaks(itemId: string): this {
    const startMs = this.nowMs - 300;
    return this.hears({ tag: "speech-started", itemId, startMs }, msToSamples(startMs));
  }

  /** The server has heard half a second of silence. */
  stops(itemId: string): this {
    return this.hears({ tag: "speech-stopped", itemId, endMs: 0 }, msToSamples(this.nowMs));
  }

  commits(itemId: string): this {
    return this.hears({ tag: "committed", itemId });
  }

  /** A whole question. */
  asks(itemId = "A"): this {
    return this.speaks(itemId).pass(2000).stops(itemId).commits(itemId);
  }

  /** A noise of 100 ms, and the silence after it. */
  coughs(itemId = "B"): this {
    return this.speaks(itemId).pass(600).stops(itemId);
  }

  begins(id: string): this {
    return this.hears({ tag: "response-created", responseId: id });
  }

  sounds(id: string): this {
    return this.do({ tag: "reply-audio", responseId: id });
  }

  ends(id: string, more: Partial<Done> = {}): this {
    const { calls = [], requests = [] } = more;
    const hasCalls = calls.length > 0 || requests.length > 0;
    const called = { calls, requests, hasCalls };
    return this.hears({ tag: "response-done", responseId: id, ...DONE, ...called, ...more });
  }

  /** The response asks to call a tool of a remote server: `docs.pay`. */
  requests(id: string, requestId: string, argumentsText = "{}"): this {
    const request = { callId: requestId, name: "docs.pay", arguments: argumentsText };
    return this.ends(id, { requests: [request] });
  }

  /** The API calls a tool of a remote server by itself. */
  callsRemotely(itemId: string, requestId: string | null = null): this {
    return this.hears({ tag: "remote-call", call: { itemId, name: "docs.pay", requestId } });
  }

  remotelyDone(itemId: string, ok = true): this {
    return this.hears({ tag: "remote-done", itemId, ok });
  }

  lists(itemId: string, label = "docs"): this {
    return this.hears({ tag: "remote-listing", itemId, label });
  }

  listed(itemId: string, ok = true): this {
    return this.hears({ tag: "remote-listed", itemId, ok });
  }

  /** What was said to requests for approval: the request, and yes or no. */
  approvalsSent(): readonly string[] {
    return this.sent.flatMap((effect) =>
      effect.tag === "send" && effect.event.tag === "answer-approval"
        ? [`${effect.event.requestId} ${effect.event.approve ? "yes" : "no"}`]
        : [],
    );
  }

  calls(id: string, ...ids: string[]): this {
    const calls = ids.map((callId): ToolCall => ({ callId, name: "lamp", arguments: "{}" }));
    return this.ends(id, { calls });
  }

  results(...ids: string[]): this {
    const end = { ok: true, output: "{}", isBegun: false };
    for (const callId of ids) this.do({ tag: "tool-done", callId, ...end });
    return this;
  }

  /** A function has seen something. */
  sees(callId: string): this {
    const end = { ok: true, output: "{}", isBegun: false, picture: "/9j/" };
    return this.do({ tag: "tool-done", callId, ...end });
  }

  /** The call needs the user's yes, and the model is told to ask. */
  mustAsk(callId: string): this {
    return this.do({ tag: "tool-asks", callId, output: "{}" });
  }

  callsWith(id: string, callId: string, argumentsText: string): this {
    return this.ends(id, { calls: [{ callId, name: "lamp", arguments: argumentsText }] });
  }

  /** The model wants its last reply to be played again. */
  repeats(id: string, ...ids: string[]): this {
    const calls = ids.map((callId) => ({ callId, name: REPEAT, arguments: "{}" }));
    return this.ends(id, { calls });
  }

  /** Ids of the calls that ran with the user's yes. */
  approved(): readonly string[] {
    const isApproved = (one: Effect) => (one.tag === "run-tool" && one.isApproved ? [one] : []);
    return this.sent.flatMap(isApproved).map(({ callId }) => callId);
  }

  /** How the calls came to their ends, in that order. */
  callsOver(): readonly string[] {
    return this.facts.flatMap((fact) => (fact.tag === "called" ? [fact.end] : []));
  }

  get indication(): string {
    return indication(this.state);
  }

  heard(): this {
    return this.do({ tag: "drained" });
  }

  error(
    code: string | null,
    message = "no",
    eventId: string | null = null,
    type = "invalid_request_error",
  ): this {
    return this.hears({ tag: "error", error: { type, code, message, param: null, eventId } });
  }

  closes(code = 1006, reason = ""): this {
    const attempt = this.state.conversation?.link.attempt ?? 0;
    return this.do({ tag: "link-closed", attempt, failure: { tag: "close", code, reason } });
  }
}

/** An error of a failed response. */
export function failure(code: string, message = "It failed") {
  return {
    status: "failed" as const,
    error: { type: "tokens", code, message, param: null, eventId: null },
  };
}
