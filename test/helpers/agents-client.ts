/** A voice session of `@openai/agents-realtime`, for a conversation with the simulated peer. */

import {
  type OpenAIRealtimeEventTypes,
  OpenAIRealtimeWebSocket,
  RealtimeAgent,
  RealtimeSession,
  tool,
} from "@openai/agents-realtime";
import { z } from "zod";
import { listAt, parseJson, textAt } from "../../src/sim/peer/json.ts";
import { Diary } from "./diary.ts";

/** Notes which of the peer's events the session's own schemas took, and which they did not. */
class Transport extends OpenAIRealtimeWebSocket {
  readonly diary = new Diary();
  readonly #unread: string[] = [];

  /** Types of events that came and were not what this client expects of them. */
  get unread(): string[] {
    return this.#unread;
  }

  override emit<K extends keyof OpenAIRealtimeEventTypes>(
    type: K,
    ...rest: OpenAIRealtimeEventTypes[K]
  ): boolean {
    // Each event is told raw, as "*", and right after it by its own name if it could be parsed.
    const [first] = rest;
    const name = String(type === "*" && isTyped(first) ? first.type : type);
    if (type === "*") this.#unread.push(name);
    else if (this.#unread.at(-1) === name) this.#unread.pop();
    if (type === "*") this.diary.add(first);
    return super.emit(type, ...rest);
  }
}

function isTyped(value: unknown): value is { readonly type: string } {
  return typeof value === "object" && value !== null && "type" in value;
}

export interface AgentsClient {
  readonly session: RealtimeSession;
  readonly transport: Transport;
  /** Every sound the client got, by response. */
  readonly heard: Map<string, Buffer>;
}

export function meetAgents(): AgentsClient {
  const weather = tool({
    name: "weather",
    description: "What the weather is in a city.",
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => `sunny in ${city}`,
  });
  const instructions = "Answer briefly.";
  const agent = new RealtimeAgent({
    name: "Pipit",
    instructions,
    voice: "cedar",
    tools: [weather],
  });
  const turnDetection = {
    type: "server_vad",
    silenceDurationMs: 500,
    createResponse: true,
    interruptResponse: true,
  } as const;
  const transport = new Transport();
  const config = { audio: { input: { turnDetection } } };
  const session = new RealtimeSession(agent, { transport, model: "gpt-realtime-2.1", config });
  const { diary } = transport;
  const heard = new Map<string, Buffer>();
  session.on("audio", ({ responseId, data }) => {
    const before = heard.get(responseId) ?? Buffer.alloc(0);
    heard.set(responseId, Buffer.concat([before, Buffer.from(data)]));
  });
  session.on("error", ({ error }) => diary.add({ type: "failure", error: String(error) }));
  session.on("audio_interrupted", () => diary.add({ type: "interrupted" }));
  return { session, transport, heard };
}

/** The session's own record of the conversation: who said what, in order. */
export function history({ history: items }: RealtimeSession): string[] {
  return items.map((item) => {
    if (item.type === "function_call") return `${item.name} ${item.arguments} ${item.output}`;
    if (item.type !== "message") return item.type;
    const words = listAt(parseJson(JSON.stringify(item.content)));
    return `${item.role}: ${words.map((part) => textAt(part, "transcript")).join(" ")}`;
  });
}
