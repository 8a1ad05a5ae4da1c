/**
 * The simulated server (src/sim/peer) in property tests: without a socket, with a queue each way, so
 * that every race of the wire can happen. What it says is its own; how long it takes, what the model
 * says and how that ends is for the dice. On top are two things that no server does by itself: a
 * set-up is refused now and then, and what a client may never do is remembered, in `wrongs`.
 */

import { msToSamples, samplesToMs } from "../../src/core/audio/pcm.ts";
import type { ClientEvent } from "../../src/core/realtime/client-events.ts";
import { encode } from "../../src/core/realtime/encode.ts";
import { decode, type ServerEvent } from "../../src/core/realtime/server-events.ts";
import type { SimDice } from "../../src/sim/dice.ts";
import { base64Of } from "../../src/sim/peer/base64.ts";
import { Conversation } from "../../src/sim/peer/conversation.ts";
import { isObject, parseJson } from "../../src/sim/peer/json.ts";
import type { Part } from "../../src/sim/peer/reply-plan.ts";
import { type Ending, offer, type Turn } from "../../src/sim/peer/scenario.ts";
import { scenarioOf } from "../../src/sim/peer/scenario-file.ts";
import { tone } from "../../src/sim/peer/sounds.ts";
import type { Out } from "../../src/sim/peer/wire.ts";
import { NEEDS_YES } from "./model-approvals.ts";

const SCENARIO = scenarioOf({});
const FAILURES = ["server_error", "server_error", "rate_limit_exceeded", "insufficient_quota"];
const NAMES = ["lamp", NEEDS_YES, "end_conversation"] as const;
/** Replies last so long; their first delta is a quarter of `CHUNK_MS`. */
const SOUNDS = [20, 120, 900].map((ms) => tone(440, ms));
const CHUNK_MS = 100;
/** What the user says, and the silence after it: more than `silence_ms`. */
const SPEECH = base64Of(tone(300, 120));
const SILENCE = base64Of(new Int16Array(msToSamples(620)));
/** What the server will do by itself later than that (its sessions end after an hour) it may not do. */
const SOON_MS = 60_000;
const TRANSCRIPTS = ["Some words.", "words ".repeat(500)];
const BUSY = "conversation_already_has_active_response";

export class ModelPeer {
  readonly attempt: number;
  readonly wrongs: string[] = [];
  /** Said by the client, not yet read; and said by the server, not yet delivered. */
  readonly up: { event: ClientEvent; eventId: string }[] = [];
  readonly down: ServerEvent[] = [];
  /** It neither reads nor writes any more. */
  silent: boolean = false;
  /** Sound of each item that was sent, milliseconds. */
  readonly #sentMs = new Map<string, number>();
  readonly #peer: Conversation;
  readonly #dice: SimDice;
  #nowMs = 0;
  #ready: boolean = false;
  #isSetUp: boolean = false;
  /** False: push-to-talk; the client commits. */
  #findsTurns: boolean = true;
  #isSpeaking: boolean = false;
  #isAsked: boolean = false;
  /** Requests that may be in vain, because a response of the server's own came in between. */
  #crossed = 0;
  /** What the user said, and results of functions, that no response heard has answered yet. */
  readonly #unanswered = new Set<string>();
  /** What each response answers, by its id; and what the one does that has no id yet. */
  readonly #answers = new Map<string, readonly string[]>();
  #answering: readonly string[] = [];

