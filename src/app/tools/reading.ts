/**
 * One session in which the model reads one text out: dialled, set up, asked, listened to, hung up. A
 * voice that the server does not have is replaced by the next one on the same connection.
 *
 * Invariants: `done` resolves once, in bounded time (SILENCE_MAX_MS after the server's last word, or by
 * `stop`); of the sound at most SOUND_MAX_BYTES are kept; the link is closed at the end.
 */

import { AUDIBLE_SAMPLES, SAMPLE_BYTES, SAMPLE_RATE_HZ } from "../../core/audio/pcm.ts";
import { type Fault, fault } from "../../core/fault.ts";
import { refusedVoiceFault } from "../../core/models/voice.ts";
import type { ClientEvent, Protocol } from "../../core/realtime/client-events.ts";
import { encode } from "../../core/realtime/encode.ts";
import { isNobody, type LinkFailure } from "../../core/realtime/failure.ts";
import { linkFault, retryAfterMs, retryHintMs, serverFault } from "../../core/realtime/faults.ts";
import {
  decode,
  type ResponseStatus,
  type ServerError,
  type ServerEvent,
} from "../../core/realtime/server-events.ts";
import type { SessionConfig } from "../../core/realtime/session.ts";
import { isOfSetUp, refusedPart, setUpFault } from "../../core/realtime/set-up-errors.ts";
import type { Usage } from "../../core/realtime/usage.ts";
import type { Clock, Dialer, DialTarget, Link } from "../../ports.ts";

/** Two minutes: the longest text takes one. */
export const SOUND_MAX_BYTES = 120 * SAMPLE_RATE_HZ * SAMPLE_BYTES;
/** A server that says nothing for so long says nothing more. */
export const SILENCE_MAX_MS = 10_000;

export interface ReadingOptions {
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly target: DialTarget;
  readonly protocol: Protocol;
  readonly session: (voice: string) => SessionConfig;
  readonly model: string;
  /** In the order in which the server is asked for them. */
  readonly voices: readonly [string, ...string[]];
  readonly text: string;
}

export interface ReadingEnd {
  /** All of it, or what there was of it. */
  readonly pcm: Int16Array;
  /** Null: it was read to its end. */
  readonly fault: Fault | null;
  /** So long the server asks us to wait; null: it does not say. */
  readonly hintMs: number | null;
  /** Nobody was reached: no model's fault. */
  readonly isNobody: boolean;
  /** In which it was read, or should have been. */
  readonly voice: string;
  /** A response was requested: it costs something, whatever became of it. */
  readonly isRequested: boolean;
  /** Null: it did not come to an end that we heard of. */
  readonly status: ResponseStatus | null;
  /** Null: no bill came. */
  readonly usage: Usage | null;
  /** From the dial to a session that is set up; null: there was none. */
  readonly connectionMs: number | null;
}

type Course = Partial<Pick<ReadingEnd, "status" | "usage" | "hintMs" | "isNobody">>;

export class Reading {
  readonly done: Promise<ReadingEnd>;
  readonly #options: ReadingOptions;
  readonly #dialledMs: number;
  readonly #link: Link;
  readonly #sound: Buffer[] = [];
  #soundBytes = 0;
  /** Voices that the server has refused. */
  #refusedVoices = 0;
  #isSetUp: boolean = false;
  #connectionMs: number | null = null;
  #sent = 0;
  #cancelSilence: () => void = () => undefined;
  #resolve: ((end: ReadingEnd) => void) | null = null;

