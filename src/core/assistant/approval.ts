/**
 * Calls that wait for the user's yes. The model is told to ask; then a press of the button approves
 * the call, or the same call once more after the user has spoken. Anything else (a no, silence, a
 * lost connection, the end) refuses it.
 *
 * Invariants: nothing is approved before the question has begun to be heard, nor by the model alone;
 * once the user has spoken, a press is no yes any more: it may be meant for what is being said.
 */

import { isSameArguments } from "../functions/arguments.ts";
import type { CallOutcome } from "../phase.ts";
import type { ToolCall } from "../realtime/server-events.ts";
import type { Fact } from "./inputs.ts";
import { APPROVAL_MAX_MS } from "./limits.ts";
import type { Approval, OpenCall, Scope } from "./state.ts";

/** The call now waits for a yes, from when the question is heard. */
export function waiting(call: Omit<OpenCall, "isAnswered" | "deadlineMs">, at: Scope): Approval {
  const { callId, name, argumentsText, startedMs, isRemote } = call;
  const untilMs = at.nowMs + APPROVAL_MAX_MS;
  return { callId, name, argumentsText, isRemote, startedMs, untilMs, stage: "unheard" };
}

export function isSame(approval: Approval, { name, arguments: text }: ToolCall): boolean {
  return approval.name === name && isSameArguments(approval.argumentsText, text);
}

/** The question is heard from now on: the user may answer. */
export function heard(approvals: readonly Approval[], at: Scope): readonly Approval[] {
  const untilMs = at.nowMs + APPROVAL_MAX_MS;
  return approvals.map((one) =>
    one.stage === "unheard" ? { ...one, stage: "asked", untilMs } : one,
  );
}

/** The user has said something: the model's next calls tell what. */
export function spoken(approvals: readonly Approval[]): readonly Approval[] {
  return approvals.map((one) => (one.stage === "asked" ? { ...one, stage: "answered" } : one));
}

/** The question is over, and the time for an answer begins. */
export function renewed(approvals: readonly Approval[], at: Scope): readonly Approval[] {
  return approvals.map((one) => ({ ...one, untilMs: at.nowMs + APPROVAL_MAX_MS }));
}

export function ended(call: Called, end: CallOutcome, at: Scope): Fact {
  const { name, startedMs } = call;
  return { tag: "called", name, ok: null, ms: at.nowMs - startedMs, end, bytes: null };
}

interface Called {
  readonly name: string;
  readonly startedMs: number;
}

/** For metrics and journal: each of them was refused. */
export function refusals(approvals: readonly Approval[], at: Scope): readonly Fact[] {
  return approvals.flatMap((one): Fact[] => [
    { tag: "log", level: "info", line: `Function ${one.name}: not approved` },
    ended(one, "refused", at),
  ]);
}
