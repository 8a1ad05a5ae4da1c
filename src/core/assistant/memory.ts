/**
 * What outlives a conversation: which models failed, what the owner was notified of, which devices
 * do not work, the session that is kept for the next conversation. It learns from the facts.
 */

import { type Fault, faultLine } from "../fault.ts";
import {
  answered,
  chainFor,
  FRESH_CHAIN,
  markUnavailable,
  retryAfter,
} from "../models/fallback.ts";
import type { BudgetLevel } from "../money/budget.ts";
import type { Fact } from "./inputs.ts";
import { NOTIFIED_MAX } from "./limits.ts";
import { type Change, log } from "./machine.ts";
import type { Device, Memory, Rest, StepContext, Warm } from "./state.ts";

export const NO_MEMORY: Memory = {
  dials: 0,
  deviceFaults: {},
  chain: FRESH_CHAIN,
  warm: null,
  acceptedSetUp: null,
  earliestSample: 0,
  notified: [],
  budgetNotified: null,
};

/** What a fact teaches. */
export function learn(own: Memory, fact: Fact, { nowMs }: StepContext): Memory {
  switch (fact.tag) {
    case "dialed":
      return { ...own, dials: own.dials + 1 };
    case "notice":
      return { ...own, notified: [...own.notified.slice(1 - NOTIFIED_MAX), fact.line] };
    case "model-unavailable":
      return { ...own, chain: markUnavailable(own.chain, fact.model, fact.why, nowMs, fact.forMs) };
    case "model-answered":
      return { ...own, chain: answered({ ...own.chain, retryAfter: null }, fact.model) };
    case "set-up-accepted":
      return { ...own, acceptedSetUp: fact.mark };
    case "retry-after":
      return { ...own, chain: retryAfter(own.chain, fact.why, nowMs, fact.forMs) };
    default:
      return own;
  }
}

/** What one account lacks, another may have. */
export function forAccount(own: Memory, account: string): Memory {
  return { ...own, chain: chainFor(own.chain, account) };
}

export function deviceLost(own: Memory, device: Device, why: Fault): Change<Memory> {
  const next = { ...own, deviceFaults: { ...own.deviceFaults, [device]: why } };
  return { next, facts: [log("error", faultLine(why)), { tag: "failed", fault: why }] };
}

export function deviceBack(own: Memory, device: Device): Change<Memory> {
  const { [device]: gone, ...deviceFaults } = own.deviceFaults;
  if (gone === undefined) return { next: own };
  const what = device === "wake-word" ? "wake word" : device;
  return { next: { ...own, deviceFaults }, facts: [log("notice", `The ${what} works again`)] };
}

export function keepWarm(own: Memory, warm: Warm | null): Memory {
  return { ...own, warm };
}

/** The session that was kept for the next conversation is let go. */
export function coolDown(own: Memory): Change<Memory> {
  if (own.warm === null) return { next: own };
  return {
    next: { ...own, warm: null },
    sends: [{ tag: "hang-up", attempt: own.warm.link.attempt }],
  };
}

export function notBefore(own: Memory, earliestSample: number): Memory {
  return { ...own, earliestSample };
}

export function budgetNotified(own: Memory, level: BudgetLevel): Memory {
  return { ...own, budgetNotified: level };
}

/** A fault's sentence is cut: it must not be heard by the next conversation. */
export function quieted(own: Memory, rest: Rest, headSample: number): Change<Memory> {
  if (rest.tag !== "fault") return { next: own };
  return { next: notBefore(own, headSample), sends: [{ tag: "flush-playback", attempt: 0 }] };
}
