/**
 * The responses of one conversation: at most one in the conversation at a time, any number beside
 * it (`conversation: "none"`). Each is asked for once, performed by its score, and ends once.
 */

import { samplesToMs } from "../../core/audio/pcm.ts";
import type { Input, Tokens } from "./billing.ts";
import { ASSISTANT_TOKEN_MS, Billing, itemTokens, noUsage, usageJson } from "./billing.ts";
import type { Items } from "./items.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { isObject, listAt, numberAt, objectAt, overlay, textAt, valueAt } from "./json.ts";
import type { RemoteTools } from "./remote-tools.ts";
import type { SentSound, Status } from "./reply.ts";
import { Reply } from "./reply.ts";
import type { Part, Step } from "./reply-plan.ts";
import { planReply } from "./reply-plan.ts";
import type { Turn } from "./scenario.ts";
import type { Schedule } from "./schedule.ts";
import type { Outbox } from "./wire.ts";
import { invalid } from "./wire.ts";

/** Responses beside the conversation at one time. */
const BESIDE_MAX = 32;
/** Limits reported by `rate_limits.updated`: those of the documented sample. */
const TOKEN_LIMIT = 50_000;
const REQUEST_LIMIT = 1000;

/** A turn with its number (1 for the peer's first) and its sounds made. */
export interface TakenTurn {
  readonly number: number;
  readonly turn: Turn;
  readonly parts: readonly Part[];
}

export interface ResponsesSetup {
  readonly out: Outbox;
  readonly schedule: Schedule;
  readonly items: Items;
  readonly billing: Billing;
  readonly remote: RemoteTools;
  readonly conversationId: string;
  readonly pace: number;
  readonly session: () => JsonObject;
  readonly take: () => TakenTurn;
  readonly sent: (sound: SentSound) => void;
  /** A response of the conversation is over; `playMs` is how long its sound still plays. */
  readonly done: (playMs: number, isCompleted: boolean) => void;
}

interface Running {
  readonly reply: Reply;
  readonly taken: TakenTurn;
  readonly steps: readonly Step[];
  readonly input: Input;
  readonly beside: boolean;
  readonly params: JsonObject;
  next: number;
  begun: boolean;
  firstSoundMs: number | null;
}

export class Responses {
  readonly #setup: ResponsesSetup;
  #running: Running[] = [];
  /** Sound has been sent: the voice is settled. */
  spoken: boolean = false;

  constructor(setup: ResponsesSetup) {
    this.#setup = setup;
  }

  /** The response that occupies the conversation; null when it is free. */
  get activeId(): string | null {
    return this.#active()?.reply.setup.responseId ?? null;
  }

  /** Asks for a response. `eventId` is the client's name for its request. */
  create(params: JsonObject, eventId: string | null): void {
    const active = this.activeId;
    const beside = params["conversation"] === "none";
    if (active !== null && !beside) {
      const message =
        `Conversation already has an active response in progress: ${active}. ` +
        "Wait until the response is finished before creating a new one.";
      const error = invalid("conversation_already_has_active_response", message);
      this.#setup.out.error(error, eventId);
      return;
    }
    if (this.#running.length > BESIDE_MAX) {
      const error = invalid("rate_limit_exceeded", "Too many responses at a time.");
      this.#setup.out.error(error, eventId);
      return;
    }
    const running = this.#prepare(params, beside);
    this.#running.push(running);
    this.#setup.schedule.after(running.taken.turn.thinkMs, () => this.#begin(running));
  }

  /** The client's `response.cancel`. False when there is nothing to cancel. */
  cancel(responseId: string | null): boolean {
    const found =
      responseId === null
        ? this.#active()
        : this.#running.find((running) => running.reply.setup.responseId === responseId);
    if (found === undefined) return false;
    this.#stop(found, "client_cancelled");
    return true;
  }

  /** The user speaks: what is being said ends. */
  interrupt(): void {
    const active = this.#active();
    if (active !== undefined) this.#stop(active, "turn_detected");
  }

