/**
 * The state machine in a small model of its world, for property tests: server, speaker, user and
 * clock act in any order that the dice give, each of them faithfully. What must never be is checked
 * at every step.
 */

import assert from "node:assert/strict";
import { deadlineMs, INITIAL, step } from "../../src/core/assistant.ts";
import { isTalking } from "../../src/core/assistant-context.ts";
import type { Effect, Input, State } from "../../src/core/assistant-types.ts";
import type { LinkFailure } from "../../src/core/realtime/failure.ts";
import type { ServerEvent } from "../../src/core/realtime/server-events.ts";
import type { Settings } from "../../src/core/settings/table.ts";
import type { SimDice } from "../../src/sim/dice.ts";
import { assertBounded } from "./bounded.ts";
import { ownersWish } from "./model-owner.ts";
import { ModelPurse } from "./model-purse.ts";
import { ModelServer } from "./model-server.ts";
import { ModelSpeaker } from "./model-speaker.ts";

const SAMPLES_A_MS = 24;
/** More effects of one step than this, and something goes round in circles. */
const EFFECTS_MAX = 64;
/** A conversation of five minutes, a reply, and the deadlines after it. */
const ALONE_MAX_MS = 700_000;

const CODES = [1000, 1001, 1006, 1011, 3000, 4000];
const STATUSES = [401, 403, 404, 429, 500, 503];

export class ModelWorld {
  state: State = INITIAL;
  nowMs = 0;
  readonly speaker = new ModelSpeaker();
  readonly visited = new Set<string>();
  readonly purse: ModelPurse;
  readonly #dice: SimDice;
  readonly #settings: Settings;
  #server: ModelServer | null = null;
  #dialling: number | null = null;
  /** A cancel was sent before the response had a name. */
  #nextIsDead: boolean = false;
  #conversing: boolean = false;
  #uplink: boolean = false;
  /** The rest of a turn is on its way to the wire. */
  #flushing: boolean = false;

  constructor(dice: SimDice, settings: Settings) {
    this.#dice = dice;
    this.#settings = settings;
    this.purse = new ModelPurse(dice, settings);
  }

  /** One thing happens. */
  happen(): void {
    this.purse.pass();
    const what = this.#dice.below(20);
    if (what < 8) this.#network();
    else if (what < 13) this.#server?.act(this.#uplink && !this.#server.silent);
    else if (what < 17) this.pass(this.#dice.below(this.#dice.chance(0.02) ? 12_000 : 400));
    else if (what === 17) this.#tell();
    else this.#post(ownersWish(this.#dice.below(100), this.nowMs, this.#head()));
  }

  /** Nobody does anything any more; the server works on, or is silent. Ends at rest, or throws. */
  leaveAlone(): void {
    const silent = this.#dice.chance(0.5);
    const untilMs = this.nowMs + ALONE_MAX_MS;
    while (!this.#atRest()) {
      assert.ok(this.nowMs < untilMs, `stuck in ${this.state.tag}`);
      if (!silent) {
        this.#server?.finish();
        this.#network();
      }
      this.pass(200);
      this.#tell();
    }
    if (this.state.tag === "muted") this.#post({ tag: "command", command: "unmute" });
  }

  #atRest(): boolean {
    const { tag } = this.state;
    return (tag === "idle" || tag === "muted") && this.speaker.says.length === 0;
  }

