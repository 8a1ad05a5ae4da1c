/**
 * The state machine in a small model of its world, for property tests: server, speaker, user and
 * clock act in any order that the dice give, each of them faithfully. What must never be is checked
 * at every step.
 */

import assert from "node:assert/strict";
import type { Effect, Fact, Input } from "../../src/core/assistant/inputs.ts";
import type { State } from "../../src/core/assistant/state.ts";
import { INITIAL, step } from "../../src/core/assistant/step.ts";
import {
  deadlineMs,
  isSameGate,
  isSpeakerHeld,
  type MicrophoneGate,
  microphoneGate,
  phase,
} from "../../src/core/assistant/views.ts";
import { eventIdText } from "../../src/core/realtime/event-ids.ts";
import type { LinkFailure } from "../../src/core/realtime/failure.ts";
import type { ServerEvent } from "../../src/core/realtime/server-events.ts";
import {
  type PublicSettings,
  type Settings,
  withoutSecrets,
} from "../../src/core/settings/table.ts";
import type { SimDice } from "../../src/sim/dice.ts";
import { assertBounded } from "./bounded.ts";
import { ModelApprovals } from "./model-approvals.ts";
import { ownerInput } from "./model-owner.ts";
import { ModelPeer } from "./model-peer.ts";
import { ModelPurse } from "./model-purse.ts";
import { ModelSpeaker } from "./model-speaker.ts";
import { seen } from "./moves.ts";

const SAMPLES_A_MS = 24;
/** More effects of one step than this, and something goes round in circles. */
const EFFECTS_MAX = 64;
/** What happens where the owner is never quiet: see `happen`. */
const RESTLESS = [0, 0, 0, 0, 8, 8, 13, 17, 17, 18];
/** One of each of the owner's inputs, by its number (model-owner.ts). */
const OWNER_INPUTS = [0, 40, 50, 55, 57, 58, 65, 66, 70, 70, 82, 82, 73, 73, 82, 90];
const TRACE_LINES = 45;
/** Alarms within one passing of time. */
const ALARMS_MAX = 200;
/** A conversation of five minutes, a reply, and the deadlines after it. */
const ALONE_MAX_MS = 700_000;

const CODES = [1000, 1001, 1006, 1011, 3000, 4000];
const STATUSES = [401, 403, 404, 429, 500, 503];

type Sound = Extract<ServerEvent, { tag: "audio" }>;

export class ModelWorld {
  state: State = INITIAL;
  nowMs = 0;
  readonly speaker = new ModelSpeaker();
  readonly trace: string[] = [];
  readonly visited = new Set<string>();
  readonly purse: ModelPurse;
  readonly #dice: SimDice;
  readonly #restless: boolean;
  readonly #settings: Settings;
  readonly #plain: PublicSettings;
  #server: ModelPeer | null = null;
  #dialling: number | null = null;
  #conversing: boolean = false;
  #uplink: boolean = false;
  /** The rest of a turn is on its way to the wire. */
  #flushing: boolean = false;

  constructor(dice: SimDice, settings: Settings, restless = false) {
    this.#restless = restless;
    this.#dice = dice;
    this.#settings = settings;
    this.#plain = withoutSecrets(settings);
    this.purse = new ModelPurse(dice, settings);
  }

  /** One thing happens. */
  happen(): void {
    this.purse.pass();
    const what = this.#restless ? this.#dice.oneOf(RESTLESS) : this.#dice.below(20);
    if (what < 8) this.#network();
    else if (what < 13) this.#server?.act(this.#uplink && !this.#server.silent);
    else if (what < 17) this.pass(this.#dice.below(this.#dice.chance(0.02) ? 12_000 : 400));
    else if (what === 17) {
      this.#report();
      this.#endCall();
      if (this.#dice.chance(0.5)) this.#post({ tag: "news", text: "It is done." });
    } else
      this.#post(
        ownerInput(
          this.#restless ? this.#dice.oneOf(OWNER_INPUTS) : this.#dice.below(100),
          this.nowMs,
          this.#head(),
        ),
      );
  }

  /** Nobody does anything any more; the server works on, or is silent. Ends at rest, or throws. */
  leaveAlone(): void {
    const silent = this.#dice.chance(0.5);
    const untilMs = this.nowMs + ALONE_MAX_MS;
    while (!this.#atRest()) {
      assert.ok(this.nowMs < untilMs, `stuck in ${phase(this.state)}`);
      if (!silent) {
        this.#server?.finish();
        this.#network();
      }
      this.pass(200);
      this.#report();
      if (!silent) this.#endCall();
    }
    if (phase(this.state) === "muted") this.#post({ tag: "command", command: "unmute" });
  }

  #atRest(): boolean {
    const tag = phase(this.state);
    return (tag === "idle" || tag === "muted") && this.speaker.says.length === 0;
  }

