/**
 * The report for programs. Its shape is a contract:
 *
 *     report_version   1; grows when a field changes its meaning or goes
 *     dir, since, until    the folder; the period as asked for (UTC), null without an end
 *     files            {read, broken, newer, left_out}
 *     total            a summary of all
 *     days             [{day, ...summary}], local days in order
 *     sessions         [{started_at, session_id, model, ...summary}], with --sessions
 *
 * A summary: conversations, turns, answers, response_latency_ms {p50, p95}, talk_ms, interruptions,
 * function_calls, function_success_rate, errors, recovered, tokens {as in the metrics file},
 * known_cost and unknown_cost_conversations, cost {parts as in the metrics file}. Dollars,
 * milliseconds, shares of 1; null: no conversation had it.
 */

import { tokenFields } from "../../core/metrics/cost-fields.ts";
import { byDay, type Summary, summarise } from "./summary.ts";
import { dayText, utcText, type Zone } from "./time.ts";
import { COST_PARTS, type CostParts, type SessionView } from "./view.ts";

export const REPORT_VERSION = 1;

export interface Scope {
  readonly dir: string;
  /** Milliseconds since 1970; null: without an end on that side. */
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  readonly broken: number;
  readonly newer: number;
  readonly leftOut: number;
}

export type Json = Readonly<Record<string, unknown>>;

/** As JSON values. */
export function reportData(
  sessions: readonly SessionView[],
  scope: Scope,
  options: { readonly zone: Zone; readonly bySession: boolean },
): Json {
  const days = [...byDay(sessions, options.zone)];
  return {
    ...scopeData(sessions.length, scope),
    total: summaryData(summarise(sessions)),
    days: days.map(([day, group]) => ({ day: dayText(day), ...summaryData(summarise(group)) })),
    ...(options.bySession ? { sessions: sessions.map(sessionData) } : {}),
  };
}

/** What was read: the head of every report. */
export function scopeData(read: number, { dir, sinceMs, untilMs, ...files }: Scope): Json {
  return {
    report_version: REPORT_VERSION,
    dir,
    since: sinceMs === null ? null : utcText(sinceMs),
    until: untilMs === null ? null : utcText(untilMs),
    files: { read, broken: files.broken, newer: files.newer, left_out: files.leftOut },
  };
}

function sessionData(session: SessionView): Json {
  const { startedMs, id, model } = session;
  const summary = summaryData(summarise([session]));
  return { started_at: utcText(startedMs), session_id: id, model, ...summary };
}

function summaryData(of: Summary): Json {
  return {
    conversations: of.conversations,
    turns: of.turns,
    answers: of.answers,
    response_latency_ms: { p50: of.latencyP50Ms, p95: of.latencyP95Ms },
    talk_ms: of.talkMs,
    interruptions: of.interruptions,
    function_calls: of.calls,
    function_success_rate: of.callSuccess,
    errors: of.errors,
    recovered: of.recovered,
    tokens: of.usage === null ? null : tokenFields(of.usage),
    known_cost: usd(of.costMicroUsd),
    unknown_cost_conversations: of.costUnknown,
    cost: of.parts === null ? null : partData(of.parts),
  };
}

function partData(parts: CostParts): Json {
  return Object.fromEntries(COST_PARTS.map((part) => [part, usd(parts[part])]));
}

function usd(microUsd: number | null): number | null {
  return microUsd === null ? null : microUsd / 1_000_000;
}
