/**
 * The server's half of one Realtime conversation, without a socket and without a clock: a client
 * event and the time go in, server events come out. All events are in GA form and have already
 * been checked against the schema. The same events at the same times give the same answers.
 */

import { samplesOf } from "./base64.ts";
import { Billing } from "./billing.ts";
import { Hearing } from "./hearing.ts";
import { ItemDesk } from "./item-desk.ts";
import { Items } from "./items.ts";
import type { JsonObject } from "./json.ts";
import { objectAt, textAt } from "./json.ts";
import { RemoteTools } from "./remote-tools.ts";
import type { SentSound } from "./reply.ts";
import type { TakenTurn } from "./responses.ts";
import { Responses } from "./responses.ts";
import type { ConnectionPlan, ModelOffer, Scenario } from "./scenario.ts";
import { modelNotFound } from "./scenario.ts";
import { Schedule } from "./schedule.ts";
import type { Prompter } from "./script.ts";
import { defaultSession, turnDetection, updatedSession } from "./session.ts";
import { Settling } from "./settling.ts";
import { transcribe } from "./transcription.ts";
import type { Out } from "./wire.ts";
import { Ids, invalid, Outbox } from "./wire.ts";

/** Events of the client that wait for the session, or for its set-up: half a minute of sound. */
const WAITING_MAX = 1_000;
/** Set-ups remembered. */
const ACCEPTED_MAX = 100;

export interface ConversationSetup {
  /** Makes its identifiers different from those of the peer's other connections. */
  readonly scope: string;
  readonly scenario: Scenario;
  readonly plan: ConnectionPlan | null;
  readonly model: ModelOffer;
  readonly beta: boolean;
  readonly prompter: Prompter;
  /** Set-ups that this server took on any connection. Absent: on this one alone. */
  readonly accepted?: Set<string>;
  /** Every sample appended. */
  readonly received: (pcm: Int16Array) => void;
  /** Every sample of a reply. */
  readonly sent: (sound: SentSound) => void;
}

export class Conversation {
  readonly #setup: ConversationSetup;
  readonly #out: Outbox;
  readonly #schedule: Schedule;
  readonly #hearing = new Hearing();
  readonly #items = new Items();
  readonly #billing = new Billing();
  readonly #settling: Settling;
  readonly #remote: RemoteTools;
  readonly #desk: ItemDesk;
  readonly #responses: Responses;
  readonly #conversationId: string;
  #session: JsonObject = {};
  /** A `session.updated` has been sent. */
  #configured: boolean = false;
  #created: boolean = false;
  /** Set-ups under way. */
  #updates = 0;
  /** What the client said meanwhile, in order. */
  readonly #waiting: JsonObject[] = [];
  readonly #accepted: Set<string>;
  /** The set-up under way was taken before: sound may follow behind it. */
  #trusted: boolean = false;
  /** Item of the turn that the user is speaking. */
  #speechId: string | null = null;
  #cancelIdle: () => void = () => {};

