/**
 * `pipit say`: a text becomes sound, in the model's voice where that can be had, else by espeak-ng; and
 * is said when nobody is talking (announcer.ts). One text is made into sound at a time.
 */

import type { ControlReply } from "../../core/control.ts";
import { type Fault, faultLine } from "../../core/fault.ts";
import type { Journal, PlainVoice } from "../../ports.ts";
import { type Announcer, WAITING_MAX } from "./announcer.ts";
import type { ModelVoice } from "./model-voice.ts";

export interface AnnouncementsOptions {
  readonly journal: Journal;
  readonly announcer: Announcer;
  readonly model: ModelVoice;
  readonly plain: PlainVoice;
  readonly language: () => string;
}

/** Sound, whose it is, and what it has cost; `why`: what kept the model from it. */
interface Sound {
  readonly pcm: Int16Array;
  readonly model: string | null;
  readonly voice: string;
  readonly microUsd: number;
  readonly why: string | null;
}

const PLAIN_VOICE = "espeak-ng";

export class Announcements {
  readonly #options: AnnouncementsOptions;
  /** Texts that are being made into sound, or wait for that. */
  #unmade = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: AnnouncementsOptions) {
    this.#options = options;
  }

  /** Answers when it is sound, and said or waiting. `offline`: the model is not asked. */
  async say(text: string, offline: boolean): Promise<ControlReply> {
    const { announcer } = this.#options;
    if (announcer.waiting + this.#unmade >= WAITING_MAX) {
      return { ok: false, error: "too many announcements wait already" };
    }
    this.#unmade += 1;
    const making = this.#turn.then(() => this.#make(text, offline));
    this.#turn = making;
    const made = await making;
    this.#unmade -= 1;
    if ("fault" in made) return { ok: false, error: faultLine(made.fault) };
    const { pcm, model, voice, microUsd, why } = made;
    const told = { model, voice, cost_usd: microUsd / 1e6, why };
    return { ok: true, data: { now: announcer.say(pcm), ...told } };
  }

  /** Never rejects: neither voice does. */
  async #make(text: string, offline: boolean): Promise<Sound | { readonly fault: Fault }> {
    const { journal, model, plain, language } = this.#options;
    const spoken = offline ? null : await model.speak(text);
    if (spoken !== null && !("fault" in spoken)) return { ...spoken, why: null };
    const why = spoken === null ? null : faultLine(spoken.fault);
    if (why !== null) journal.log("notice", `${PLAIN_VOICE} reads the announcement: ${why}`);
    const pcm = await plain.speak(text, language());
    if (!(pcm instanceof Int16Array)) return { fault: pcm };
    return { pcm, model: null, voice: PLAIN_VOICE, microUsd: spoken?.microUsd ?? 0, why };
  }
}