  constructor(attempt: number, dice: SimDice) {
    this.attempt = attempt;
    this.#dice = dice;
    const setup = {
      scope: `c${attempt}n`,
      scenario: SCENARIO,
      plan: null,
      model: offer("gpt-realtime", null),
      beta: false,
      prompter: { peek: () => this.#turn(), take: () => this.#take() },
      received: () => undefined,
      sent: ({ itemId, pcm }: { readonly itemId: string; readonly pcm: Int16Array }) => {
        this.#sentMs.set(itemId, (this.#sentMs.get(itemId) ?? 0) + samplesToMs(pcm.length));
      },
    };
    this.#peer = new Conversation(setup, this.#nowMs);
    this.#say(this.#peer.open(0));
  }

  /** A set-up is on its way to it, or has come. */
  get asked(): boolean {
    return this.#isSetUp || this.up.some(({ event }) => event.tag === "update-session");
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Reads one event of the client. */
  read(): void {
    const next = this.up.shift();
    if (next === undefined) return;
    const { event, eventId } = next;
    if (event.tag === "update-session" || event.tag === "update-turns") {
      this.#isSetUp = true;
      if (this.#dice.chance(0.1)) {
        this.#refuseSetUp(eventId);
        return;
      }
      this.#findsTurns = event.session.turnDetection?.type !== "none";
    }
    this.#judge(event);
    // What the gate let through before it closed.
    if (event.tag === "commit-input") this.#append(SPEECH);
    const said = parseJson(encode(event, eventId, "ga"));
    if (!isObject(said)) throw new Error("what was encoded is no object");
    this.#isAsked = event.tag === "create-response";
    this.#say(this.#peer.receive(said, this.#nowMs));
    this.#isAsked = false;
    if (event.tag === "truncate" && this.#dice.chance(0.05)) this.#error(null, null, eventId);
  }

  /** Does something of its own: hears the user, or goes on with what it has begun. */
  act(userSpeaks: boolean): void {
    if (!this.#ready) return;
    if (this.#isBusy() && this.#dice.chance(0.7)) this.#goOn();
    else if (userSpeaks && this.#findsTurns) this.#hear();
  }

  /** This response got through, and was wanted. */
  answered(responseId: string): void {
    for (const item of this.#answers.get(responseId) ?? []) this.#unanswered.delete(item);
  }

  /** Finishes whatever it is doing, as a server does that is left alone. */
  finish(): void {
    if (this.#isSpeaking) this.#hear();
    while (this.#isBusy()) this.#goOn();
  }

  #isBusy(): boolean {
    const nextMs = this.#peer.nextMs();
    return nextMs !== null && nextMs - this.#nowMs < SOON_MS;
  }

  #goOn(): void {
    this.#nowMs = Math.max(this.#nowMs, this.#peer.nextMs() ?? 0);
    this.#say(this.#peer.advance(this.#nowMs));
  }

  /** Speech begins, or ends and is committed. */
  #hear(): void {
    this.#append(this.#isSpeaking ? SILENCE : SPEECH);
  }

  #append(audio: string): void {
    const event = { type: "input_audio_buffer.append", audio };
    this.#say(this.#peer.receive(event, this.#nowMs));
  }

  // -------------------------------------------------------------- what the model says

  #turn(): Turn {
    const { otherwise } = SCENARIO;
    const lateDeltas = this.#dice.chance(0.3) ? 1 : 0;
    const lateAfterDone = this.#dice.chance(0.5);
    const ending = this.#ending();
    return { ...otherwise, items: [], chunkMs: CHUNK_MS, ending, lateDeltas, lateAfterDone };
  }

  #ending(): Ending {
    const afterDeltas = this.#dice.chance(0.5) ? this.#dice.below(3) : null;
    if (this.#dice.chance(0.7)) return { status: "completed" };
    if (this.#dice.chance(0.5)) {
      const reason = this.#dice.oneOf(["max_output_tokens", "content_filter"]);
      return { status: "incomplete", reason, afterDeltas };
    }
    const code = this.#dice.oneOf(FAILURES);
    const error = { type: "invalid_request_error", code, message: "no", param: null };
    return { status: "failed", error, afterDeltas };
  }

  #take() {
    // The one that is under way, and the one that is asked for because this was taken for it.
    if (!this.#isAsked) this.#crossed = 2;
    else if (this.#unanswered.size === 0) this.#wrong("a second answer to the same question");
    this.#answering = [...this.#unanswered];
    return { number: 1, turn: this.#turn(), parts: this.#parts() };
  }

  #parts(): Part[] {
    const transcript = this.#dice.oneOf(TRANSCRIPTS);
    const pcm = this.#dice.oneOf(SOUNDS);
    const sound: Part = { tag: "sound", pcm, transcript, phase: null };
    const count = this.#dice.chance(0.15) ? 1 + this.#dice.below(3) : 0;
    const calls = Array.from({ length: count }, (): Part => {
      return { tag: "call", name: this.#dice.oneOf(NAMES), arguments: "{}", callId: null };
    });
    return this.#dice.chance(0.8) ? [sound, ...calls] : calls;
  }

  // -------------------------------------------------------------- what goes out

  #say(outs: readonly Out[]): void {
    for (const out of outs) {
      if (out.tag === "violation") this.wrongs.push(out.error.message);
      if (out.tag !== "event") continue;
      const event = decode(JSON.stringify(out.event));
      this.#note(event);
      if (event.tag !== "ignored") this.down.push(event);
    }
  }

  #note(event: ServerEvent): void {
    switch (event.tag) {
      case "session-updated":
        this.#ready = true;
        return;
      case "speech-started":
      case "speech-stopped":
        this.#isSpeaking = event.tag === "speech-started";
        return;
      case "committed":
        this.#unanswered.add(event.itemId);
        return;
      case "response-created":
        this.#answers.set(event.responseId, this.#answering);
        return;
      case "error":
        // Without an id it is the server's own request that came too early, not the client's.
        if (event.error.code === BUSY && event.error.eventId !== null)
          this.#wrong("a second response while one was active");
        return;
      default:
        return;
    }
  }

  // -------------------------------------------------------------- what a client may never do

  #judge(event: ClientEvent): void {
    switch (event.tag) {
      case "create-response":
        if (!this.#ready)
          this.wrongs.push("a response was asked for before the session was set up");
        return;
      case "truncate": {
        const sentMs = this.#sentMs.get(event.itemId) ?? 0;
        if (event.audioEndMs > sentMs)
          this.wrongs.push(`cut ${event.itemId} at ${event.audioEndMs} of ${sentMs} ms`);
        return;
      }
      case "clear-input":
        this.#isSpeaking = false;
        return;
      case "delete-item":
        this.#unanswered.delete(event.itemId);
        return;
      case "tool-output":
        this.#unanswered.add(event.callId);
        return;
      case "add-message":
        // News of the device, unlike what was said before, wants a response.
        if (event.text.startsWith("(")) this.#unanswered.add("news");
        return;
      default:
        return;
    }
  }

  /** Unless the server's own response crossed with what the client asked for. */
  #wrong(what: string): void {
    if (this.#crossed === 0) this.wrongs.push(what);
    else this.#crossed -= 1;
  }

  #refuseSetUp(eventId: string): void {
    const param = this.#dice.chance(0.5) ? "session.truncation" : "session.audio.output.voice";
    this.#error("unknown_parameter", param, eventId);
  }

  #error(code: string | null, param: string | null, eventId: string): void {
    const error = { type: "invalid_request_error", code, message: "no", param, eventId };
    this.down.push({ tag: "error", error });
  }
}
