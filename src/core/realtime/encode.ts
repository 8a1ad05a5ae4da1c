/**
 * Our words to the wire's: every client event Pipit sends is built here. Invariant: nothing else in
 * the program writes protocol JSON. Tests validate the output against the strict schemas.
 */

import type { RemoteServer } from "../mcp/remote.ts";
import type { ClientEvent, Protocol } from "./client-events.ts";
import type { SessionConfig } from "./session.ts";

type Body = Readonly<Record<string, unknown>>;

/** One client event as the text of a WebSocket frame. `eventId` comes back in its errors. */
export function encode(event: ClientEvent, eventId: string, protocol: Protocol): string {
  return JSON.stringify({ ...body(event, protocol), event_id: eventId });
}

/**
 * A piece of microphone sound: this, base64 of 24 kHz s16le mono, and AUDIO_TAIL. Kept apart: it is
 * twenty-five a second, written into an array that is there already.
 */
export const AUDIO_HEAD = '{"type":"input_audio_buffer.append","audio":"';
export const AUDIO_TAIL = '"}';

function body(event: ClientEvent, protocol: Protocol): Body {
  switch (event.tag) {
    case "update-session": {
      const session = protocol === "ga" ? gaSession(event.session) : betaSession(event.session);
      return { type: "session.update", session };
    }
    case "update-turns": {
      const turn_detection = turnDetection(event.session);
      const ga = { type: "realtime", audio: { input: { turn_detection } } };
      return { type: "session.update", session: protocol === "ga" ? ga : { turn_detection } };
    }
    case "clear-input":
      return { type: "input_audio_buffer.clear" };
    case "commit-input":
      return { type: "input_audio_buffer.commit" };
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
    case "tool-output": {
      const { callId, output } = event;
      return item({ type: "function_call_output", call_id: callId, output });
    }
    case "answer-approval": {
      const { requestId, approve, reason } = event;
      // The item must have an id; the API takes 32 characters. A request has one answer.
      const id = `ans_${requestId.slice(-28)}`;
      const answer = { id, type: "mcp_approval_response", approval_request_id: requestId, approve };
      const said = approve ? answer : { ...answer, reason };
      return { ...item(said), previous_item_id: requestId };
    }
    case "show-picture": {
      const image_url = `data:image/jpeg;base64,${event.jpeg}`;
      const content = [{ type: "input_image", image_url, detail: "auto" }];
      return item({ id: event.itemId, type: "message", role: "user", content });
    }
    case "add-message": {
      const type = event.role === "user" ? "input_text" : assistantText(protocol);
      const content = [{ type, text: event.text }];
      return item({ type: "message", role: event.role, content });
    }
  }
}

function item(of: Body): Body {
  return { type: "conversation.item.create", item: of };
}

function assistantText(protocol: Protocol): string {
  return protocol === "ga" ? "output_text" : "text";
}

function gaSession(config: SessionConfig): Body {
  const format = { type: "audio/pcm", rate: 24_000 };
  return {
    type: "realtime",
    output_modalities: ["audio"],
    instructions: config.instructions,
    ...present("max_output_tokens", config.maxOutputTokens),
    ...present("truncation", truncation(config.keptTokens)),
    ...present("reasoning", config.reasoningEffort && { effort: config.reasoningEffort }),
    tools: tools(config),
    tool_choice: "auto",
    audio: {
      input: {
        format,
        ...noiseReduction("noise_reduction", config),
        transcription: null,
        turn_detection: turnDetection(config),
      },
      output: { format, voice: config.voice },
    },
  };
}

function betaSession(config: SessionConfig): Body {
  return {
    modalities: ["text", "audio"],
    instructions: config.instructions,
    voice: config.voice,
    input_audio_format: "pcm16",
    output_audio_format: "pcm16",
    ...noiseReduction("input_audio_noise_reduction", config),
    turn_detection: turnDetection(config),
    tools: tools(config),
    tool_choice: "auto",
    ...present("temperature", config.temperature),
    ...present("max_response_output_tokens", config.maxOutputTokens),
  };
}

function present(name: string, value: unknown): Body {
  return value === null ? {} : { [name]: value };
}

/** 0.8: cut a fifth more than needed, so that the cached prefix stays the same for a while. */
function truncation(keptTokens: number | null): Body | null {
  if (keptTokens === null) return null;
  const limits = { post_instructions: keptTokens };
  return { type: "retention_ratio", retention_ratio: 0.8, token_limits: limits };
}

function tools(config: SessionConfig): readonly Body[] {
  const own = config.tools.map((tool) => ({ type: "function", ...tool }));
  return [...own, ...(config.remoteServers ?? []).map(remoteTools)];
}

function remoteTools(server: RemoteServer): Body {
  const { label, url, description, authorization, headers, allowedTools, approval } = server;
  const hasHeaders = Object.keys(headers).length > 0;
  return {
    type: "mcp",
    server_label: label,
    server_url: url,
    ...present("server_description", description || null),
    ...present("authorization", authorization || null),
    ...present("headers", hasHeaders ? headers : null),
    ...present("allowed_tools", allowedTools.length > 0 ? allowedTools : null),
    require_approval: typeof approval === "string" ? approval : approvalLists(approval),
  };
}

function approvalLists({ always, never }: Exclude<RemoteServer["approval"], string>): Body {
  return {
    ...present("always", always.length > 0 ? { tool_names: always } : null),
    ...present("never", never.length > 0 ? { tool_names: never } : null),
  };
}

function noiseReduction(name: string, { noiseReduction: kind }: SessionConfig): Body {
  if (kind === null) return {};
  return { [name]: kind === "off" ? null : { type: kind } };
}

/**
 * The server finds the turns, but never interrupts by itself: only Pipit knows how much was heard.
 * Whether it also responds by itself is decided for each session (see assistant/views.ts).
 */
function turnDetection({ turnDetection: detection, createsResponses }: SessionConfig): Body | null {
  const ours = { create_response: createsResponses, interrupt_response: false };
  if (detection === null) return { type: "server_vad", ...ours };
  if (detection.type === "none") return null;
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
