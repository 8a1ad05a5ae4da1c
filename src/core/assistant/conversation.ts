/** How a conversation begins, and how it ends; or why none begins. */

import { soundOf } from "../audio/fault-sounds.ts";
import { msToSamples } from "../audio/pcm.ts";
import { type Fault, faultLine } from "../fault.ts";
import { chainOf } from "../models/fallback.ts";
import { type BudgetLevel, budgetExceeded, thriftySettings } from "../money/budget.ts";
import { NO_DIALOGUE } from "../realtime/dialogue.ts";
import type { PublicSettings } from "../settings/table.ts";
import type { Effect, Ending, Fact } from "./inputs.ts";
import { FAULT_SHOW_MS } from "./limits.ts";
import { firstDial } from "./link-dial.ts";
import { after, type Change, log, send, taken } from "./machine.ts";
import { budgetNotified, coolDown, forAccount, keepWarm, notBefore } from "./memory.ts";
import { isHeard } from "./playback.ts";
import { NO_RESPONSE, RESPONSE } from "./response.ts";
import type {
  Call,
  Conversation,
  Memory,
  Scope,
  State,
  StepContext,
  Trigger,
  Warm,
} from "./state.ts";
import { NO_TOOLS, toolsOver } from "./tools.ts";
import { firstTurn, TURN } from "./turn.ts";
import { phaseOf } from "./views.ts";

/** Somebody called: a conversation begins, or the fault that is in its way is shown. */
export function begin(
  state: State,
  trigger: Trigger,
  pushToTalk: boolean,
  at: StepContext,
): Change<State> {
  const memory = forAccount(state.memory, at.account);
  const calm: State = { ...state, memory };
  const inTheWay = obstacle(memory, at);
  const begun =
    inTheWay === null
      ? opened(calm, callOf(state, trigger, at), pushToTalk, at)
      : showFault(calm, inTheWay, at);
  const quiet: Effect[] = state.rest.tag === "fault" ? [{ tag: "flush-playback", attempt: 0 }] : [];
  return after(quiet, [log("info", called(trigger))], begun);
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
  const scope = { call, memory: state.memory, ...at };
  const first = { turn: firstTurn(call, pushToTalk, at.nowMs), response: NO_RESPONSE };
  const silent = { playback: { tag: "silent" }, tools: NO_TOOLS } as const;
  const blank = { call, ...first, ...silent, dialogue: NO_DIALOGUE };
  const begun =
    warm !== null && isSame(warm.settings, call.settings)
      ? openedWarm(state, warm, blank, scope)
      : openedCold(state, blank, scope);
  return { ...begun, facts: [...(begun.facts ?? []), ...thrift(call, begun.next, at)] };
}

type Blank = Omit<Conversation, "link">;

/** The last session still stands: listen at once. */
function openedWarm(state: State, warm: Warm, blank: Blank, at: Scope): Change<State> {
  const { link, dialogue, requests } = warm;
  const turn = taken(TURN, blank.turn, { tag: "link-ready" }, at)?.next ?? blank.turn;
  const response = { ...NO_RESPONSE, requests };
  const conversation = { link, ...blank, turn, response, dialogue };
  const memory = keepWarm(state.memory, null);
  const facts = [began(conversation, true)];
  return { next: { ...state, rest: IDLE, memory, conversation }, facts };
}

function openedCold(state: State, blank: Blank, at: Scope): Change<State> {
  const { next: memory, sends = [] } = coolDown(state.memory);
  const link = firstDial({ ...at, memory });
  const conversation = { link: link.next, ...blank };
  const next: State = { ...state, rest: IDLE, memory, conversation };
  const end = link.ends === undefined ? { next } : finish(next, link.ends, at);
  const facts = [began(conversation, false), ...(link.facts ?? [])];
  return after([...sends, ...(link.sends ?? [])], facts, end);
}

function began({ call, link: { model, voice } }: Conversation, isWarm: boolean): Fact {
  return { tag: "conversation-began", call, model, voice, warm: isWarm };
}

const IDLE = { tag: "idle" } as const;

/** Another model answers than the owner's first choice, for money's sake: for journal and metrics. */
function thrift({ settings }: Call, { conversation }: State, at: StepContext): readonly Fact[] {
  const from = chainOf(at.settings)[0];
  const to = conversation?.link.model;
  if (settings === at.settings || from === undefined || to === undefined || from === to) return [];
  const line = `Today's budget is nearly spent: ${to} answers instead of ${from}`;
  return [log("notice", line), { tag: "fell-back", from, to, reason: "budget" }];
}

