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
import { nextDialogue } from "./dialogue.ts";
import type { Effect, Ending, Fact, Input, Move, Step } from "./inputs.ts";
import { RULES_MAX } from "./limits.ts";
import { LINK } from "./link.ts";
import { type Change, log, taken } from "./machine.ts";
import { budgetNotified, learn, NO_MEMORY } from "./memory.ts";
import { ownersInput } from "./owner-inputs.ts";
import { PLAYBACK } from "./playback.ts";
import { RESPONSE } from "./response.ts";
import { type Order, type Routed, RULES } from "./rules.ts";
import { hear } from "./server-inputs.ts";
import type { Conversation, Scope, State, StepContext } from "./state.ts";
import { TOOLS } from "./tools.ts";
import { TURN } from "./turn.ts";

export const INITIAL: State = { memory: NO_MEMORY, rest: { tag: "idle" }, conversation: null };

/** What the step has come to so far; it does not leave it before it is done. */
interface Draft {
  state: State;
  readonly sends: Effect[];
  readonly facts: Fact[];
  readonly moves: Move[];
  /** As of the last order; made anew only where conversation or memory have changed. */
  scope: Scope | null;
}

export function step(state: State, input: Input, at: StepContext): Step {
  const draft: Draft = { state, sends: [], facts: [], moves: [], scope: null };
  const routed = ownersInput(state, input, at) ?? hear(state, input, at);
  if (isOrders(routed)) carryOut(draft, routed, at);
  else join(draft, routed.next, routed, at);
  applyRules(draft, input.tag, at);
  if (input.tag !== "shutdown" && input.tag !== "power-off") notifyBudget(draft, at);
  const { sends, facts, moves } = draft;
  return { state: draft.state, sends, facts, moves };
}

function isOrders(routed: Routed): routed is readonly Order[] {
  return Array.isArray(routed);
}

/** `change` has come about, and led to `state`; memory learns from its facts. */
function join(draft: Draft, state: State, change: Change<unknown>, at: StepContext): void {
  draft.state = state;
  if (change.sends !== undefined) draft.sends.push(...change.sends);
  if (change.facts !== undefined) for (const fact of change.facts) note(draft, fact, at);
}

/** A notice that was given before is passed over. */
function note(draft: Draft, fact: Fact, at: StepContext): void {
  const { memory } = draft.state;
  if (fact.tag === "notice" && memory.notified.includes(fact.line)) return;
  const learned = learn(memory, fact, at);
  if (learned !== memory) draft.state = { ...draft.state, memory: learned };
  draft.facts.push(fact.tag === "notice" ? log("notice", fact.line) : fact);
}

function end(draft: Draft, ending: Ending, at: StepContext): void {
  const over = finish(draft.state, ending, at);
  join(draft, over.next, over, at);
}

function carryOut(draft: Draft, orders: readonly Order[], at: StepContext): void {
  for (const order of orders) {
    const c = draft.state.conversation;
    if (c === null) return;
    if (order.to === "end") end(draft, order.ending, at);
    else obey(draft, c, order, scopeOf(draft, c, at));
  }
}

function scopeOf(draft: Draft, { call }: Conversation, at: StepContext): Scope {
  const { memory } = draft.state;
  const known = draft.scope;
  if (known !== null && known.call === call && known.memory === memory) return known;
  draft.scope = { call, memory, ...at };
  return draft.scope;
}

type MachineOrder = Exclude<Order, { to: "end" }>;

function obey(draft: Draft, c: Conversation, order: MachineOrder, at: Scope): void {
  const { to, event } = order;
  const done = changed(c, order, at);
  if (done === null) {
    const state = to === "dialogue" ? "" : c[to].tag;
    draft.facts.push({ tag: "refused", machine: to, state, event: event.tag });
    return;
  }
  const { after, change } = done;
  const { ends } = change;
  join(draft, { ...draft.state, conversation: after }, change, at);
  if (to !== "dialogue") {
    const target = ends === undefined ? after[to].tag : "end";
    draft.moves.push({ machine: to, state: c[to].tag, event: event.tag, target });
  }
  if (ends !== undefined) end(draft, ends, at);
}

interface Changed {
  readonly after: Conversation;
  readonly change: Change<unknown>;
}

/** What the order makes of the conversation; null: it is refused. */
function changed(c: Conversation, order: MachineOrder, at: Scope): Changed | null {
  const { event } = order;
  switch (order.to) {
    case "link":
      return put(taken(LINK, c.link, event, at), (link) => ({ ...c, link }));
    case "turn":
      return put(taken(TURN, c.turn, event, at), (turn) => ({ ...c, turn }));
    case "response":
      return put(taken(RESPONSE, c.response, event, at), (response) => ({ ...c, response }));
    case "playback":
      return put(taken(PLAYBACK, c.playback, event, at), (playback) => ({ ...c, playback }));
    case "tools":
      return put(taken(TOOLS, c.tools, event, at), (tools) => ({ ...c, tools }));
    case "dialogue":
      return put(nextDialogue(c.dialogue, order.event), (dialogue) => ({ ...c, dialogue }));
  }
}

/** The machine's next state, put back into the conversation. */
function put<S>(change: Change<S> | null, into: (next: S) => Conversation): Changed | null {
  return change === null ? null : { after: into(change.next), change };
}

function applyRules(draft: Draft, input: string, at: StepContext): void {
  for (let applied = 0; applied <= RULES_MAX; applied++) {
    const c = draft.state.conversation;
    if (c === null) return;
    const orders = firstOrders(c, scopeOf(draft, c, at));
    if (orders === null) return;
    carryOut(draft, orders, at);
  }
  throw new Error(`the rules go round in circles after "${input}"`);
}

function firstOrders(c: Conversation, at: Scope): readonly Order[] | null {
  for (const rule of RULES) {
    const orders = rule.orders(c, at);
    if (orders !== null) return orders;
  }
  return null;
}

/**
 * Levels of the budget are told once as each is reached, and fall again by themselves (midnight, a
 * budget raised). What was reached before the start is old news.
 */
function notifyBudget(draft: Draft, at: StepContext): void {
  const { state } = draft;
  const level = budgetLevel(at.settings, at.spentMicroUsd);
  const known = state.memory.budgetNotified;
  if (known === level) return;
  const why = level === "calm" ? null : budgetFault(level, at.settings, at.spentMicroUsd);
  if (known === null || isBeyond(known, level)) {
    draft.state = { ...state, memory: budgetNotified(state.memory, level) };
    if (known === null && why !== null) draft.facts.push(log("notice", faultLine(why)));
    return;
  }
  if (why === null || state.conversation !== null || state.rest.tag !== "idle") return;
  const shown = showFault(state, why, at);
  join(draft, shown.next, shown, at);
}