  /** Time passes, in steps that no deadline falls into. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.nowMs < untilMs) {
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
    assert.equal(wrong, undefined, wrong);
  }

  #answerDial(attempt: number): void {
    if (this.#dice.chance(0.5)) return;
    this.#dialling = null;
    if (this.#dice.chance(0.75)) {
      this.#server = new ModelServer(attempt, this.#dice);
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
  #deliver(server: ModelServer): void {
    const event = server.down.shift();
    if (event === undefined) return;
    if (event.tag === "response-created" && this.#nextIsDead) {
      this.#nextIsDead = false;
      this.speaker.dead.add(event.responseId);
    }
    if (event.tag === "response-done") {
      this.purse.bill();
      if (this.#wanted(event)) server.answered();
    }
    if (event.tag === "audio") this.#hear(event);
    else {
      const capturedAt = this.#dice.chance(0.2) ? null : Math.max(0, this.#head() - 40_000);
      this.#post({ tag: "server", attempt: server.attempt, event, capturedAt });
    }
  }

  /** Not given up, and brought to its end by the server. */
  #wanted({ responseId, status }: Extract<ServerEvent, { tag: "response-done" }>): boolean {
    const dead = this.speaker.dead.has(responseId) || this.#discarded.has(responseId);
    return !dead && (status === "completed" || status === "incomplete");
  }

  /** As the downlink does: announced, unless it was given up, and then played, unless just now. */
  #hear({ responseId, itemId, base64 }: Extract<ServerEvent, { tag: "audio" }>): void {
    const { speaker } = this;
    if (this.#discarded.has(responseId)) return;
    if (speaker.announced !== responseId) {
      speaker.announced = responseId;
      this.#post({ tag: "reply-audio", responseId });
    }
    if (this.#discarded.has(responseId)) return;
    assert.ok(!speaker.dead.has(responseId), `sound of ${responseId}, which was given up`);
    assert.ok(["speaking"].includes(this.state.tag), `sound played while ${this.state.tag}`);
    speaker.play(itemId, Number(base64));
  }

  readonly #discarded = new Set<string>();

  #tell(): void {
    const said = this.speaker.says.shift();
    if (said !== undefined) this.#post(said);
  }

  #post(input: Input): void {
    const moment = {
      nowMs: this.nowMs,
      wallMs: 1_767_225_600_000 + this.nowMs,
      head: this.#head(),
      chance: this.#dice.unit(),
      spentMicroUsd: this.purse.spentMicroUsd,
    };
    const before = this.state;
    const { state, effects } = step(before, input, moment, this.#settings);
    this.state = state;
    this.visited.add(state.tag);
    for (const effect of effects) this.#perform(effect);
    assert.ok(effects.length <= EFFECTS_MAX, `${effects.length} effects of one ${input.tag}`);
    assert.equal(isTalking(state), this.#conversing, `${before.tag} → ${state.tag}: begun, ended`);
    const attentive = ["listening", "thinking", "follow-up"].includes(state.tag);
    if (attentive && "talk" in state)
      assert.equal(state.talk.link, "ready", `${state.tag}, unheard`);
    assertBounded(state, this.#settings);
  }

  #perform(effect: Effect): void {
    this.purse.check(effect);
    switch (effect.tag) {
      case "begin-conversation":
        assert.ok(!this.#conversing, "a second conversation");
        this.#conversing = true;
        break;
      case "end-conversation":
        assert.ok(this.#conversing, "the end of no conversation");
        this.#conversing = false;
        break;
      case "dial":
        this.#hangUp();
        this.#dialling = effect.attempt;
        break;
      case "hang-up":
        if (effect.attempt === (this.#server?.attempt ?? this.#dialling)) this.#hangUp();
        break;
      case "send":
        this.#send(effect);
        break;
      case "open-uplink":
      case "flush-uplink":
        assert.ok(this.#server?.ready, "sound before the session was set up");
        this.#flushing = effect.tag === "flush-uplink";
        assert.ok(!this.#flushing || this.#uplink || effect.from !== null, "a flush of nothing");
        this.#uplink = true;
        break;
      case "close-uplink":
        this.#closeUplink();
        break;
      case "discard-response":
        this.#discarded.add(effect.responseId);
        break;
      case "hush":
        this.speaker.hush(effect.attempt);
        break;
      case "finish-reply":
        this.speaker.finish();
        break;
      case "tell":
      case "repeat-reply":
        this.speaker.play(null, 300);
        this.speaker.finish();
        break;
      case "power-off":
      case "fall-back":
      case "called":
      case "log":
        break;
    }
  }

  #send({ event, eventId }: Extract<Effect, { tag: "send" }>): void {
    if (event.tag === "cancel-response") {
      if (event.responseId === null) this.#nextIsDead = true;
      else this.speaker.dead.add(event.responseId);
    }
    if (event.tag === "truncate") this.speaker.checkCut(event.itemId, event.audioEndMs);
    if (this.#server?.silent === false) this.#server.up.push({ event, eventId });
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
    this.#nextIsDead = false;
    this.speaker.announced = null;
  }

  #head(): number {
    return Math.round(this.nowMs * SAMPLES_A_MS);
  }
}
