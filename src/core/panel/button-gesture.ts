/**
 * Edges of a button → tap, double, hold. Pure: times come with the calls, the next deadline is data.
 *
 * Theory: an edge counts once its level has lasted `debounceMs`; its time stays that of the edge. A
 * tap is given at the press itself where it can mean nothing else (no double, no hold), otherwise
 * at the release, or when no second press has followed. An input that flickers faster than any hand
 * (a floating pin, a loose wire) is ignored until it has been quiet, and that is said once.
 *
 * Invariants: gestures come in the order hold-start, hold-end; after contact noise begins nothing comes
 * but the hold-end that is still owed, and `quiet`. Every list in the state is bounded.
 */

export interface PressTiming {
  /** A level must last this long to count, milliseconds. */
  readonly debounceMs: number;
  /** From here on a press is a hold, milliseconds; null: there are no holds. */
  readonly holdMs: number | null;
  /** How long a second press is waited for after a release, milliseconds; 0: there are no doubles. */
  readonly doubleMs: number;
}

/** `pressedMs`: monotonic time of the press that it is about. */
export interface Gesture {
  readonly tag: "tap" | "double" | "hold-start" | "hold-end" | "contact-noise" | "quiet";
  readonly pressedMs: number;
}

type Phase =
  | { readonly tag: "up" }
  | { readonly tag: "down"; readonly sinceMs: number }
  /** Released once; a second press may follow. */
  | { readonly tag: "between"; readonly pressedMs: number; readonly untilMs: number }
  | { readonly tag: "held"; readonly sinceMs: number }
  /** What this press means has been said; only its release is awaited. */
  | { readonly tag: "spent" };

export interface PressState {
  /** The level as it came last, and since when. */
  readonly raw: { readonly down: boolean; readonly sinceMs: number };
  /** The level that counts. */
  readonly down: boolean;
  readonly phase: Phase;
  /** Times of the latest edges, and of the latest changes that counted; oldest first. */
  readonly edges: readonly number[];
  readonly changes: readonly number[];
  /** Ignored until then, while contact noise lasts. */
  readonly noiseUntilMs: number | null;
}

export interface PressStep {
  readonly state: PressState;
  readonly gestures: readonly Gesture[];
}

/** So many edges within a second are no hand; a bad contact makes some twenty in one press. */
export const EDGES_MAX = 100;
export const EDGES_WINDOW_MS = 1000;
/** Six presses within three seconds that each outlast the debouncing: a floating pin does that. */
export const CHANGES_MAX = 12;
export const CHANGES_WINDOW_MS = 3000;
/** The input counts again after this long without an edge. */
export const NOISE_QUIET_MS = 2000;

export const UNTOUCHED: PressState = {
  raw: { down: false, sinceMs: Number.NEGATIVE_INFINITY },
  down: false,
  phase: { tag: "up" },
  edges: [],
  changes: [],
  noiseUntilMs: null,
};

/** The input changed, or says again what it is. `atMs` before an earlier edge counts as that one's. */
export function pressEdge(
  before: PressState,
  down: boolean,
  atMs: number,
  timing: PressTiming,
): PressStep {
  const time = Math.max(atMs, before.raw.sinceMs);
  const due = pressTick(before, time, timing);
  const { state } = due;
  const edges = [...state.edges.slice(-EDGES_MAX + 1), time];
  const sinceMs = down === state.raw.down ? state.raw.sinceMs : time;
  const next: PressState = { ...state, raw: { down, sinceMs }, edges };
  if (next.noiseUntilMs !== null) {
    return { state: { ...next, noiseUntilMs: time + NOISE_QUIET_MS }, gestures: due.gestures };
  }
  if (isCrowded(edges, EDGES_MAX, EDGES_WINDOW_MS)) return contactNoise(next, time, due.gestures);
  return { state: next, gestures: due.gestures };
}

/** Time has come to `nowMs`: what is due by then happens, at the times at which it was due. */
export function pressTick(before: PressState, nowMs: number, timing: PressTiming): PressStep {
  let state = before;
  const gestures: Gesture[] = [];
  // Each round deals with one deadline, and none of them can set the same one again.
  for (let due = nextDue(state, timing); due !== null && due.atMs <= nowMs; ) {
    const next = happen(state, due, timing);
    state = next.state;
    gestures.push(...next.gestures);
    due = nextDue(state, timing);
  }
  return { state, gestures };
}

/** Monotonic time at which `pressTick` is due; null: not before the next edge. */
export function pressDeadlineMs(state: PressState, timing: PressTiming): number | null {
  return nextDue(state, timing)?.atMs ?? null;
}

