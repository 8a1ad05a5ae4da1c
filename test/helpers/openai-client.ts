/** The Realtime client of the `openai` package, set up for a conversation with the simulated peer. */

import { connect } from "node:net";
import { OpenAI } from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { Diary } from "./diary.ts";

export function meetOpenai(peer: Peer): { client: OpenAIRealtimeWS; diary: Diary } {
  const openai = new OpenAI({ apiKey: "sk-test", baseURL: peer.url });
  const port = Number(new URL(peer.url).port);
  // This client always dials wss. TLS is not what is tried here: it gets a plain socket.
  const options = { createConnection: () => connect(port, "127.0.0.1") };
  const client = new OpenAIRealtimeWS({ model: "gpt-realtime-2.1", options }, openai);
  const diary = new Diary();
  client.on("event", (event) => diary.add(event));
  client.on("error", (error) => diary.add({ type: "failure", message: error.message }));
  return { client, diary };
}

/** Sends a whole `session.update`; the voice that came back with `session.updated`. */
export async function configureOpenai(
  client: OpenAIRealtimeWS,
  diary: Diary,
): Promise<string | null> {
  await diary.see("session.created");
  const parameters = { type: "object", properties: { city: { type: "string" } } };
  client.send({
    type: "session.update",
    session: {
      type: "realtime",
      output_modalities: ["audio"],
      instructions: "Answer briefly.",
      audio: {
        input: {
          format: { type: "audio/pcm", rate: 24_000 },
          turn_detection: {
            type: "server_vad",
            silence_duration_ms: 500,
            create_response: true,
            interrupt_response: true,
          },
        },
        output: { format: { type: "audio/pcm", rate: 24_000 }, voice: "cedar" },
      },
      tools: [{ type: "function", name: "weather", parameters }],
    },
  });
  const updated = await diary.see("session.updated");
  return textAt(updated, "session", "audio", "output", "voice");
}
