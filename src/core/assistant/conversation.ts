/** How a conversation begins, and how it ends; or why none begins. */

import { soundOf } from "../audio/fault-sounds.ts";
import { msToSamples } from "../audio/pcm.ts";
import { type Fault, faultLine } from "../fault.ts";
import { chainOf } from "../models/fallback.ts";
import { type BudgetLevel, budgetExceeded, thriftySettings } from "../money/budget.ts";
import type { PublicSettings } from "../settings/table.ts";
import { NO_DIALOGUE } from "./dialogue.ts";
import { eventId } from "./ids.ts";
import type { Change, Effect, Ending, Fact } from "./inputs.ts";
import { FAULT_SHOW_MS } from "./limits.ts";
import { firstDial } from "./link-dial.ts";
import { budgetNotified, coolDown, forAccount, keepWarm, notBefore } from "./memory.ts";
import { isHeard } from "./playback.ts";
import { NO_RESPONSE, nextResponse } from "./response.ts";
import type { Call, Conversation, Memory, State, StepContext, Trigger, Warm } from "./state.ts";
import { NO_TOOLS, toolsOver } from "./tools.ts";
import { firstTurn, nextTurn } from "./turn.ts";
import { phaseOf } from "./views.ts";

/** Somebody called: a conversation begins, or the fault that is in its way is shown. */
export function begin(
  state: State,
  trigger: Trigger,
  pushToTalk: boolean,
  at: StepContext,
): Change<State> {
  const { rest } = state;
  const memory = forAccount(state.memory, at.account);
  const sends: Effect[] = rest.tag === "fault" ? [{ tag: "flush-playback", attempt: 0 }] : [];
  const calm: State = { ...state, memory };
  const inTheWay = obstacle(memory, at);
  const after =
    inTheWay === null
      ? opened(calm, callOf(state, trigger, at), pushToTalk, at)
      : showFault(calm, inTheWay, at);
  const heard: Fact = { tag: "log", level: "info", line: called(trigger) };
  return {
    ...after,
    sends: [...sends, ...(after.sends ?? [])],
    facts: [heard, ...(after.facts ?? [])],
  };
}

function called(trigger: Trigger): string {
  if (trigger.source === "wake-word") return `Wake word '${trigger.keyword}' heard`;
  return `Woken by ${trigger.source === "button" ? "the button" : "command"}`;
}

function obstacle({ deviceFaults, chain }: Memory, at: StepContext): Fault | null {
  const device = deviceFaults.microphone ?? deviceFaults.speaker;
  const later =
    chain.retryAfter !== null && chain.retryAfter.untilMs > at.nowMs ? chain.retryAfter.why : null;
  return device ?? later ?? budgetExceeded(at.settings, at.spentMicroUsd);
}

function callOf({ memory, rest }: State, trigger: Trigger, at: StepContext): Call {
  const settings = thriftySettings(at.settings, at.spentMicroUsd);
  const preRollMs = trigger.source === "wake-word" ? settings["audio.pre_roll_ms"] : 0;
  // During a fault's sentence there is no pre-roll: it would be the sentence.
  const earliest = rest.tag === "fault" ? trigger.sample : memory.earliestSample;
  const fromSample = Math.max(earliest, trigger.sample - msToSamples(preRollMs));
  const endsAtMs = at.nowMs + settings["session.max_duration_s"] * 1000;
  return { trigger, fromSample, settings, endsAtMs };
}

function opened(state: State, call: Call, pushToTalk: boolean, at: StepContext): Change<State> {
  const { warm } = state.memory;
  const after =
    warm !== null && isSame(warm.settings, call.settings)
      ? openedWarm(state, warm, call, pushToTalk, at)
      : openedCold(state, call, pushToTalk, at);
  return { ...after, facts: [...(after.facts ?? []), ...thrift(call, after.next, at)] };
}

/** The last session still stands: listen at once. */
function openedWarm(
  state: State,
  warm: Warm,
  call: Call,
  pushToTalk: boolean,
  at: StepContext,
): Change<State> {
  const { link, dialogue, requests } = warm;
  const first = firstTurn(call, pushToTalk, at.nowMs);
  const turn = nextTurn(first, { tag: "link-ready" }, { ...at, call }).next;
  const response = { ...NO_RESPONSE, requests };
  const rest = { playback: { tag: "silent" }, tools: NO_TOOLS } as const;
  const conversation: Conversation = { call, link, turn, response, ...rest, dialogue };
  const next = { ...state, rest: IDLE, memory: keepWarm(state.memory, null), conversation };
  const { model, voice } = link;
  return { next, facts: [{ tag: "conversation-began", call, model, voice, warm: true }] };
}

function openedCold(state: State, call: Call, pushToTalk: boolean, at: StepContext): Change<State> {
  const cooled = coolDown(state.memory);
  const link = firstDial(call, cooled.next, { ...at, call });
  const turn = firstTurn(call, pushToTalk, at.nowMs);
  const rest = { playback: { tag: "silent" }, tools: NO_TOOLS, dialogue: NO_DIALOGUE } as const;
  const conversation: Conversation = {
    call,
    link: link.next,
    turn,
    response: NO_RESPONSE,
    ...rest,
  };
  const { model, voice } = link.next;
  const began: Fact = { tag: "conversation-began", call, model, voice, warm: false };
  const next: State = { ...state, rest: IDLE, memory: cooled.next, conversation };
  const sends = [...(cooled.sends ?? []), ...(link.sends ?? [])];
  const facts = [began, ...(link.facts ?? [])];
  if (link.ends === undefined) return { next, sends, facts };
  const over = finish(next, link.ends, at);
  return {
    next: over.next,
    sends: [...sends, ...(over.sends ?? [])],
    facts: [...facts, ...(over.facts ?? [])],
  };
}