  /** Time passes, in steps that no deadline falls into. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    let alarms = 0;
    while (this.nowMs < untilMs) {
      assert.ok(
        alarms++ < ALARMS_MAX,
        `alarms without end: ${JSON.stringify({ ...this.state.conversation, call: null })}`,
      );
      const due = deadlineMs(this.state) ?? Number.POSITIVE_INFINITY;
      const next = Math.min(untilMs, Math.max(due, this.nowMs));
      this.speaker.pass(next - this.nowMs);
      this.nowMs = next;
      if (next >= due) this.#post({ tag: "tick" });
    }
  }

  /** A link is made, refused or lost; or something gets through, one way or the other. */
  #network(): void {
    if (this.#dialling !== null) {
      this.#answerDial(this.#dialling);
      return;
    }
    const server = this.#server;
    if (server === null) return;
    if (this.#dice.chance(0.01))
      this.#close({ tag: "close", code: this.#dice.oneOf(CODES), reason: "" });
    else if (this.#dice.chance(0.004)) server.silent = true;
    else if (server.silent) {
      if (this.#dice.chance(0.05)) this.#close({ tag: "timeout", what: "pong" });
    } else if (this.#flushing && this.#dice.chance(0.5)) this.#flushed();
    else if (this.#dice.chance(0.5)) server.read();
    else this.#deliver(server);
    const wrong = server.wrongs[0];
    assert.equal(wrong, undefined, `${wrong}\n${this.trace.join("\n")}`);
  }

  #answerDial(attempt: number): void {
    if (this.#dice.chance(0.5)) return;
    this.#dialling = null;
    if (this.#dice.chance(0.75)) {
      this.#server = new ModelPeer(attempt, this.#dice);
      this.#post({ tag: "link-opened", attempt });
      return;
    }
    const retryAfterMs = this.#dice.chance(0.3) ? this.#dice.below(20_000) : null;
    const refusal = { code: null, type: null, message: "no", retryAfterMs };
    const failure: LinkFailure = this.#dice.chance(0.5)
      ? { tag: "http", status: this.#dice.oneOf(STATUSES), ...refusal }
      : { tag: "network", stage: "tcp", code: "ECONNREFUSED" };
    this.#post({ tag: "link-closed", attempt, failure });
  }

  #close(failure: LinkFailure): void {
    const attempt = this.#server?.attempt ?? 0;
    this.#server = null;
    this.#closeUplink();
    this.#post({ tag: "link-closed", attempt, failure });
  }

  /** One event of the server gets through: sound to the ear, the rest to the machine. */
  #deliver(server: ModelPeer): void {
    const event = server.down.shift();
    if (event === undefined) return;
    if (event.tag === "response-done") {
      this.purse.bill();
      if (this.#wanted(event)) server.answered(event.responseId);
    }
    if (event.tag === "audio") this.#hear(event);
    else {
      const capturedAt = this.#dice.chance(0.2) ? null : Math.max(0, this.#head() - 40_000);
      this.#post({ tag: "server", attempt: server.attempt, event, capturedAt });
    }
  }

  /** Not given up, and brought to its end by the server. */
  #wanted({ responseId, status, calls }: Extract<ServerEvent, { tag: "response-done" }>): boolean {
    if (!this.#sounded.has(responseId) && calls.length === 0) return false;
    const dead = this.speaker.dead.has(responseId) || this.#discarded.has(responseId);
    return !dead && (status === "completed" || status === "incomplete");
  }

  /** As the downlink does: announced, unless it was given up, and then played, unless just now. */
  #hear(sound: Sound): void {
    const { responseId, itemId, base64 } = sound;
    this.#sounded.add(responseId);
    const { speaker } = this;
    if (this.#discarded.has(responseId)) return;
    if (speaker.announced !== responseId) {
      speaker.announced = responseId;
      this.#post({ tag: "reply-audio", responseId });
    }
    if (this.#discarded.has(responseId)) return;
    if (isSpeakerHeld(this.state)) {
      this.#held.push(sound);
      return;
    }
    assert.ok(
      !speaker.dead.has(responseId),
      `sound of ${responseId}, which was given up\n${this.trace.join("\n")}`,
    );
    assert.equal(phase(this.state), "speaking", `sound played while ${phase(this.state)}`);
    speaker.play(itemId, soundMs(base64));
  }

  /** Pictures that the server has. */
  readonly #pictures = new Set<string>();
  readonly #discarded = new Set<string>();
  readonly #sounded = new Set<string>();
  readonly #held: Sound[] = [];
  #finishHeld: boolean = false;
  readonly #calls = new Set<string>();
  readonly #ran = new Set<string>();
  readonly #settled = new Set<string>();
  readonly #begun = new Set<string>();
  readonly #mustAsk: string[] = [];
  readonly #approvals = new ModelApprovals();

  #report(): void {
    const said = this.speaker.says.shift();
    if (said !== undefined) this.#post(said);
  }

  #post(input: Input): void {
    const before = this.state;
    const { state, sends, facts } = seen(
      step(before, input, {
        nowMs: this.nowMs,
        wallMs: 1_767_225_600_000 + this.nowMs,
        headSample: this.#head(),
        chance: this.#dice.unit(),
        spentMicroUsd: this.purse.spentMicroUsd,
        settings: this.#plain,
        account: "a",
      }),
    );
    this.state = state;
    this.#note(input, sends);
    this.visited.add(phase(state));
    this.#approvals.hears(input, sends);
    for (const fact of facts) this.#observe(fact);
    const gate = microphoneGate(state);
    const isMoved = !isSameGate(gate, microphoneGate(before));
    if (isMoved && (gate.tag !== "closing" || gate.fromSample !== null)) this.#closeUplink();
    for (const effect of sends) this.#perform(effect);
    if (isMoved) this.#openUplink(gate);
    this.#release(state);
    assert.ok(sends.length <= EFFECTS_MAX, `${sends.length} effects of one ${input.tag}`);
    assert.equal(state.conversation !== null, this.#conversing, `${input.tag}: begun, ended`);
    const attentive = ["listening", "thinking", "follow-up"].includes(phase(state));
    if (attentive) assert.equal(state.conversation?.link.tag, "ready", `${phase(state)}, unheard`);
    assertBounded(state, this.#settings);
    this.#ask();
    const { warm } = state.memory;
    assert.ok(warm === null || this.#pictures.size === 0, "a picture is kept, and billed again");
  }

  /** The last inputs and what was sent, for the message of a failure. */
  #note(input: Input, sends: readonly Effect[]): void {
    const { conversation: c } = this.state;
    const said = input.tag === "server" ? JSON.stringify(input.event).slice(0, 160) : input.tag;
    const states =
      c === null ? "" : `${c.link.tag} ${c.turn.tag} ${c.response.tag} ${c.playback.tag}`;
    const sent = sends.map((one) => (one.tag === "send" ? one.event.tag : one.tag)).join(" ");
    this.trace.push(`${this.nowMs} ${said} → ${states}: ${sent}`);
    if (this.trace.length > TRACE_LINES) this.trace.shift();
  }

  #observe(fact: Fact): void {
    this.purse.check(fact);
    this.#approvals.observe(fact);
    if (fact.tag === "conversation-began") {
      assert.ok(!this.#conversing, "a second conversation");
      this.#conversing = true;
    }
    if (fact.tag !== "conversation-ended") return;
    assert.ok(this.#conversing, "the end of no conversation");
    this.#conversing = false;
  }

  #openUplink(gate: MicrophoneGate): void {
    if (gate.tag === "closed") return;
    const link = this.state.conversation?.link;
    const isTrusted = link?.tag === "configuring" && link.trusted;
    assert.ok(this.#server?.ready || isTrusted, "sound before the session was set up");
    assert.ok(this.#server?.asked, "sound before the session was asked for");
    this.#flushing = gate.tag === "closing";
    if (gate.tag === "closing") {
      assert.ok(this.#uplink || gate.fromSample !== null, "a flush of nothing");
    }
    this.#uplink = true;
  }

  /** Sound that was held is heard, or was dropped by a flush. */
  #release(state: State): void {
    if (isSpeakerHeld(state)) return;
    const held = this.#held.splice(0);
    for (const { responseId, itemId, base64 } of held) {
      if (this.#discarded.has(responseId)) continue;
      assert.equal(phase(this.state), "speaking", `sound played while ${phase(this.state)}`);
      this.speaker.play(itemId, soundMs(base64));
    }
    if (this.#finishHeld) this.speaker.finish();
    this.#finishHeld = false;
  }

  #perform(effect: Effect): void {
    this.purse.check(effect);
    switch (effect.tag) {
      case "dial":
        this.#hangUp();
        this.#pictures.clear();
        this.#dialling = effect.attempt;
        break;
      case "hang-up":
        if (effect.attempt === (this.#server?.attempt ?? this.#dialling)) this.#hangUp();
        break;
      case "send":
        this.#send(effect);
        break;
      case "discard-response":
        this.#discarded.add(effect.responseId);
        break;
      case "flush-playback":
        this.#finishHeld = false;
        this.#held.length = 0;
        this.speaker.flush(effect.attempt);
        break;
      case "finish-reply":
        if (this.#held.length > 0) this.#finishHeld = true;
        else this.speaker.finish();
        break;
      case "play-error":
      case "repeat-reply":
        this.speaker.play(null, 300);
        this.speaker.finish();
        break;
      case "run-tool":
        this.#runs(effect);
        break;
      case "abort-tool":
        assert.ok(this.#calls.delete(effect.callId), "a call is aborted that is not running");
        assert.ok(!this.#begun.has(effect.callId), "a call is aborted that was reported as begun");
        break;
      case "power-off":
        break;
    }
  }

  /** Functions end when the dice say so, some never. */
  #runs(call: Extract<Effect, { tag: "run-tool" }>): void {
    const { callId } = call;
    if (this.#approvals.runs(call)) {
      this.#ran.add(callId);
      this.#mustAsk.push(callId);
      return;
    }
    assert.ok(!this.#ran.has(callId) || call.isApproved, `${callId} is run twice`);
    this.#ran.add(callId);
    this.#calls.add(callId);
  }

  /** Some are reported as begun first. */
  #endCall(): void {
    const [callId] = this.#calls;
    if (callId === undefined) return;
    const isBegun = !this.#begun.has(callId) && this.#dice.chance(0.2);
    if (isBegun) this.#begun.add(callId);
    else this.#calls.delete(callId);
    const end = { ok: this.#dice.chance(0.8), output: "{}", isBegun };
    const picture = this.#dice.chance(0.3) ? { picture: "/9j/" } : {};
    this.#post({ tag: "tool-done", callId, ...end, ...picture });
  }

  /** What needs a yes is said at once. */
  #ask(): void {
    for (const callId of this.#mustAsk.splice(0)) {
      this.#post({ tag: "tool-asks", callId, output: "{}" });
    }
  }

  #send({ event, id }: Extract<Effect, { tag: "send" }>): void {
    const eventId = eventIdText(id);
    if (event.tag === "tool-output") this.#settles(event.callId);
    if (event.tag === "show-picture") this.#pictures.add(event.itemId);
    if (event.tag === "delete-item") this.#pictures.delete(event.itemId);
    if (event.tag === "cancel-response") {
      // Without an id it ends whatever is active by then: nobody knows which.
      if (event.responseId !== null) this.speaker.dead.add(event.responseId);
    }
    if (event.tag === "truncate") this.speaker.checkCut(event.itemId, event.audioEndMs);
    if (this.#server?.silent === false) this.#server.up.push({ event, eventId });
  }

  /** A call is answered once, and is not run any more. */
  #settles(callId: string): void {
    assert.ok(this.#ran.has(callId) && !this.#settled.has(callId), `${callId} is settled twice`);
    this.#settled.add(callId);
    if (!this.#begun.has(callId)) this.#calls.delete(callId);
  }

  #flushed(): void {
    this.#closeUplink();
    this.#post({ tag: "uplink-flushed" });
  }

  #closeUplink(): void {
    this.#uplink = false;
    this.#flushing = false;
  }

  #hangUp(): void {
    this.#server = null;
    this.#dialling = null;
    this.#closeUplink();
    this.speaker.announced = null;
  }

  #head(): number {
    return Math.round(this.nowMs * SAMPLES_A_MS);
  }
}

/** Milliseconds of a delta: four characters are three bytes, of which one millisecond has 48. */
function soundMs(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return ((base64.length / 4) * 3 - padding) / (2 * SAMPLES_A_MS);
}
