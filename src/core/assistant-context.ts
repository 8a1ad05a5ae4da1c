/** What every part of the state machine works with: the step's context, and small helpers. */

import type { Effect, Moment, State, Talk, TalkingState } from "./assistant-types.ts";
import { msToSamples } from "./audio/pcm.ts";
import { TOLD_MAX } from "./limits.ts";
import type { Settings } from "./settings/table.ts";

export interface Context {
  readonly moment: Moment;
  readonly settings: Settings;
  readonly effects: Effect[];
}

export type Common = Pick<
  State,
  "dials" | "troubles" | "ladder" | "warm" | "floor" | "told" | "budgetTold"
>;

/** What every state carries, without the phase. */
export function common(state: State): Common {
  const { dials, troubles, ladder, warm, floor, told, budgetTold } = state;
  return { dials, troubles, ladder, warm, floor, told, budgetTold };
}

export function log(cx: Context, level: "info" | "notice" | "warning" | "error", line: string) {
  cx.effects.push({ tag: "log", level, line });
}

/** Gives a notice that has not been given before; returns what to remember. */
export function tellOnce(told: readonly string[], line: string, cx: Context): readonly string[] {
  if (told.includes(line)) return told;
  log(cx, "notice", line);
  return [...told.slice(-TOLD_MAX + 1), line];
}

/** Is a conversation under way? */
export function isTalking(state: State): state is TalkingState {
  return state.tag !== "idle" && state.tag !== "muted" && state.tag !== "fault";
}

export function isHalfDuplex(talk: Talk): boolean {
  return talk.settings["audio.duplex"] === "half";
}

/** From where to listen when nothing is unanswered: after the echo of what was just heard. */
export function settledAt({ tag, talk }: TalkingState, { moment }: Context): number {
  const echoes = isHalfDuplex(talk) && (tag === "speaking" || tag === "follow-up");
  return moment.head + (echoes ? msToSamples(talk.settings["audio.settle_ms"]) : 0);
}