const IDLE = { tag: "idle" } as const;

/** Another model answers than the owner's first choice, for money's sake: for journal and metrics. */
function thrift({ settings }: Call, { conversation }: State, at: StepContext): readonly Fact[] {
  const from = chainOf(at.settings)[0];
  const to = conversation?.link.model;
  if (settings === at.settings || from === undefined || to === undefined || from === to) return [];
  const line = `Today's budget is nearly spent: ${to} answers instead of ${from}`;
  return [
    { tag: "log", level: "notice", line },
    { tag: "fell-back", from, to, reason: "budget" },
  ];
}

/** Value by value: those of a thrifty conversation are made anew each time. Lists are never copied. */
function isSame(a: PublicSettings, b: PublicSettings): boolean {
  const of: Readonly<Record<string, unknown>> = a;
  return Object.entries(b).every(([key, value]) => of[key] === value);
}

// ---------------------------------------------------------------- the end

/** Ends the conversation; with a fault, that is shown, said and logged. */
export function finish(state: State, { reason, fault }: Ending, at: StepContext): Change<State> {
  const { conversation: c } = state;
  if (c === null) return { next: state };
  const scope = { ...at, call: c.call };
  const tools = toolsOver(c.tools, scope);
  const response = nextResponse(c.response, { tag: "link-gone" }, scope);
  const warm = fault === null ? keptWarm(c, reason, at) : null;
  const wasSpeaking = phaseOf(c) === "speaking";
  const heard = wasSpeaking ? notBefore(state.memory, at.headSample) : state.memory;
  const calm: State = { memory: keepWarm(heard, warm), rest: IDLE, conversation: null };
  const shown: Change<State> = fault === null ? { next: calm } : showFault(calm, fault, at);
  const cut: Fact[] = isHeard(c.playback) ? [{ tag: "reply-over", by: "end" }] : [];
  const ended: Fact = { tag: "conversation-ended", reason, fault };
  return {
    next: shown.next,
    sends: [...(tools.sends ?? []), ...leave(c, warm !== null), ...(shown.sends ?? [])],
    facts: [
      ...(tools.facts ?? []),
      ...(response.facts ?? []),
      ...cut,
      ...(shown.facts ?? []),
      ended,
    ],
  };
}

function leave(
  { link, turn, response, playback }: Conversation,
  isKept: boolean,
): readonly Effect[] {
  const { attempt } = link;
  const isQuiet = response.tag === "none" && !isHeard(playback) && playback.tag !== "held";
  const flush: readonly Effect[] = isQuiet ? [] : [{ tag: "flush-playback", attempt }];
  const clear = {
    tag: "send",
    event: { tag: "clear-input" },
    id: eventId("clear", turn.count),
  } as const;
  // Its sound may be on its way to the speaker just now.
  const discard: readonly Effect[] =
    response.tag === "active" ? [{ tag: "discard-response", responseId: response.id }] : [];
  return [...discard, ...flush, isKept ? clear : { tag: "hang-up", attempt }];
}

/** Only a session in which nothing is under way may wait for the next conversation. */
function keptWarm(c: Conversation, reason: Ending["reason"], at: StepContext): Warm | null {
  const { link, turn, response, playback, tools, call, dialogue } = c;
  if (link.tag !== "ready" || link.updates > 0) return null;
  const isDone = tools.tag === "quiet" && tools.pictures.length === 0;
  const isQuiet = response.tag === "none" && isDone && playback.tag !== "flushing";
  const isWanted = reason !== "shutdown" && reason !== "muted";
  if (!isQuiet || !isWanted || isHeard(playback) || playback.tag === "held") return null;
  const keepMs = call.settings["session.keep_warm_s"] * 1000;
  const untilMs = Math.min(at.nowMs + keepMs, link.recycleAtMs);
  if (untilMs <= at.nowMs) return null;
  const { requests } = response;
  return {
    link,
    pushToTalk: turn.pushToTalk,
    settings: call.settings,
    dialogue,
    requests,
    untilMs,
  };
}

/** Shows a fault, says it aloud and logs it. */
export function showFault(state: State, why: Fault, at: StepContext): Change<State> {
  const level: BudgetLevel | null =
    why.code === "budget" ? "spent" : why.code === "budget-near" ? "near" : null;
  const memory = level === null ? state.memory : budgetNotified(state.memory, level);
  const log: Fact = {
    tag: "log",
    level: level === null ? "error" : "warning",
    line: faultLine(why),
  };
  const sends: Effect[] = at.settings["audio.earcons"]
    ? [{ tag: "play-error", sound: soundOf(why.code) }]
    : [];
  const rest = { tag: "fault", fault: why, untilMs: at.nowMs + FAULT_SHOW_MS } as const;
  return { next: { ...state, memory, rest }, sends, facts: [log, { tag: "failed", fault: why }] };
}