  constructor(options: ReadingOptions) {
    this.#options = options;
    const { clock, dialer, target } = options;
    this.#dialledMs = clock.nowMs();
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#wait();
    this.#link = dialer.dial(target, {
      opened: () => undefined, // Only the server's first word counts.
      text: (frame) => {
        this.#wait();
        this.#heard(decode(frame));
      },
      closed: (failure) => this.#closed(failure),
    });
  }

  /** Gives it up. */
  stop(why: Fault): void {
    this.#end(why);
  }

  #wait(): void {
    this.#cancelSilence();
    if (this.#resolve === null) return;
    this.#cancelSilence = this.#options.clock.after(SILENCE_MAX_MS, () => {
      this.#end(fault("timeout", "retry", "The Realtime API is silent"));
    });
  }

  #heard(event: ServerEvent): void {
    if (this.#resolve === null) return;
    switch (event.tag) {
      case "session-created":
        if (!this.#isSetUp) this.#setUp();
        this.#isSetUp = true;
        return;
      case "session-updated":
        this.#request();
        return;
      case "audio":
        this.#keep(Buffer.from(event.base64, "base64"));
        return;
      case "error":
        this.#refused(event.error);
        return;
      case "response-done":
        this.#finished(event);
        return;
      default:
        return;
    }
  }

  #closed(failure: LinkFailure): void {
    const course = { isNobody: isNobody(failure), hintMs: retryAfterMs(failure) };
    this.#end(linkFault(failure, this.#options.model), course);
  }

  get #voice(): string {
    const { voices } = this.#options;
    return voices[this.#refusedVoices] ?? voices[0];
  }

  #setUp(): void {
    this.#send({ tag: "update-session", session: this.#options.session(this.#voice) });
  }

  /** The session, or the response; what of the session can be replaced, is. */
  #refused(error: ServerError): void {
    const { model, voices } = this.#options;
    const hintMs = retryHintMs(error.message);
    const why = serverFault(error, model);
    const isSetUp = this.#isSetUp && this.#connectionMs === null;
    if (!isSetUp || !isOfSetUp(error, why)) {
      this.#end(why, { hintMs });
    } else if (refusedPart(error) !== "voice") {
      this.#end(setUpFault(error, model));
    } else if (this.#refusedVoices + 1 < voices.length) {
      this.#refusedVoices += 1;
      this.#setUp();
    } else {
      this.#end(refusedVoiceFault(this.#voice, model, error.message));
    }
  }

  #request(): void {
    if (this.#connectionMs !== null) return;
    this.#connectionMs = this.#options.clock.nowMs() - this.#dialledMs;
    this.#send({ tag: "add-message", role: "user", text: this.#options.text });
    this.#send({ tag: "create-response" });
  }

  #send(event: ClientEvent): void {
    this.#sent += 1;
    this.#link.send(encode(event, `say_${this.#sent}`, this.#options.protocol));
  }

  #keep(bytes: Buffer): void {
    this.#soundBytes += bytes.length;
    if (this.#soundBytes <= SOUND_MAX_BYTES) this.#sound.push(bytes);
    else this.#end(fault("speech", "report", "The model talked for more than two minutes"));
  }

  #finished({
    status,
    reason,
    error,
    usage,
  }: Extract<ServerEvent, { tag: "response-done" }>): void {
    const { model } = this.#options;
    const bill = { status, usage };
    const hintMs = retryHintMs(error?.message ?? "");
    if (status === "failed") this.#end(serverFault(error, model), { ...bill, hintMs });
    else if (status !== "completed") {
      const why = reason === null ? status : `${status}: ${reason}`;
      this.#end(fault("unheard", "report", `The model did not read it to its end (${why})`), bill);
    } else if (this.#soundBytes < AUDIBLE_SAMPLES * SAMPLE_BYTES) {
      this.#end(fault("unheard", "retry", "The model answered without a sound"), bill);
    } else this.#end(null, bill);
  }

  #end(why: Fault | null, course: Course = {}): void {
    const resolve = this.#resolve;
    if (resolve === null) return;
    this.#resolve = null;
    this.#cancelSilence();
    // `dial` may report the end before it returns.
    queueMicrotask(() => this.#link.close());
    const [pcm, connectionMs] = [samplesOf(Buffer.concat(this.#sound)), this.#connectionMs];
    const said = { ...UNSAID, ...course, voice: this.#voice };
    resolve({ pcm, fault: why, isRequested: connectionMs !== null, connectionMs, ...said });
  }
}

const UNSAID = { status: null, usage: null, hintMs: null, isNobody: false } as const;

function samplesOf(bytes: Buffer): Int16Array {
  const pcm = new Int16Array(Math.floor(bytes.length / SAMPLE_BYTES));
  for (let i = 0; i < pcm.length; i++) pcm[i] = bytes.readInt16LE(i * SAMPLE_BYTES);
  return pcm;
}