/** Value by value: those of a thrifty conversation are made anew each time. Lists are never copied. */
function isSame(a: PublicSettings, b: PublicSettings): boolean {
  const of: Readonly<Record<string, unknown>> = a;
  return Object.entries(b).every(([key, value]) => of[key] === value);
}

// ---------------------------------------------------------------- the end

/** Ends the conversation; with a fault, that is shown, said and logged. */
export function finish(state: State, { reason, fault }: Ending, at: StepContext): Change<State> {
  const { conversation: c, memory } = state;
  if (c === null) return { next: state };
  const scope = { call: c.call, memory, ...at };
  const tools = toolsOver(c.tools, scope);
  const response = taken(RESPONSE, c.response, { tag: "link-gone" }, scope);
  const warm = fault === null ? keptWarm(c, reason, at) : null;
  const heard = phaseOf(c) === "speaking" ? notBefore(memory, at.headSample) : memory;
  const calm: State = { memory: keepWarm(heard, warm), rest: IDLE, conversation: null };
  const isTold = fault !== null && Object.values(memory.deviceFaults).includes(fault);
  const shown: Change<State> = fault === null ? { next: calm } : showFault(calm, fault, at, isTold);
  const cut: Fact[] = isHeard(c.playback) ? [{ tag: "reply-over", by: "end" }] : [];
  const ended: Fact = { tag: "conversation-ended", reason, fault };
  const lost = [...(tools.facts ?? []), ...(response?.facts ?? []), ...cut];
  return {
    next: shown.next,
    sends: [...(tools.sends ?? []), ...leave(c, warm !== null), ...(shown.sends ?? [])],
    facts: [...lost, ...(shown.facts ?? []), ended],
  };
}

function leave(
  { link, turn, response, playback }: Conversation,
  isKept: boolean,
): readonly Effect[] {
  const { attempt } = link;
  const isQuiet = response.tag === "none" && !isHeard(playback) && playback.tag !== "held";
  const flush: readonly Effect[] = isQuiet ? [] : [{ tag: "flush-playback", attempt }];
  // Its sound may be on its way to the speaker just now.
  const discard: readonly Effect[] =
    response.tag === "active" ? [{ tag: "discard-response", responseId: response.id }] : [];
  const clear = send({ tag: "clear-input" }, "clear", turn.count);
  return [...discard, ...flush, isKept ? clear : { tag: "hang-up", attempt }];
}

/** Only a session in which nothing is under way may wait for the next conversation. */
function keptWarm(c: Conversation, reason: Ending["reason"], at: StepContext): Warm | null {
  const { link, response, playback, tools, call, dialogue } = c;
  if (link.tag !== "ready" || link.updates > 0) return null;
  const isDone = tools.tag === "quiet" && tools.pictures.length === 0;
  const isQuiet = response.tag === "none" && isDone && playback.tag !== "flushing";
  const isWanted = reason !== "shutdown" && reason !== "muted";
  if (!isQuiet || !isWanted || isHeard(playback) || playback.tag === "held") return null;
  const keepMs = call.settings["session.keep_warm_s"] * 1000;
  const untilMs = Math.min(at.nowMs + keepMs, link.recycleAtMs);
  if (untilMs <= at.nowMs) return null;
  return { link, settings: call.settings, dialogue, requests: response.requests, untilMs };
}

/** Shows a fault, says it aloud and logs it, unless the journal has it: a device was told of when it was lost. */
export function showFault(
  state: State,
  why: Fault,
  at: StepContext,
  isTold = false,
): Change<State> {
  const level: BudgetLevel | null =
    why.code === "budget" ? "spent" : why.code === "budget-near" ? "near" : null;
  const memory = level === null ? state.memory : budgetNotified(state.memory, level);
  const told = isTold ? [] : [log(level === null ? "error" : "warning", faultLine(why))];
  const sends: Effect[] = at.settings["audio.earcons"]
    ? [{ tag: "play-error", sound: soundOf(why.code) }]
    : [];
  const rest = { tag: "fault", fault: why, untilMs: at.nowMs + FAULT_SHOW_MS } as const;
  const facts: Fact[] = [...told, { tag: "failed", fault: why }];
  return { next: { ...state, memory, rest }, sends, facts };
}
