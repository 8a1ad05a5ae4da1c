/**
 * What the ear gets of the reply. A reply is over when the speaker has drained, not when the server
 * has said so; its limit is of the whole reply, from its first sound on. While the user may be
 * speaking, its sound is held; when it is silenced, the model is told how much was heard.
 */

import type { HeardItem } from "../audio/playhead.ts";
import type { Fault } from "../fault.ts";
import type { Effect, Fact } from "./inputs.ts";
import { FLUSH_MAX_MS, SPEAK_MAX_MS, UNDERRUN_MAX_MS } from "./limits.ts";
import { type Change, endingBy, type Of, send, stay, type Table } from "./machine.ts";
import { tooLate } from "./response.ts";
import type { Playback, Scope } from "./state.ts";

export type PlaybackEvent = Readonly<
  /** The first sound of the response, or the first after an underrun. `held`: not to be heard yet. */
  | { tag: "sound"; responseId: string; held: boolean }
  /** What was held may be heard. */
  | { tag: "release" }
  | { tag: "underrun" }
  /** No more sound will come. `error`: it was to go on, and this is why it does not. */
  | { tag: "complete"; error: Fault | null }
  | { tag: "drained"; settleMs: number | null }
  | { tag: "flush"; attempt: number }
  | { tag: "flushed"; items: readonly HeardItem[] }
  /** `but`: not the reply of this response. */
  | { tag: "repeat"; but: string | null }
  | { tag: "due" }
>;

type Event<T extends PlaybackEvent["tag"]> = Of<PlaybackEvent, T>;
type Held = Of<Playback, "held">;
type Playing = Of<Playback, "playing">;
type Draining = Of<Playback, "draining">;

const SILENT = { tag: "silent" } as const;

export const PLAYBACK: Table<Playback, PlaybackEvent> = {
  silent: {
    sound: [sound, "held", "playing"],
    flush: [flush, "flushing"],
    flushed: [flushed],
    repeat: [repeat, "draining"],
  },
  held: {
    release: [release, "playing", "draining"],
    complete: [(own) => ({ next: { ...own, complete: true } })],
    flush: [flush, "flushing"],
  },
  playing: {
    sound: [(own, { responseId }) => ({ next: { ...own, responseId, underrunUntilMs: null } })],
    underrun: [underrun],
    complete: [finish, "draining"],
    flush: [flush, "flushing"],
    flushed: [flushed],
    due: [late, "end"],
  },
  draining: {
    complete: [(own, { error }) => ({ next: { ...own, error: error ?? own.error } })],
    drained: [drained, "silent", "settling", "end"],
    flush: [flush, "flushing"],
    flushed: [flushed],
    due: [tooLong, "end"],
  },
  flushing: {
    sound: [sound, "held", "playing"],
    flush: [flush],
    flushed: [(_, { items }) => ({ next: SILENT, sends: cuts(items) }), "silent"],
    due: [() => ({ next: SILENT }), "silent"],
  },
  settling: {
    sound: [sound, "playing"],
    flush: [flush, "flushing"],
    flushed: [flushed],
    repeat: [repeat, "draining"],
    due: [() => ({ next: SILENT }), "silent"],
  },
};

/** Can somebody hear a reply, or will by itself? */
export function isHeard({ tag }: Playback): boolean {
  return tag === "playing" || tag === "draining";
}

function sound(_: Playback, { responseId, held }: Event<"sound">, at: Scope): Change<Playback> {
  if (held) return { next: { tag: "held", responseId, complete: false } };
  return { next: playing(responseId, at), facts: [{ tag: "reply-began" }] };
}

function playing(responseId: string, { nowMs }: Scope): Playing {
  return { tag: "playing", responseId, untilMs: nowMs + SPEAK_MAX_MS, underrunUntilMs: null };
}

function draining({ nowMs }: Scope): Draining {
  return { tag: "draining", untilMs: nowMs + SPEAK_MAX_MS, error: null };
}

function release(own: Held, _: unknown, at: Scope): Change<Playback> {
  const facts: Fact[] = [{ tag: "reply-began" }];
  if (!own.complete) return { next: playing(own.responseId, at), facts };
  return { next: draining(at), sends: [{ tag: "finish-reply" }], facts };
}

function repeat(_: Playback, { but }: Event<"repeat">, at: Scope): Change<Playback> {
  return { next: draining(at), sends: [{ tag: "repeat-reply", but }] };
}

function underrun(own: Playing, _: unknown, at: Scope): Change<Playback> {
  if (own.underrunUntilMs !== null) return stay(own);
  return { next: { ...own, underrunUntilMs: at.nowMs + UNDERRUN_MAX_MS } };
}

/** The limit is that of the reply, from its first sound on. */
function finish({ untilMs }: Playing, { error }: Event<"complete">): Change<Playback> {
  return { next: { tag: "draining", untilMs, error }, sends: [{ tag: "finish-reply" }] };
}

function drained({ error }: Draining, { settleMs }: Event<"drained">, at: Scope): Change<Playback> {
  const facts: Fact[] = [{ tag: "reply-over", by: "ear" }];
  if (error !== null) return { next: SILENT, facts, ends: endingBy(error) };
  const settling = { tag: "settling", untilMs: at.nowMs + (settleMs ?? 0) } as const;
  return { next: settleMs === null ? SILENT : settling, facts };
}

function flush(own: Playback, { attempt }: Event<"flush">, at: Scope): Change<Playback> {
  return {
    next: { tag: "flushing", untilMs: at.nowMs + FLUSH_MAX_MS },
    sends: [{ tag: "flush-playback", attempt }],
    facts: isHeard(own) ? [{ tag: "reply-over", by: "user" }] : [],
  };
}

function flushed(own: Playback, { items }: Event<"flushed">): Change<Playback> {
  return { next: own, sends: cuts(items) };
}

/**
 * The speaker is silent, and this is how much of each item was heard: the model must forget what
 * nobody heard, so the cut is where the speaker is, not where the wire is.
 */
function cuts(items: readonly HeardItem[]): readonly Effect[] {
  return items
    .filter(({ heardMs, receivedMs }) => heardMs < receivedMs)
    .map(({ itemId, contentIndex, heardMs }, n) =>
      heardMs === 0
        ? send({ tag: "delete-item", itemId }, "delete", n)
        : send({ tag: "truncate", itemId, contentIndex, audioEndMs: heardMs }, "truncate", n),
    );
}

function late(own: Playing, _: unknown, at: Scope): Change<Playback> {
  if (at.nowMs >= own.untilMs) return tooLong(own);
  return { next: own, ends: endingBy(tooLate("The answer stopped in the middle")) };
}

function tooLong(own: Playback): Change<Playback> {
  return { next: own, ends: { reason: "reply_too_long", fault: null } };
}
