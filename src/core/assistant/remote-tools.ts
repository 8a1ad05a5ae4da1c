/**
 * Tools of remote servers (MCP), which the API lists and calls by itself: what is waited for, and what
 * is to be approved. A request is answered at once, so that nothing ever blocks: with no and "ask the
 * user" the first time; with yes when the model, after the user has answered or pressed, asks for the
 * very same again. After a call nothing follows by itself: its end is awaited like that of our own.
 */

import type { RemoteCall, ToolCall } from "../realtime/server-events.ts";
import { ended, isSame, waiting } from "./approval.ts";
import type { Effect } from "./inputs.ts";
import { APPROVALS_MAX, LISTING_MAX_MS, LISTINGS_MAX } from "./limits.ts";
import { type Change, send } from "./machine.ts";
import type { Scope, Tools } from "./state.ts";
import { openCalls, openedCall, settle, withCalls } from "./tool-calls.ts";

const ASK_FIRST =
  "The user has to approve this first. Ask in one short sentence whether to do it, and wait. " +
  "After a yes, call it again with exactly the same arguments.";
const TOO_MANY = "Too many things wait for the user's yes; ask about those first";

// ---------------------------------------------------------------- listing

export function listing(
  own: Tools,
  { itemId, label }: { readonly itemId: string; readonly label: string },
  at: Scope,
): Change<Tools> {
  if (own.listings.some((one) => one.itemId === itemId)) return { next: own };
  const asked = { itemId, label, untilMs: at.nowMs + LISTING_MAX_MS };
  return { next: { ...own, listings: [...own.listings, asked].slice(-LISTINGS_MAX) } };
}

export function listed(
  own: Tools,
  { itemId, ok }: { readonly itemId: string; readonly ok: boolean },
): Change<Tools> {
  const label = own.listings.find((one) => one.itemId === itemId)?.label;
  const listings = own.listings.filter((one) => one.itemId !== itemId);
  const which = label === undefined ? "A remote server of tools" : `The remote server "${label}"`;
  const line =
    `${which} did not tell the API what tools it has; the conversation goes on without them. ` +
    "Check its url and authorization in openai.mcp_servers";
  return { next: { ...own, listings }, facts: ok ? [] : [{ tag: "notice", line }] };
}

/** A list that is late is not waited for any more. */
export function withoutLate(own: Tools, at: Scope): Tools {
  const isLate = (untilMs: number | null): boolean => untilMs !== null && untilMs <= at.nowMs;
  if (!own.listings.some(({ untilMs }) => isLate(untilMs))) return own;
  const listings = own.listings.map((one) =>
    isLate(one.untilMs) ? { ...one, untilMs: null } : one,
  );
  return { ...own, listings };
}

// ---------------------------------------------------------------- calls

/** It has begun; one that was approved is known by the id of its request until now. */
export function remoteCalled(
  own: Tools,
  { call }: { readonly call: RemoteCall },
  at: Scope,
): Change<Tools> {
  const { itemId, name, requestId } = call;
  const open = openCalls(own);
  const isKnown = own.settledIds.includes(itemId) || open.some(({ callId }) => callId === itemId);
  if (isKnown) return { next: own };
  if (requestId !== null && open.some(({ callId }) => callId === requestId)) {
    const renamed = open.map((one) =>
      one.callId === requestId ? { ...one, callId: itemId } : one,
    );
    return { next: withCalls(own, renamed) };
  }
  const begun = openedCall({ callId: itemId, name, argumentsText: "" }, at, { isRemote: true });
  return { next: withCalls({ ...own, awaited: true }, [...open, begun]) };
}

export function remoteDone(
  own: Tools,
  { itemId, ok }: { readonly itemId: string; readonly ok: boolean },
  at: Scope,
): Change<Tools> {
  const result = { ok, output: "", isBegun: false };
  return settle(own, ({ callId }) => (callId === itemId ? result : null), "held", at);
}

// ---------------------------------------------------------------- approval

/** Answers one request. `isApproved`: the user has said yes to the very same. */
export function requested(
  own: Tools,
  { callId, name, arguments: argumentsText }: ToolCall,
  isApproved: boolean,
  at: Scope,
): Change<Tools> {
  const call = openedCall({ callId, name, argumentsText }, at, { isRemote: true });
  const n = own.settledIds.length;
  if (isApproved) {
    const next = withCalls(own, [...openCalls(own), call]);
    return { next, sends: [approval(callId, true, "", n)] };
  }
  const settledIds = [...own.settledIds, callId];
  const isWaiting = own.approvals.some((one) =>
    isSame(one, { callId, name, arguments: argumentsText }),
  );
  const isRoom = own.approvals.length < APPROVALS_MAX;
  const reason = isWaiting || isRoom ? ASK_FIRST : TOO_MANY;
  const approvals = isWaiting || !isRoom ? own.approvals : [...own.approvals, waiting(call, at)];
  const next = withCalls({ ...own, settledIds, approvals }, openCalls(own));
  // Of the one that waits, the end is still to come.
  const end = isWaiting ? "asked" : "refused";
  const facts = isWaiting || !isRoom ? [ended(call, end, at)] : [];
  return { next, sends: [approval(callId, false, reason, n)], facts };
}

function approval(requestId: string, approve: boolean, reason: string, n: number): Effect {
  return send({ tag: "answer-approval", requestId, approve, reason }, "approval", n);
}
