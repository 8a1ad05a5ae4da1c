/**
 * A small model of the Realtime server for property tests: one connection with a queue each way, so
 * that every race of the wire can happen. Faithful: it answers what it is asked, in order; when it
 * acts is for the dice. It remembers what a client may never do, in `wrongs`.
 */

import { REPEAT } from "../../src/core/functions/built-in.ts";
import type { ClientEvent } from "../../src/core/realtime/client-events.ts";
import type { ServerError, ServerEvent } from "../../src/core/realtime/server-events.ts";
import type { SessionConfig } from "../../src/core/realtime/session.ts";
import type { SimDice } from "../../src/sim/dice.ts";
import { NEEDS_YES } from "./model-approvals.ts";

interface Active {
  readonly id: string;
  readonly itemId: string;
  /** Created by the server, without being asked. */
  readonly own: boolean;
}

const NO_ERROR: ServerError = {
  type: "invalid_request_error",
  code: null,
  message: "no",
  param: null,
  eventId: null,
};
const FAILURES = ["server_error", "server_error", "rate_limit_exceeded", "insufficient_quota"];
/** Milliseconds of sound of one delta. */
const DELTA_MS = [20, 100, 400];

const NAMES = ["lamp", NEEDS_YES, REPEAT, "end_conversation"] as const;

export class ModelServer {
  readonly attempt: number;
  readonly wrongs: string[] = [];
  /** Said by the client, not yet read; and said by the server, not yet delivered. */
  readonly up: { event: ClientEvent; eventId: string }[] = [];
  readonly down: ServerEvent[] = [];
  /** Sound of each item that was sent, milliseconds. */
  readonly sentMs = new Map<string, number>();
  /** It neither reads nor writes any more. */
  silent: boolean = false;
  #ready: boolean = false;
  /** False: push-to-talk; the client commits. */
  #findsTurns: boolean = true;
  /** It responds to each turn that it finds, unless it is busy. */
  #responds: boolean = false;
  /** Requests that may be in vain, because a response of the server's own came in between. */
  #crossed = 0;
  #active: Active | null = null;
  #speech: string | null = null;
  #heardMs = 0;
  /** What the user said, and results of functions, that no response heard has answered yet. */
  readonly #unanswered = new Set<string>();
  /** What each response answers. */
  readonly #answers = new Map<string, readonly string[]>();
  #count = 0;
  readonly #dice: SimDice;