  constructor(setup: ConversationSetup, nowMs: number) {
    this.#setup = setup;
    this.#accepted = setup.accepted ?? new Set();
    this.#out = new Outbox(new Ids(setup.scope));
    this.#schedule = new Schedule(nowMs);
    this.#conversationId = this.#out.ids.next("conv");
    const limitMs = setup.scenario.settleWithinMs;
    this.#settling = new Settling(this.#items, this.#schedule, this.#out, limitMs);
    this.#remote = new RemoteTools({
      out: this.#out,
      schedule: this.#schedule,
      items: this.#items,
      servers: setup.scenario.mcp,
    });
    this.#desk = new ItemDesk({
      items: this.#items,
      billing: this.#billing,
      settling: this.#settling,
      out: this.#out,
      remote: this.#remote,
    });
    this.#responses = new Responses({
      out: this.#out,
      schedule: this.#schedule,
      items: this.#items,
      billing: this.#billing,
      remote: this.#remote,
      conversationId: this.#conversationId,
      pace: setup.scenario.pace,
      session: () => this.#session,
      take: () => this.#take(),
      sent: setup.sent,
      done: (playMs, isCompleted) => {
        if (isCompleted) this.#settling.completed();
        this.#waitIdle(playMs);
      },
    });
  }

  /** The connection is open: greets it. `wallMs` is the wall clock, milliseconds since 1970. */
  open(wallMs: number): Out[] {
    const { scenario, plan, model } = this.#setup;
    if (model.gone === "error") {
      this.#out.error(modelNotFound(model.id), null);
      this.#out.close(4000, "invalid_request_error.model_not_found");
      return this.#out.take();
    }
    const expiresInS = plan?.expiresInS ?? scenario.expiresInS;
    this.#session = defaultSession({
      id: this.#out.ids.next("sess"),
      model: model.id,
      expiresAtS: Math.floor(wallMs / 1000 + expiresInS),
      voices: model.voices,
      overrides: scenario.session,
    });
    this.#schedule.after(plan?.createdMs ?? scenario.createdMs, () => {
      this.#created = true;
      this.#schedule.after(0, () => this.#catchUp());
      this.#out.event("session.created", { session: this.#session });
      if (!scenario.conversationCreated && !this.#setup.beta) return;
      const conversation = { id: this.#conversationId, object: "realtime.conversation" };
      this.#out.event("conversation.created", { conversation });
    });
    this.#schedule.after(expiresInS * 1000, () => this.#expire());
    return this.advance(this.#schedule.nowMs);
  }

  /** Takes one client event, in GA form. */
  receive(event: JsonObject, nowMs: number): Out[] {
    this.#schedule.advance(nowMs);
    if (event["type"] === "session.update") {
      this.#trusted = this.#accepted.has(this.#markOf(objectAt(event, "session")));
    }
    if (event["type"] === "input_audio_buffer.append") this.#comesIn(event);
    this.#waiting.push(event);
    this.#catchUp();
    this.#schedule.advance(nowMs);
    return this.#out.take();
  }

  /** Strict: sound behind a set-up that may be refused would be heard with the session's defaults. */
  #comesIn(event: JsonObject): void {
    if (this.#setup.scenario.strict && !this.#configured && !this.#trusted) {
      this.#out.violation(TOO_EARLY);
      this.#out.error(TOO_EARLY, textAt(event, "event_id"));
    }
    this.#setup.received(samplesOf(textAt(event, "audio") ?? ""));
  }

  #markOf(patch: JsonObject): string {
    return JSON.stringify([this.#setup.model.id, patch]);
  }

  /** Events are dealt with one after the other: none before the session is there, or set up anew. */
  #catchUp(): void {
    while (this.#created && this.#updates === 0) {
      const event = this.#waiting.shift();
      if (event === undefined) return;
      this.#handle(event, textAt(event, "event_id"));
      this.#schedule.advance(this.#schedule.nowMs);
    }
    if (this.#waiting.length <= WAITING_MAX) return;
    this.#waiting.shift();
    this.#out.violation(
      invalid("too_many_events", "Too many events before the session is set up."),
    );
  }

  /** Lets time pass. */
  advance(nowMs: number): Out[] {
    this.#schedule.advance(nowMs);
    return this.#out.take();
  }

  /** When `advance` is next worth calling; null when only the client can make something happen. */
  nextMs(): number | null {
    return this.#schedule.nextMs();
  }

  /** The turn that is going on or comes next. */
  get turn(): number {
    return this.#out.turn;
  }

  /** Names that a scripted event may put in: the latest of each kind. */
  names(): Readonly<Record<string, string>> {
    const last = (role: string): string =>
      this.#items.all.findLast(({ json }) => json["role"] === role)?.id ?? "item_none";
    return {
      $user_item: last("user"),
      $assistant_item: last("assistant"),
      $response: this.#responses.activeId ?? "resp_none",
      $session: textAt(this.#session, "id") ?? "sess_none",
    };
  }

  #handle(event: JsonObject, eventId: string | null): void {
    switch (event["type"]) {
      case "session.update":
        this.#update(objectAt(event, "session"), eventId);
        return;
      case "input_audio_buffer.append":
        this.#append(textAt(event, "audio") ?? "");
        return;
      case "input_audio_buffer.commit":
        this.#commit(eventId);
        return;
      case "input_audio_buffer.clear":
        this.#hearing.clear();
        this.#speechId = null;
        this.#out.event("input_audio_buffer.cleared", {});
        return;
      case "conversation.item.create":
        this.#desk.create(event, eventId);
        return;
      case "conversation.item.delete":
      case "conversation.item.retrieve":
      case "conversation.item.truncate":
        this.#desk.change(event, eventId);
        return;
      case "response.create":
        this.#responses.create(objectAt(event, "response"), eventId);
        return;
      case "response.cancel":
        if (this.#responses.cancel(textAt(event, "response_id"))) return;
        this.#out.error(NOTHING_TO_CANCEL, eventId);
        return;
      default: {
        const message = `The event '${String(event["type"])}' is not for WebSocket sessions.`;
        this.#out.error(invalid("invalid_event", message, "type"), eventId);
        return;
      }
    }
  }

  #update(patch: JsonObject, eventId: string | null): void {
    const { plan, scenario, model } = this.#setup;
    this.#updates += 1;
    this.#schedule.after(plan?.updatedMs ?? scenario.updatedMs, () => {
      this.#updates -= 1;
      this.#schedule.after(0, () => this.#catchUp());
      const rules = { voices: model.voices, spoken: this.#responses.spoken };
      const result = updatedSession(this.#session, patch, rules);
      if (!result.ok) return this.#out.error(result.error, eventId);
      this.#session = result.value;
      this.#configured = true;
      if (this.#accepted.size < ACCEPTED_MAX) this.#accepted.add(this.#markOf(patch));
      this.#out.event("session.updated", { session: this.#session });
      this.#remote.list(this.#session);
    });
  }

  #append(audio: string): void {
    const pcm = samplesOf(audio);
    const detection = turnDetection(this.#session);
    for (const heard of this.#hearing.append(pcm, detection)) {
      const id = this.#speechId ?? this.#out.ids.next("item");
      if (heard.tag === "started") {
        this.#cancelIdle();
        this.#speechId = id;
        const fields = { audio_start_ms: heard.atMs, item_id: id };
        this.#out.event("input_audio_buffer.speech_started", fields);
        if (detection?.interruptResponse === true) this.#responses.interrupt();
        continue;
      }
      this.#speechId = null;
      const fields = { audio_end_ms: heard.atMs, item_id: id };
      this.#out.event("input_audio_buffer.speech_stopped", fields);
      this.#committed(id, heard.audioMs);
      if (detection?.createResponse === true) this.#responses.create({}, null);
    }
  }

  #commit(eventId: string | null): void {
    const result = this.#hearing.commit();
    if (!result.ok) {
      this.#out.error(result.error, eventId);
      return;
    }
    const id = this.#speechId ?? this.#out.ids.next("item");
    this.#speechId = null;
    this.#committed(id, result.value);
  }

  /** What the user said becomes an item. */
  #committed(id: string, audioMs: number): void {
    // As on the wire: null until the words are written down. A public client insists on the key.
    const content = [{ type: "input_audio", transcript: null }];
    const head = { id, object: "realtime.item", type: "message", status: "completed" };
    const item = { ...head, role: "user", content };
    const { previousId } = this.#items.append(id, item, audioMs);
    const place = { previous_item_id: previousId };
    this.#out.event("input_audio_buffer.committed", { ...place, item_id: id });
    this.#out.event("conversation.item.added", { ...place, item });
    this.#out.event("conversation.item.done", { ...place, item });
    transcribe(id, audioMs, {
      session: this.#session,
      heard: this.#setup.prompter.peek().heard,
      schedule: this.#schedule,
      out: this.#out,
      written: (words) => this.#items.transcribed(id, words),
    });
  }

  #take(): TakenTurn {
    this.#cancelIdle();
    const taken = this.#setup.prompter.take();
    if (this.#setup.model.gone !== "response") return taken;
    const error = modelNotFound(this.#setup.model.id);
    const ending = { status: "failed", error, afterDeltas: 0 } as const;
    return { ...taken, turn: { ...taken.turn, ending } };
  }

  /** Nobody says anything after a reply: the server says something by itself, and bills it. */
  #waitIdle(playMs: number): void {
    const timeoutMs = turnDetection(this.#session)?.idleTimeoutMs ?? null;
    if (timeoutMs === null) return;
    this.#cancelIdle();
    const startMs = Math.round(this.#hearing.totalMs);
    this.#cancelIdle = this.#schedule.after(playMs + timeoutMs, () => {
      if (this.#hearing.speaking || this.#responses.activeId !== null) return;
      const id = this.#out.ids.next("item");
      const endMs = Math.round(this.#hearing.totalMs);
      const fields = { audio_start_ms: startMs, audio_end_ms: endMs, item_id: id };
      this.#out.event("input_audio_buffer.timeout_triggered", fields);
      this.#hearing.clear();
      this.#committed(id, endMs - startMs);
      this.#responses.create({}, null);
    });
  }

  #expire(): void {
    const message = "Your session hit the maximum duration of 60 minutes.";
    this.#out.error(invalid("session_expired", message), null);
    this.#out.close(1001, message);
  }
}

const NOTHING_TO_CANCEL = invalid(
  "response_cancel_not_active",
  "Cancellation failed: no active response found",
);

/** Not an answer of the real server, which would listen with its defaults: a rule of this peer. */
const TOO_EARLY = invalid(
  "audio_before_session_updated",
  "Audio was sent before session.updated: it is heard with the session's defaults.",
);
