/**
 * What the ear gets of the reply. A reply is over when the speaker has drained, not when the server
 * has said so; its limit is of the whole reply, from its first sound on. While the user may be
 * speaking, its sound is held; when it is silenced, the model is told how much was heard.
 */

import type { HeardItem } from "../audio/playhead.ts";
import type { Fault } from "../fault.ts";
import { eventId } from "./ids.ts";
import type { Change, Effect, Fact } from "./inputs.ts";
import { FLUSH_MAX_MS, SPEAK_MAX_MS, UNDERRUN_MAX_MS } from "./limits.ts";
import { tooLate } from "./response.ts";
import type { Playback, Scope, Table } from "./state.ts";

export type PlaybackEvent =
  /** The first sound of the response, or the first after an underrun. `held`: not to be heard yet. */
  | { readonly tag: "sound"; readonly responseId: string; readonly held: boolean }
  /** What was held may be heard. */
  | { readonly tag: "release" }
  | { readonly tag: "underrun" }
  /** No more sound will come. `error`: it was to go on, and this is why it does not. */
  | { readonly tag: "complete"; readonly error: Fault | null }
  | { readonly tag: "drained"; readonly settleMs: number | null }
  | { readonly tag: "flush"; readonly attempt: number }
  | { readonly tag: "flushed"; readonly items: readonly HeardItem[] }
  | { readonly tag: "repeat" }
  | { readonly tag: "due" };

export const PLAYBACK_TABLE: Table<Playback["tag"], PlaybackEvent["tag"]> = {
  silent: {
    sound: ["held", "playing"],
    flush: ["flushing"],
    flushed: ["silent"],
    repeat: ["draining"],
  },
  held: { release: ["playing", "draining"], complete: ["held"], flush: ["flushing"] },
  playing: {
    sound: ["playing"],
    underrun: ["playing"],
    complete: ["draining"],
    flush: ["flushing"],
    flushed: ["playing"],
    due: ["end"],
  },
  draining: {
    complete: ["draining"],
    drained: ["silent", "settling", "end"],
    flush: ["flushing"],
    flushed: ["draining"],
    due: ["end"],
  },
  flushing: {
    sound: ["held", "playing"],
    flush: ["flushing"],
    flushed: ["silent"],
    due: ["silent"],
  },
  settling: {
    sound: ["playing"],
    flush: ["flushing"],
    flushed: ["settling"],
    repeat: ["draining"],
    due: ["silent"],
  },
};

export function nextPlayback(own: Playback, event: PlaybackEvent, at: Scope): Change<Playback> {
  switch (event.tag) {
    case "sound":
      return sound(own, event.responseId, event.held, at);
    case "release":
      return own.tag === "held" ? release(own, at) : { next: own };
    case "underrun":
      return { next: underrun(own, at) };
    case "complete":
      return complete(own, event.error);
    case "drained":
      return drained(own, event.settleMs, at);
    case "flush":
      return flush(own, event.attempt, at);
    case "flushed":
      return { next: own.tag === "flushing" ? { tag: "silent" } : own, sends: cuts(event.items) };
    case "repeat":
      return { next: draining(at), sends: [{ tag: "repeat-reply" }] };
    case "due":
      return due(own, at);
  }
}

export function playbackDeadlineMs(own: Playback): number | null {
  switch (own.tag) {
    case "silent":
    case "held":
      return null;
    case "playing":
      return Math.min(own.untilMs, own.underrunUntilMs ?? own.untilMs);
    case "draining":
    case "flushing":
    case "settling":
      return own.untilMs;
  }
}

/** Can somebody hear a reply, or will by itself? */
export function isHeard({ tag }: Playback): boolean {
  return tag === "playing" || tag === "draining";
}

function sound(own: Playback, responseId: string, held: boolean, at: Scope): Change<Playback> {
  if (own.tag === "playing") return { next: { ...own, responseId, underrunUntilMs: null } };
  if (own.tag === "held") return { next: own };
  if (held) return { next: { tag: "held", responseId, complete: false } };
  return { next: playing(own, responseId, at), facts: [{ tag: "reply-began" }] };
}

/** The limit is of the reply: sound that goes on after a round of functions does not renew it. */
function playing(own: Playback, responseId: string, at: Scope): Playback {
  const untilMs = own.tag === "draining" ? own.untilMs : at.nowMs + SPEAK_MAX_MS;
  return { tag: "playing", responseId, untilMs, underrunUntilMs: null };
}

function release(own: Extract<Playback, { tag: "held" }>, at: Scope): Change<Playback> {
  const facts: Fact[] = [{ tag: "reply-began" }];
  if (!own.complete) return { next: playing(own, own.responseId, at), facts };
  return { next: draining(at), sends: [{ tag: "finish-reply" }], facts };
}

function draining(at: Scope): Playback {
  return { tag: "draining", untilMs: at.nowMs + SPEAK_MAX_MS, error: null };
}

function underrun(own: Playback, at: Scope): Playback {
  if (own.tag !== "playing" || own.underrunUntilMs !== null) return own;
  return { ...own, underrunUntilMs: at.nowMs + UNDERRUN_MAX_MS };
}

function complete(own: Playback, error: Fault | null): Change<Playback> {
  if (own.tag === "held") return { next: { ...own, complete: true } };
  if (own.tag === "draining") return { next: { ...own, error: error ?? own.error } };
  if (own.tag !== "playing") return { next: own };
  // The limit is that of the reply, from its first sound on.
  return {
    next: { tag: "draining", untilMs: own.untilMs, error },
    sends: [{ tag: "finish-reply" }],
  };
}

function drained(own: Playback, settleMs: number | null, at: Scope): Change<Playback> {
  if (own.tag !== "draining") return { next: own };
  const facts: Fact[] = [{ tag: "reply-over", by: "ear" }];
  const { error } = own;
  if (error !== null) {
    const ends = { reason: error.code === "budget" ? "budget" : "fault", fault: error } as const;
    return { next: { tag: "silent" }, facts, ends };
  }
  const next: Playback =
    settleMs === null ? { tag: "silent" } : { tag: "settling", untilMs: at.nowMs + settleMs };
  return { next, facts };
}

function flush(own: Playback, attempt: number, at: Scope): Change<Playback> {
  const facts: Fact[] = isHeard(own) ? [{ tag: "reply-over", by: "user" }] : [];
  const next = { tag: "flushing", untilMs: at.nowMs + FLUSH_MAX_MS } as const;
  return { next, sends: [{ tag: "flush-playback", attempt }], facts };
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
        ? { tag: "send", event: { tag: "delete-item", itemId }, id: eventId("delete", n) }
        : {
            tag: "send",
            event: { tag: "truncate", itemId, contentIndex, audioEndMs: heardMs },
            id: eventId("truncate", n),
          },
    );
}

function due(own: Playback, at: Scope): Change<Playback> {
  switch (own.tag) {
    case "playing": {
      if (at.nowMs >= own.untilMs)
        return { next: own, ends: { reason: "reply_too_long", fault: null } };
      const why = tooLate("The answer stopped in the middle");
      return { next: own, ends: { reason: "fault", fault: why } };
    }
    case "draining":
      return { next: own, ends: { reason: "reply_too_long", fault: null } };
    case "flushing":
    case "settling":
      return { next: { tag: "silent" } };
    case "silent":
    case "held":
      return { next: own };
  }
}
