/**
 * The assistant's one step: input → orders to machines → rules → the next state, what is to be done
 * and what has happened. Nothing else decides what the appliance does. Pure: called twice with the
 * same arguments it gives the same result.
 *
 *   idle ──wake/press──▶ connecting ──session ready──▶ listening ──committed──▶ thinking
 *     ▲                                                   ▲   ▲                    │ first sound
 *     │                               wake/press, voice   │   └── user goes on ────┤
 *     │                                                   │                        ▼
 *     ├──────── no speech, window over ──────── follow-up ◀──── drained ────── speaking
 *     │                                             └─ speech ─▶ listening
 *     └── fault (shown for FAULT_SHOW_MS) ◀── any failure, from anywhere
 */

import { faultLine } from "../fault.ts";
import { budgetFault, budgetLevel, isBeyond } from "../money/budget.ts";
import { finish, showFault } from "./conversation.ts";
import { TABLES } from "./describe.ts";
import { nextDialogue } from "./dialogue.ts";
import type { Change, Fact, Input, Step } from "./inputs.ts";
import { RULES_MAX } from "./limits.ts";
import { nextLink } from "./link.ts";
import { budgetNotified, learn, NO_MEMORY } from "./memory.ts";
import { ownersInput } from "./owner-inputs.ts";
import { nextPlayback } from "./playback.ts";
import { nextResponse } from "./response.ts";
import { type Order, type Routed, RULES } from "./rules.ts";
import { hear } from "./server-inputs.ts";
import type { Conversation, State, StepContext } from "./state.ts";
import { nextTools } from "./tools.ts";
import { nextTurn } from "./turn.ts";

export const INITIAL: State = { memory: NO_MEMORY, rest: { tag: "idle" }, conversation: null };

/** A move of a machine, as its table has it. */
export interface Move {
  readonly machine: string;
  readonly state: string;
  readonly event: string;
  readonly target: string;
}

export type Watch = (move: Move) => void;

type MachineOrder = Exclude<Order, { to: "end" }>;

export function step(state: State, input: Input, at: StepContext, watch: Watch = () => {}): Step {
  const begun: Step = { state, sends: [], facts: [] };
  const routed = route(state, input, at);
  const taken = isOrders(routed) ? carryOut(begun, routed, at, watch) : joined(begun, routed, at);
  const ruled = applyRules(taken, input.tag, at, watch);
  return input.tag === "shutdown" || input.tag === "power-off" ? ruled : notifyBudget(ruled, at);
}

function route(state: State, input: Input, at: StepContext): Routed {
  return ownersInput(state, input, at) ?? hear(state, input, at);
}

function isOrders(routed: Routed): routed is readonly Order[] {
  return Array.isArray(routed);
}

/** The change added to what the step has done so far; memory learns from its facts. */
function joined(before: Step, change: Change<State>, at: StepContext): Step {
  const learned = learn(change.next.memory, change.facts ?? [], at);
  const state = { ...change.next, memory: learned.next };
  return {
    state,
    sends: [...before.sends, ...(change.sends ?? [])],
    facts: [...before.facts, ...(learned.facts ?? [])],
  };
}

function carryOut(before: Step, orders: readonly Order[], at: StepContext, watch: Watch): Step {
  return orders.reduce((done, order) => obey(done, order, at, watch), before);
}

function obey(before: Step, order: Order, at: StepContext, watch: Watch): Step {
  const { state } = before;
  if (state.conversation === null) return before;
  if (order.to === "end") return joined(before, finish(state, order.ending, at), at);
  const from = state.conversation;
  const { ends, ...change } = changed(from, order, state, at);
  const after = joined(before, change, at);
  report(from, order, after.state, ends !== undefined, watch);
  return ends === undefined ? after : joined(after, finish(after.state, ends, at), at);
}

/** Tells a test of each move that a machine has made. */
function report(
  from: Conversation,
  order: MachineOrder,
  { conversation }: State,
  isEnd: boolean,
  watch: Watch,
): void {
  const { to, event } = order;
  if (to === "dialogue" || refusal(from, order) !== null) return;
  const target = isEnd ? "end" : (conversation?.[to].tag ?? "end");
  watch({ machine: to, state: from[to].tag, event: event.tag, target });
}

/** One machine's change, put back into the conversation. */
function changed(
  c: Conversation,
  order: MachineOrder,
  state: State,
  at: StepContext,
): Change<State> {
  const scope = { ...at, call: c.call, memory: state.memory };
  const refused = refusal(c, order);
  if (refused !== null) return { next: state, facts: [refused] };
  const put = <S>(
    { next, ...rest }: Change<S>,
    into: (next: S) => Conversation,
  ): Change<State> => ({
    ...rest,
    next: { ...state, conversation: into(next) },
  });
  switch (order.to) {
    case "link":
      return put(nextLink(c.link, order.event, scope), (link) => ({ ...c, link }));
    case "turn":
      return put(nextTurn(c.turn, order.event, scope), (turn) => ({ ...c, turn }));
    case "response":
      return put(nextResponse(c.response, order.event, scope), (response) => ({ ...c, response }));
    case "playback":
      return put(nextPlayback(c.playback, order.event, scope), (playback) => ({ ...c, playback }));
    case "dialogue":
      return put(nextDialogue(c.dialogue, order.event), (dialogue) => ({ ...c, dialogue }));
    case "tools":
      return put(nextTools(c.tools, order.event, scope), (tools) => ({ ...c, tools }));
  }
}

/** Does the machine's table have this event in this state? What it has not is counted. */
function refusal(c: Conversation, { to, event }: MachineOrder): Fact | null {
  if (to === "dialogue") return null;
  const state = c[to].tag;
  const isTaken = Object.hasOwn(TABLES[to][state] ?? {}, event.tag);
  return isTaken ? null : { tag: "refused", machine: to, state, event: event.tag };
}

function applyRules(before: Step, input: string, at: StepContext, watch: Watch): Step {
  let done = before;
  for (let applied = 0; applied <= RULES_MAX; applied++) {
    const { conversation: c, memory } = done.state;
    if (c === null) return done;
    const scope = { ...at, call: c.call, memory };
    const rule = RULES.find(({ when }) => when(c, scope));
    if (rule === undefined) return done;
    done = carryOut(done, rule.orders(c, scope), at, watch);
  }
  throw new Error(`the rules go round in circles after "${input}"`);
}

/**
 * Levels of the budget are told once as each is reached, and fall again by themselves (midnight, a
 * budget raised). What was reached before the start is old news.
 */
function notifyBudget(before: Step, at: StepContext): Step {
  const { state } = before;
  const level = budgetLevel(at.settings, at.spentMicroUsd);
  const known = state.memory.budgetNotified;
  if (known === null || isBeyond(known, level)) {
    const next = { ...state, memory: budgetNotified(state.memory, level) };
    const line =
      level === "calm" ? "" : faultLine(budgetFault(level, at.settings, at.spentMicroUsd));
    const facts: Fact[] =
      known === null && level !== "calm" ? [{ tag: "log", level: "notice", line }] : [];
    return joined(before, { next, facts }, at);
  }
  const isResting = state.conversation === null && state.rest.tag === "idle";
  if (!isResting || level === "calm" || !isBeyond(level, known)) return before;
  return joined(
    before,
    showFault(state, budgetFault(level, at.settings, at.spentMicroUsd), at),
    at,
  );
}
