/**
 * The budget's word in the state machine: told once as each level is reached, and the end of a
 * conversation for which nothing is left. Part of the state machine (see assistant.ts).
 *
 * Theory: `ask` sends nothing when the budget is spent, and `begin` begins nothing; what remains is
 * looked at once, after every step. What is under way is paid for: it is heard to its end. Levels
 * fall again by themselves (midnight, a budget raised), and with them what has been told.
 */

import { type Context, isTalking, log } from "./assistant-context.ts";
import { fail, showFault } from "./assistant-talk.ts";
import type { Input, State, TalkingState } from "./assistant-types.ts";
import { type Fault, faultLine } from "./fault.ts";
import { type BudgetLevel, budgetFault, budgetLevel, isBeyond, refusal } from "./money/budget.ts";

/** The state after a step, as far as the budget allows it. */
export function keepToBudget(state: State, input: Input, cx: Context): State {
  const { settings, moment } = cx;
  const level = budgetLevel(settings, moment.spentMicroUsd);
  const seen = lookedAt(state, level, cx);
  if (input.tag === "shutdown" || input.tag === "power-off") return seen;
  if (isTalking(seen)) return curbed(seen, refusal(settings, moment.spentMicroUsd), cx);
  if (seen.tag !== "idle" || level === "calm") return seen;
  if (!isBeyond(level, seen.budgetTold ?? "calm")) return seen;
  return showFault(seen, budgetFault(level, settings, moment.spentMicroUsd), cx);
}

/** What was told of a level counts until it falls; what was reached before the start is old news. */
function lookedAt(state: State, level: BudgetLevel, cx: Context): State {
  const { budgetTold } = state;
  if (budgetTold !== null) {
    return isBeyond(budgetTold, level) ? { ...state, budgetTold: level } : state;
  }
  if (level !== "calm") {
    const { settings, moment } = cx;
    log(cx, "notice", faultLine(budgetFault(level, settings, moment.spentMicroUsd)));
  }
  return { ...state, budgetTold: level };
}

/** Nothing is left: what is being answered or heard goes on to its end, and then it is over. */
function curbed(state: TalkingState, refused: Fault | null, cx: Context): State {
  const { talk } = state;
  if (refused === null || talk.answer.tag !== "none") return state;
  if (state.tag === "speaking") {
    if (!talk.owed) return state;
    // It was to go on with another answer; now this is its end.
    cx.effects.push({ tag: "finish-reply" });
    return { ...state, talk: { ...talk, owed: false } };
  }
  return fail(state, refused, cx);
}
