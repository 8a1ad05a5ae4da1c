/**
 * Conversations added up: of a local day, of a whole period, or of a single one.
 *
 * Invariant: a figure that no conversation of the group has is null, never 0; what some have is the
 * sum over those.
 */

import { addUsage, type Usage } from "../../core/realtime/usage.ts";
import { atShare, sorted } from "./statistics.ts";
import { localDay, type Zone } from "./time.ts";
import { COST_PARTS, type CostParts, isConversation, type SessionView } from "./view.ts";

export interface Summary {
  readonly conversations: number;
  readonly turns: number | null;
  /** Answers with a measured latency. */
  readonly answers: number;
  readonly latencyP50Ms: number | null;
  readonly latencyP95Ms: number | null;
  readonly talkMs: number | null;
  readonly interruptions: number | null;
  readonly calls: number | null;
  readonly callsOk: number | null;
  /** 0 to 1; null without calls. */
  readonly callSuccess: number | null;
  /** Errors met. */
  readonly errors: number | null;
  readonly usage: Usage | null;
  readonly tokens: number | null;
  /** What is certain. */
  readonly costMicroUsd: number | null;
  /** Conversations whose cost is not, or not wholly, known. */
  readonly costUnknown: number;
  /** Of the conversations that have it; the rest of `costMicroUsd` is not itemised. */
  readonly parts: CostParts | null;
  readonly recovered: number;
  /** Medians of where the time goes, milliseconds; null where no file tells. */
  readonly connectP50Ms: number | null;
  readonly modelP50Ms: number | null;
  readonly oursP50Ms: number | null;
  /** Conversations by the model that answered. */
  readonly byModel: ReadonlyMap<string, number>;
}

export function summarise(sessions: readonly SessionView[]): Summary {
  const latencies = sorted(sessions.flatMap(({ responseMs }) => responseMs));
  const [calls, callsOk] = [sum(sessions, "calls"), sum(sessions, "callsOk")];
  const usage = sessions.reduce(addedUsage, null);
  const talks = sessions.filter(isConversation);
  return {
    conversations: talks.length,
    turns: sum(sessions, "turns"),
    answers: latencies.length,
    latencyP50Ms: atShare(latencies, 0.5),
    latencyP95Ms: atShare(latencies, 0.95),
    talkMs: sumOf(sessions.map(lengthMs)),
    interruptions: sum(sessions, "interruptions"),
    calls,
    callsOk,
    callSuccess: calls === null || calls === 0 ? null : (callsOk ?? 0) / calls,
    errors: sum(sessions, "errors"),
    usage,
    tokens: usage === null ? null : tokensOf(usage),
    costMicroUsd: sumOf(sessions.map(({ cost }) => cost.knownMicroUsd)),
    costUnknown: sessions.filter(({ cost }) => !cost.isWhole).length,
    parts: sessions.reduce(addedParts, null),
    recovered: sessions.filter(({ recovered }) => recovered).length,
    ...whereTimeGoes(sessions),
    byModel: countBy(talks.map(({ model }) => model ?? "?")),
  };
}

function whereTimeGoes(sessions: readonly SessionView[]) {
  const median = (all: readonly number[]): number | null => atShare(sorted(all), 0.5);
  return {
    connectP50Ms: median(sessions.flatMap(({ connectionMs }) => connectionMs ?? [])),
    modelP50Ms: median(sessions.flatMap(({ modelMs }) => modelMs)),
    oursP50Ms: median(sessions.flatMap(({ oursMs }) => oursMs)),
  };
}

/** Counts by name, added up. */
export function countsTogether(
  all: readonly ReadonlyMap<string, number>[],
): ReadonlyMap<string, number> {
  const total = new Map<string, number>();
  const pairs = all.flatMap((counts) => [...counts]);
  for (const [name, count] of pairs) total.set(name, count + (total.get(name) ?? 0));
  return total;
}

function countBy(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** From beginning to end; null where the file does not tell. */
export function lengthMs({ startedMs, endedMs }: SessionView): number | null {
  return endedMs === null ? null : endedMs - startedMs;
}

/** All tokens that went in and came out; the cached are among those that went in. */
export function tokensOf(usage: Usage): number {
  const { inputText, inputAudio, inputImage, outputText, outputAudio } = usage;
  return inputText + inputAudio + inputImage + outputText + outputAudio;
}

type Summed = "turns" | "interruptions" | "calls" | "callsOk" | "errors";

function sum(sessions: readonly SessionView[], name: Summed): number | null {
  return sumOf(sessions.map((session) => session[name]));
}

/** The sum of those that are known; null when none is. */
export function sumOf(values: readonly (number | null)[]): number | null {
  return values.reduce((total, value) => (value === null ? total : (total ?? 0) + value), null);
}

function addedUsage(total: Usage | null, { usage }: SessionView): Usage | null {
  if (total === null || usage === null) return usage ?? total;
  return addUsage(total, usage);
}

function addedParts(total: CostParts | null, { cost: { parts } }: SessionView): CostParts | null {
  if (total === null || parts === null) return parts ?? total;
  const added = { ...total };
  for (const part of COST_PARTS) added[part] += parts[part];
  return added;
}

/** Conversations by the local day of their beginning; days in order, none without a conversation. */
export function byDay(
  sessions: readonly SessionView[],
  zone: Zone,
): ReadonlyMap<number, readonly SessionView[]> {
  return groupBy(sessions, ({ startedMs }) => localDay(startedMs, zone));
}

/** Groups by a number, in its order. */
export function groupBy(
  sessions: readonly SessionView[],
  key: (session: SessionView) => number,
): ReadonlyMap<number, readonly SessionView[]> {
  const groups = new Map<number, SessionView[]>();
  for (const session of sessions) {
    const group = groups.get(key(session));
    if (group === undefined) groups.set(key(session), [session]);
    else group.push(session);
  }
  return new Map([...groups].sort(([a], [b]) => a - b));
}
