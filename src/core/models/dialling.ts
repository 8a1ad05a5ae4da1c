/**
 * What to do when an attempt to reach a model has failed: the same again after a wait, the next of the
 * chain, or the end. Pure; who dials, and what is said of it, is the assistant's affair.
 */

import { redialDelayMs } from "../backoff.ts";
import type { Fault } from "../fault.ts";

/** One attempt: handshake and set-up. */
export const ATTEMPT_MAX_MS = 5_000;
/** Attempts with a model after its first failure, before the next one's turn. */
const RETRIES_MAX = 1;
/** The same where nobody is reached: a router that restarts needs some seconds. */
const HOST_RETRIES_MAX = 3;
/** The same where the server said when to come again. */
const DELAYED_RETRIES_MAX = 3;

export interface Attempts {
  /** Failures of this model since the last good connection. */
  readonly failures: number;
  /** Until there must be a session. */
  readonly leftMs: number;
  /** At least 0, below 1. */
  readonly chance: number;
}

export type Verdict =
  | { readonly tag: "again" | "come-later"; readonly waitMs: number }
  | { readonly tag: "next-model" | "give-up" };

/**
 * Nobody was reached, or not even named: that is no model's fault, and the next one lives at the same
 * address.
 */
export function afterNobody({ failures, leftMs, chance }: Attempts): Verdict {
  const waitMs = redialDelayMs(failures, chance);
  const isLast = failures >= HOST_RETRIES_MAX || waitMs >= leftMs;
  return isLast ? { tag: "give-up" } : { tag: "again", waitMs };
}

/** `hintMs`: the server said when to come again; null: it did not. */
export function afterFailure(why: Fault, hintMs: number | null, attempts: Attempts): Verdict {
  const { failures, leftMs, chance } = attempts;
  // An overloaded server may say when, too (503 with Retry-After).
  const waitMs = Math.max(hintMs ?? 0, redialDelayMs(failures, chance));
  if (why.code === "rate-limited") {
    const most = hintMs === null ? RETRIES_MAX : DELAYED_RETRIES_MAX;
    const isSoon = waitMs + ATTEMPT_MAX_MS <= leftMs;
    return { tag: failures < most && isSoon ? "again" : "come-later", waitMs };
  }
  if (why.recovery === "report" || why.recovery === "exit") return { tag: "give-up" };
  const isAgain = why.recovery === "retry" && failures < RETRIES_MAX && waitMs < leftMs;
  return isAgain ? { tag: "again", waitMs } : { tag: "next-model" };
}

/** A model that failed on the way down the chain. */
export interface Failed {
  readonly model: string;
  readonly why: Fault;
}

/**
 * Another model has answered: those whose server failed before it are to blame, and cool down. A dead
 * network, in which nobody answers, condemns none.
 */
export function blamed(failed: readonly Failed[]): readonly Failed[] {
  return failed.filter(({ why }) => why.recovery !== "fall-back" && why.code !== "config");
}
