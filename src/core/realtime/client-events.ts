/**
 * What we say to the Realtime server: every client event Pipit can send, and its GA wire form.
 * Invariant: nothing else in the program writes protocol JSON. Tests validate the output of
 * `encode` against the strict GA schema.
 */

import type { SessionConfig } from "./session.ts";

export type ClientEvent =
  | { readonly tag: "update-session"; readonly session: SessionConfig }
  | { readonly tag: "clear-input" }
  | { readonly tag: "create-response" }
  /** Without an id: whatever response is in progress. */
  | { readonly tag: "cancel-response"; readonly responseId: string | null }
  /** The model forgets what lies after `audioEndMs` (whole ms, at most what it sent). */
  | {
      readonly tag: "truncate";
      readonly itemId: string;
      readonly contentIndex: number;
      readonly audioEndMs: number;
    }
  | { readonly tag: "delete-item"; readonly itemId: string }
  | { readonly tag: "tool-output"; readonly callId: string; readonly output: string };

/** One client event as the text of a WebSocket frame. `eventId` comes back in its errors. */
export function encode(event: ClientEvent, eventId: string): string {
  return JSON.stringify({ ...body(event), event_id: eventId });
}

/** A piece of microphone sound: base64 of 24 kHz s16le mono. Kept apart: fifty a second. */
export function encodeAudio(base64: string): string {
  return `{"type":"input_audio_buffer.append","audio":"${base64}"}`;
}

function body(event: ClientEvent): Record<string, unknown> {
  switch (event.tag) {
    case "update-session":
      return { type: "session.update", session: sessionBody(event.session) };
    case "clear-input":
      return { type: "input_audio_buffer.clear" };
    case "create-response":
      return { type: "response.create" };
    case "cancel-response":
      return event.responseId === null
        ? { type: "response.cancel" }
        : { type: "response.cancel", response_id: event.responseId };
    case "truncate":
      return {
        type: "conversation.item.truncate",
        item_id: event.itemId,
        content_index: event.contentIndex,
        audio_end_ms: event.audioEndMs,
      };
    case "delete-item":
      return { type: "conversation.item.delete", item_id: event.itemId };
    case "tool-output":
      return {
        type: "conversation.item.create",
        item: { type: "function_call_output", call_id: event.callId, output: event.output },
      };
  }
}

function sessionBody(config: SessionConfig): Record<string, unknown> {
  const format = { type: "audio/pcm", rate: 24_000 };
  return {
    type: "realtime",
    output_modalities: ["audio"],
    instructions: config.instructions,
    max_output_tokens: config.maxOutputTokens,
    audio: {
      input: {
        format,
        noise_reduction: config.noiseReduction === "off" ? null : { type: config.noiseReduction },
        transcription: null,
        turn_detection: turnDetectionBody(config.turnDetection),
      },
      output: { format, voice: config.voice },
    },
  };
}

/**
 * The server finds the turns, but never answers or interrupts by itself: Pipit asks for each
 * answer (so that a wake with nothing said costs nothing, and there is one response at a time).
 */
function turnDetectionBody(detection: SessionConfig["turnDetection"]): Record<string, unknown> {
  const ours = { create_response: false, interrupt_response: false };
  return detection.type === "semantic_vad"
    ? { type: "semantic_vad", eagerness: detection.eagerness, ...ours }
    : {
        type: "server_vad",
        threshold: detection.threshold,
        prefix_padding_ms: detection.prefixMs,
        silence_duration_ms: detection.silenceMs,
        ...ours,
      };
}