  constructor(attempt: number, dice: SimDice) {
    this.attempt = attempt;
    this.#dice = dice;
    this.down.push({ tag: "session-created", ...this.#session() });
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Reads one event of the client. */
  read(): void {
    const next = this.up.shift();
    if (next === undefined) return;
    const { event, eventId } = next;
    switch (event.tag) {
      case "update-session":
      case "update-turns":
        this.#configure(event.session, eventId);
        return;
      case "create-response":
        this.#create(eventId);
        return;
      case "cancel-response":
        this.#cancel(event.responseId, eventId);
        return;
      case "truncate":
        this.#truncate(event.itemId, event.audioEndMs, eventId);
        return;
      case "clear-input":
        this.#speech = null;
        return;
      case "commit-input":
        this.#commit(this.#name("user"));
        return;
      case "delete-item":
        this.#unanswered.delete(event.itemId);
        return;
      case "show-picture":
        return; // The response that its call gets is to it, too.
      case "tool-output":
        this.#unanswered.add(event.callId);
        return;
      case "tell-dialogue":
        // News of the device, unlike what was said before, wants a response.
        if (event.text.startsWith("(")) this.#unanswered.add("news");
        return;
    }
  }

  /** Does something of its own: hears the user, or goes on with its answer. */
  act(userSpeaks: boolean): void {
    if (!this.#ready) return;
    if (this.#active !== null && this.#dice.chance(0.7)) this.#speak(this.#active);
    else if (userSpeaks && this.#findsTurns) this.#hear();
  }

  /** This response got through, and was wanted. */
  answered(responseId: string): void {
    for (const item of this.#answers.get(responseId) ?? []) this.#unanswered.delete(item);
  }

  /** Finishes whatever it is doing, as a server does that is left alone. */
  finish(): void {
    if (this.#speech !== null) this.#hear();
    if (this.#active !== null) this.#done(this.#active, "completed", null);
  }

  #configure(session: SessionConfig, eventId: string): void {
    const refused = this.#dice.chance(0.1);
    if (refused) {
      const param = this.#dice.chance(0.5) ? "session.truncation" : "session.audio.output.voice";
      this.#error({ code: "unknown_parameter", param, eventId });
      return;
    }
    this.#ready = true;
    this.#findsTurns = session.turnDetection?.type !== "none";
    this.#responds = session.createsResponses;
    this.down.push({ tag: "session-updated", ...this.#session() });
  }

  #session() {
    return { sessionId: "s", model: "m", voice: "alloy", expiresAtS: null, transcriber: null };
  }

  #create(eventId: string): void {
    if (!this.#ready) this.wrongs.push("a response was asked for before the session was set up");
    if (this.#active !== null) {
      // The server's own may have come in between: nobody can know.
      if (!this.#active.own) this.#wrong("a second response was asked for while one was active");
      this.#error({ code: "conversation_already_has_active_response", eventId });
      return;
    }
    if (this.#unanswered.size === 0) this.#wrong("a second answer to the same question");
    this.#begin(false);
  }

  /** Unless the server's own response crossed with what the client asked for. */
  #wrong(what: string): void {
    if (this.#crossed === 0) this.wrongs.push(what);
    else this.#crossed -= 1;
  }

  #begin(own: boolean): void {
    // The one that is under way, and the one that is asked for because this was taken for it.
    if (own) this.#crossed = 2;
    const id = this.#name("resp");
    this.#answers.set(id, [...this.#unanswered]);
    this.#active = { id, itemId: this.#name("item"), own };
    this.down.push({ tag: "response-created", responseId: id });
  }

  #cancel(responseId: string | null, eventId: string): void {
    const active = this.#active;
    if (active === null || (responseId !== null && responseId !== active.id)) {
      this.#error({ code: "response_cancel_not_active", eventId });
      return;
    }
    if (this.#dice.chance(0.3)) this.#delta(active); // late
    this.#done(active, "cancelled", null);
    if (this.#dice.chance(0.3)) this.#delta(active); // very late
  }

  #truncate(itemId: string, audioEndMs: number, eventId: string): void {
    const sent = this.sentMs.get(itemId) ?? 0;
    if (audioEndMs > sent) this.wrongs.push(`cut ${itemId} at ${audioEndMs} of ${sent} ms`);
    if (this.#dice.chance(0.05)) this.#error({ eventId });
  }

  #speak(active: Active): void {
    if (this.#dice.chance(0.75)) {
      this.#delta(active);
      return;
    }
    this.down.push({ tag: "transcript", itemId: active.itemId, text: "words ".repeat(500) });
    if (this.#dice.chance(0.7)) this.#done(active, "completed", null);
    else if (this.#dice.chance(0.5)) this.#done(active, "incomplete", null);
    else this.#done(active, "failed", FAILURES[this.#dice.below(FAILURES.length)] ?? null);
  }

  #delta({ id, itemId }: Active): void {
    const ms = DELTA_MS[this.#dice.below(DELTA_MS.length)] ?? 20;
    this.sentMs.set(itemId, (this.sentMs.get(itemId) ?? 0) + ms);
    const sound = { responseId: id, itemId, contentIndex: 0, base64: String(ms) };
    this.down.push({ tag: "audio", ...sound });
  }

  #done(
    { id }: Active,
    status: "completed" | "cancelled" | "incomplete" | "failed",
    code: string | null,
  ): void {
    this.#active = null;
    const error = code === null ? null : { ...NO_ERROR, code };
    const name = this.#dice.oneOf(NAMES);
    const called = status === "completed" && this.#dice.chance(0.15);
    const count = called ? 1 + this.#dice.below(3) : 0;
    const calls = Array.from({ length: count }, () => {
      return { callId: this.#name("call"), name, arguments: "{}" };
    });
    const done = { responseId: id, status, reason: null, error, calls, usage: null };
    this.down.push({ tag: "response-done", ...done });
  }

  /** Speech begins, or ends and is committed; its length is for the dice. */
  #hear(): void {
    if (this.#speech === null) {
      this.#speech = this.#name("user");
      this.#heardMs += 300;
      const itemId = this.#speech;
      this.down.push({ tag: "speech-started", itemId, startMs: this.#heardMs });
      return;
    }
    const itemId = this.#speech;
    this.#speech = null;
    this.#heardMs += 800 + this.#dice.below(4000);
    this.down.push({ tag: "speech-stopped", itemId, endMs: this.#heardMs });
    this.#commit(itemId);
  }

  #commit(itemId: string): void {
    this.#speech = null;
    this.down.push({ tag: "committed", itemId });
    this.#unanswered.add(itemId);
    if (this.#responds && this.#findsTurns && this.#active === null) this.#begin(true);
  }

  #error(what: Partial<ServerError>): void {
    this.down.push({ tag: "error", error: { ...NO_ERROR, ...what } });
  }

  #name(kind: string): string {
    this.#count += 1;
    return `${kind}_${this.attempt}_${this.#count}`;
  }
}