  #active(): Running | undefined {
    return this.#running.find((running) => !running.beside);
  }

  #prepare(params: JsonObject, beside: boolean): Running {
    const { out, items, billing } = this.#setup;
    const taken = this.#setup.take();
    out.turn = taken.number + 1;
    const session = overlay(this.#setup.session(), without(params));
    const responseId = out.ids.next("resp");
    const parts = inModality(taken.parts, listAt(session, "output_modalities"));
    const pace = taken.turn.pace ?? this.#setup.pace;
    const given = params["input"] === undefined ? null : listAt(params, "input");
    const input =
      given === null
        ? billing.bill(session, items.tokens())
        : new Billing().bill(session, this.#givenTokens(given));
    const reply = new Reply({
      responseId,
      turn: taken.number,
      parts,
      out,
      items: beside ? null : items,
      remote: beside ? null : this.#setup.remote,
      frame: this.#frame(session, params, beside),
      sent: (sound) => {
        this.spoken = true;
        this.#setup.sent(sound);
      },
    });
    const steps = planReply(parts, taken.turn, pace);
    const base = { reply, taken, steps, input, beside, params: session };
    return { ...base, next: 0, begun: false, firstSoundMs: null };
  }

  #givenTokens(given: readonly JsonValue[]): Tokens[] {
    return given.filter(isObject).map((json) => {
      const known = this.#setup.items.find(textAt(json, "id") ?? "");
      return itemTokens(known?.json ?? json, known?.audioMs ?? 0);
    });
  }

  #frame(session: JsonObject, params: JsonObject, beside: boolean): JsonObject {
    const output = objectAt(session, "audio", "output");
    return {
      conversation_id: beside ? null : this.#setup.conversationId,
      output_modalities: listAt(session, "output_modalities"),
      max_output_tokens: session["max_output_tokens"] ?? "inf",
      audio: { output: { format: output["format"] ?? null, voice: output["voice"] ?? "alloy" } },
      metadata: params["metadata"] ?? null,
    };
  }

  #begin(running: Running): void {
    if (running.begun) return;
    running.begun = true;
    running.reply.created();
    this.#rateLimits(running);
    this.#next(running, 0);
  }

  #rateLimits(running: Running): void {
    const used = numberAt(usageJson(running.input, running.reply.output()), "total_tokens") ?? 0;
    const remaining = Math.max(0, TOKEN_LIMIT - used);
    const limits = [
      { name: "requests", limit: REQUEST_LIMIT, remaining: REQUEST_LIMIT - 1, reset_seconds: 60 },
      { name: "tokens", limit: TOKEN_LIMIT, remaining, reset_seconds: 60 },
    ];
    this.#setup.out.event("rate_limits.updated", { rate_limits: limits }, running.taken.number);
  }

  #next(running: Running, beforeMs: number): void {
    const step = running.steps[running.next];
    const limited = step !== undefined && overLimit(running, step);
    if (step === undefined || limited) {
      this.#end(running, limited);
      return;
    }
    this.#setup.schedule.after(step.atMs - beforeMs, () => {
      if (running.reply.ended) return;
      running.next += 1;
      if (step.act.tag === "sound") running.firstSoundMs ??= this.#setup.schedule.nowMs;
      running.reply.perform(step);
      this.#next(running, step.atMs);
    });
  }

  #end(running: Running, limited: boolean): void {
    const { ending } = running.taken.turn;
    if (limited) {
      this.#finish(running, "incomplete", {
        type: "incomplete",
        reason: "max_output_tokens",
      });
      return;
    }
    if (ending.status === "completed") {
      this.#finish(running, "completed", null);
      return;
    }
    if (ending.status === "failed") {
      const { type, code, message } = ending.error;
      const details = { type: "failed", error: { type, code, message } };
      this.#finish(running, "failed", details);
      return;
    }
    this.#finish(running, ending.status, { type: ending.status, reason: ending.reason });
  }

  #stop(running: Running, reason: string): void {
    if (!running.begun) {
      running.begun = true;
      running.reply.created();
    }
    const { lateDeltas, lateAfterDone } = running.taken.turn;
    const sounds = running.steps.slice(running.next).filter((step) => step.act.tag === "sound");
    const late = sounds.slice(0, lateDeltas);
    if (!lateAfterDone) running.reply.late(late);
    this.#finish(running, "cancelled", { type: "cancelled", reason });
    if (lateAfterDone) running.reply.late(late);
  }

  #finish(running: Running, status: Status, details: JsonObject | null): void {
    const output = running.reply.output();
    const { usage } = running.taken.turn;
    const counted = status === "failed" ? noUsage() : usageJson(running.input, output);
    const usageShown = usage === null ? null : overlay(counted, usage);
    running.reply.finish(status, details, usageShown);
    this.#running = this.#running.filter((other) => other !== running);
    if (running.beside) return;
    this.#setup.billing.produced(output);
    this.#setup.done(this.#stillPlayingMs(running), status === "completed");
  }

  /** Sound is sent faster than it plays: how much of it a listener has still before them. */
  #stillPlayingMs(running: Running): number {
    const sentMs = running.reply.parts.reduce(
      (total, part) => total + samplesToMs(part.sentSamples),
      0,
    );
    const sinceMs =
      this.#setup.schedule.nowMs - (running.firstSoundMs ?? this.#setup.schedule.nowMs);
    return Math.max(0, sentMs - sinceMs);
  }
}

/** What a response's parameters lay over the session. */
function without(params: JsonObject): JsonObject {
  const keys = ["instructions", "tools", "output_modalities", "max_output_tokens", "audio"];
  return Object.fromEntries(Object.entries(params).filter(([key]) => keys.includes(key)));
}

/** In a text response, what would have been said is written. */
function inModality(parts: readonly Part[], modalities: readonly JsonValue[]): readonly Part[] {
  if (!modalities.includes("text")) return parts;
  return parts.map((part) =>
    part.tag === "sound" ? { tag: "text", text: part.transcript, phase: part.phase } : part,
  );
}

/** This much more would pass `max_output_tokens`. */
function overLimit(running: Running, step: Step): boolean {
  const limit = valueAt(running.params, "max_output_tokens");
  if (typeof limit !== "number" || step.act.tag !== "sound") return false;
  const output = running.reply.output();
  const next = samplesToMs(step.act.to - step.act.from) / ASSISTANT_TOKEN_MS;
  return output.audio + output.text + next > limit;
}