interface Due {
  readonly what: "quiet" | "level" | "phase";
  readonly atMs: number;
}

/** A level that began to change before the phase ends is waited for: it may end it otherwise. */
function nextDue(state: PressState, timing: PressTiming): Due | null {
  if (state.noiseUntilMs !== null) return { what: "quiet", atMs: state.noiseUntilMs };
  const endMs = phaseEndMs(state.phase, timing);
  const isChanging = state.raw.down !== state.down;
  if (isChanging && (endMs === null || state.raw.sinceMs <= endMs)) {
    return { what: "level", atMs: state.raw.sinceMs + timing.debounceMs };
  }
  return endMs === null ? null : { what: "phase", atMs: endMs };
}

function phaseEndMs(phase: Phase, { holdMs }: PressTiming): number | null {
  if (phase.tag === "between") return phase.untilMs;
  return phase.tag === "down" && holdMs !== null ? phase.sinceMs + holdMs : null;
}

function happen(state: PressState, due: Due, timing: PressTiming): PressStep {
  if (due.what === "quiet") return noiseOver(state, due.atMs);
  if (due.what === "level") return settle(state, timing);
  const { phase } = state;
  if (phase.tag === "between") {
    return { state: { ...state, phase: { tag: "up" } }, gestures: [tap(phase.pressedMs)] };
  }
  if (phase.tag !== "down") return { state, gestures: [] };
  const gestures = [{ tag: "hold-start", pressedMs: phase.sinceMs } as const];
  return { state: { ...state, phase: { tag: "held", sinceMs: phase.sinceMs } }, gestures };
}

/** The contact noise is over. Still pressed after it: that is not a press. */
function noiseOver(state: PressState, atMs: number): PressStep {
  const phase: Phase = state.raw.down ? { tag: "spent" } : { tag: "up" };
  const after = { ...state, phase, down: state.raw.down, noiseUntilMs: null };
  return {
    state: { ...after, edges: [], changes: [] },
    gestures: [{ tag: "quiet", pressedMs: atMs }],
  };
}

/** The new level has lasted: it counts, from when it began. */
function settle(state: PressState, timing: PressTiming): PressStep {
  const { down, sinceMs } = state.raw;
  const changes = [...state.changes.slice(-CHANGES_MAX + 1), sinceMs];
  const next: PressState = { ...state, down, changes };
  if (isCrowded(changes, CHANGES_MAX, CHANGES_WINDOW_MS)) return contactNoise(next, sinceMs, []);
  return down ? pressed(next, sinceMs, timing) : released(next, sinceMs, timing);
}

function pressed(state: PressState, atMs: number, timing: PressTiming): PressStep {
  if (state.phase.tag === "between") {
    const gestures = [{ tag: "double", pressedMs: state.phase.pressedMs } as const];
    return { state: { ...state, phase: { tag: "spent" } }, gestures };
  }
  if (timing.holdMs === null && timing.doubleMs === 0) {
    return { state: { ...state, phase: { tag: "spent" } }, gestures: [tap(atMs)] };
  }
  return { state: { ...state, phase: { tag: "down", sinceMs: atMs } }, gestures: [] };
}

function released(state: PressState, atMs: number, timing: PressTiming): PressStep {
  const { phase } = state;
  const up: PressState = { ...state, phase: { tag: "up" } };
  if (phase.tag === "held") {
    return { state: up, gestures: [{ tag: "hold-end", pressedMs: phase.sinceMs }] };
  }
  if (phase.tag !== "down") return { state: up, gestures: [] };
  if (timing.doubleMs === 0) return { state: up, gestures: [tap(phase.sinceMs)] };
  const untilMs = atMs + timing.doubleMs;
  const between: Phase = { tag: "between", pressedMs: phase.sinceMs, untilMs };
  return { state: { ...state, phase: between }, gestures: [] };
}

function tap(pressedMs: number): Gesture {
  return { tag: "tap", pressedMs };
}

function contactNoise(state: PressState, atMs: number, before: readonly Gesture[]): PressStep {
  const owed: Gesture[] =
    state.phase.tag === "held" ? [{ tag: "hold-end", pressedMs: state.phase.sinceMs }] : [];
  const noiseUntilMs = atMs + NOISE_QUIET_MS;
  const gestures: Gesture[] = [...before, ...owed, { tag: "contact-noise", pressedMs: atMs }];
  return { state: { ...state, phase: { tag: "spent" }, noiseUntilMs }, gestures };
}

function isCrowded(times: readonly number[], max: number, windowMs: number): boolean {
  const [first] = times;
  const last = times.at(-1);
  return times.length >= max && first !== undefined && last !== undefined
    ? last - first < windowMs
    : false;
}
