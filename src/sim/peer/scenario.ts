/**
 * A scenario: everything about the simulated peer that a test or an owner may script, as data with
 * defaults that are good manners. A scenario states only what differs from them.
 */

import { ALL_VOICES, PREVIEW_VOICES } from "../../core/voices.ts";
import type { FaultRule } from "./fault-desk.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { RemotePart, RemoteServerPlan } from "./remote-tools.ts";
import type { ApiError } from "./wire.ts";

/** Where the absence of a model shows (facts, section 0, point 4). */
export type Gone = "http-404" | "http-403" | "error" | "response";

export interface ModelOffer {
  readonly id: string;
  /** YYYY-MM-DD, as `GET /v1/models` tells it; null when no date is known. */
  readonly shutdownDate: string | null;
  /** Listed, but not to be had, and how that shows; null when it works. */
  readonly gone: Gone | null;
  readonly voices: readonly string[];
  /** Takes `reasoning` and `parallel_tool_calls`. */
  readonly reasoning: boolean;
}

export type Sound =
  /** Spoken by espeak-ng; a tone where that is not installed. */
  | { readonly tag: "say"; readonly text: string }
  /** `hz` null: a different pitch for each reply. `ms` is its length. */
  | { readonly tag: "tone"; readonly hz: number | null; readonly ms: number }
  | { readonly tag: "wav"; readonly file: string };

/** What a response has beside sound: the same in the plan and in the reply. */
export type SilentPart =
  | { readonly tag: "text"; readonly text: string; readonly phase: string | null }
  | {
      readonly tag: "call";
      readonly name: string;
      readonly arguments: string;
      readonly callId: string | null;
    }
  | RemotePart;

export type ItemPlan =
  | {
      readonly tag: "sound";
      readonly sound: Sound;
      readonly transcript: string | null;
      readonly phase: string | null;
    }
  | SilentPart;

/** How a response ends. `afterDeltas` null: after everything was said. */
export type Ending =
  | { readonly status: "completed" }
  | { readonly status: "failed"; readonly error: ApiError; readonly afterDeltas: number | null }
  | {
      readonly status: "incomplete" | "cancelled";
      readonly reason: string;
      readonly afterDeltas: number | null;
    };

/** One response of the model. */
export interface Turn {
  /** Null: one tone, its pitch by the number of the reply. Empty: nothing at all. */
  readonly items: readonly ItemPlan[] | null;
  /** From the request to `response.created`, milliseconds. */
  readonly thinkMs: number;
  /** From `response.created` to the first delta, milliseconds. */
  readonly firstDeltaMs: number;
  /** Between audio deltas, milliseconds; null: by the pace. */
  readonly deltaMs: number | null;
  /** Sound sent, in multiples of real time; null: the scenario's. */
  readonly pace: number | null;
  /** Length of an audio delta; the first one is a quarter of it. */
  readonly chunkMs: number;
  /** The end of an audio item is told only after the next one has begun. */
  readonly interleave: boolean;
  readonly ending: Ending;
  /** Laid over the computed usage; null: none is reported. */
  readonly usage: JsonObject | null;
  /** Audio deltas still sent after a cancel, and whether after its `response.done`. */
  readonly lateDeltas: number;
  readonly lateAfterDone: boolean;
  /** What input transcription makes of the user's words; used where the session asks for it. */
  readonly heard: Heard;
}

export interface Heard {
  readonly text: string;
  readonly delayMs: number;
  readonly fails: boolean;
}

/** What one connection does differently. Null: as the scenario says. */
export interface ConnectionPlan {
  readonly handshakeMs: number | null;
  readonly createdMs: number | null;
  readonly updatedMs: number | null;
  readonly expiresInS: number | null;
  /** Null: the connection takes its turns from the scenario's list. */
  readonly turns: readonly Turn[] | null;
}

/** A whole answer to `GET /v1/models`, hostile perhaps. */
export interface ModelsReply {
  readonly status: number;
  readonly body: JsonValue;
  readonly delayMs: number;
}

export interface Scenario {
  readonly protocol: "ga" | "beta" | "both";
  /** The only accepted key; null: any that is not empty. */
  readonly key: string | null;
  /** Where a wrong key shows. */
  readonly wrongKey: "http-401" | "close-3000";
  /** Broken rules are violations, not only errors. */
  readonly strict: boolean;
  readonly models: readonly ModelOffer[];
  /** What becomes of a model that is not offered. */
  readonly unknownModel: Gone;
  readonly modelsReply: ModelsReply | null;
  readonly session: JsonObject;
  readonly expiresInS: number;
  /** A call that has no output so long after its response is a violation; null: it may take any time. */
  readonly settleWithinMs: number | null;
  readonly handshakeMs: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly conversationCreated: boolean;
  readonly pace: number;
  /** The nth response of the whole peer; after the end of the list, `otherwise`. */
  /** Remote servers of tools by label; any other cannot be reached. */
  readonly mcp: Readonly<Record<string, RemoteServerPlan>>;
  readonly turns: readonly Turn[];
  readonly otherwise: Turn;
  readonly connections: readonly ConnectionPlan[];
  readonly faults: readonly FaultRule[];
}

/** Longest session of the real service, seconds (facts, 3.2). */
export const SESSION_MAX_S = 3600;

/** The real peer's sound arrives several times faster than it plays. */
export const DEFAULT_PACE = 4;

/** Models that are offered when a scenario names none (facts, section 1). */
export const DEFAULT_MODELS: readonly ModelOffer[] = [
  offer("gpt-realtime", "2027-01-20"),
  offer("gpt-realtime-2025-08-28", "2027-01-20"),
  offer("gpt-realtime-mini", "2027-01-20"),
  offer("gpt-realtime-1.5", null),
  offer("gpt-realtime-2", null),
  offer("gpt-realtime-2.1", null),
  offer("gpt-realtime-2.1-mini", null),
];

/** What the beta had besides, as long as it lived. */
const BETA_MODELS: readonly ModelOffer[] = [
  offer("gpt-4o-realtime-preview", "2026-05-07"),
  offer("gpt-4o-mini-realtime-preview", "2026-05-07"),
];

/** The scenario in another dialect; a beta peer offers the preview models unless told otherwise. */
export function speaking(scenario: Scenario, protocol: Scenario["protocol"]): Scenario {
  const added = protocol === "ga" || scenario.models !== DEFAULT_MODELS ? [] : BETA_MODELS;
  return { ...scenario, protocol, models: [...scenario.models, ...added] };
}

/** A model with the voices and features that its name promises. */
export function offer(id: string, shutdownDate: string | null): ModelOffer {
  return {
    id,
    shutdownDate,
    gone: null,
    voices: id.includes("preview") ? PREVIEW_VOICES : ALL_VOICES,
    reasoning: /^gpt-realtime-2(\.|$|-(?!025))/.test(id),
  };
}

/** The offer of a model; one that is gone where the scenario does not know the name. */
export function offerOf(scenario: Scenario, model: string): ModelOffer {
  const known = scenario.models.find((candidate) => candidate.id === model);
  return known ?? { ...offer(model, null), gone: scenario.unknownModel };
}

export function modelNotFound(model: string): ApiError {
  return {
    type: "invalid_request_error",
    code: "model_not_found",
    message: `The model '${model}' does not exist or you do not have access to it.`,
    param: "model",
  };
}
