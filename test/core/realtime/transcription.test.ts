/** What a server says it took to write down the user's words: every shape of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../../../src/core/realtime/server-events.ts";

/** Usage of `conversation.item.input_audio_transcription.completed`. */
const TRANSCRIPTIONS = [
  {
    name: "the published sample, by tokens",
    usage: {
      type: "tokens",
      total_tokens: 22,
      input_tokens: 13,
      input_token_details: { text_tokens: 0, audio_tokens: 13 },
      output_tokens: 9,
    },
    read: { inputText: 0, inputAudio: 13, outputText: 9, seconds: 0 },
  },
  {
    name: "by tokens, without details",
    usage: { type: "tokens", total_tokens: 22, input_tokens: 13, output_tokens: 9 },
    read: { inputText: 0, inputAudio: 13, outputText: 9, seconds: 0 },
  },
  {
    name: "by duration",
    usage: { type: "duration", seconds: 3.5 },
    read: { inputText: 0, inputAudio: 0, outputText: 0, seconds: 3.5 },
  },
  { name: "a duration below 0", usage: { type: "duration", seconds: -1 }, read: null },
  { name: "tokens below 0", usage: { type: "tokens", input_tokens: -4 }, read: null },
  { name: "none (the beta had none)", usage: undefined, read: null },
];

for (const { name, usage, read } of TRANSCRIPTIONS) {
  test(`transcription: ${name}`, () => {
    const type = "conversation.item.input_audio_transcription.completed";
    const event = decode(JSON.stringify({ type, item_id: "i", transcript: "hello", usage }));
    assert.deepEqual(event, { tag: "transcribed", usage: read });
  });
}

test("the transcription model is read from the session, in either dialect", () => {
  const model = "gpt-4o-mini-transcribe";
  const ga = { type: "realtime", audio: { input: { transcription: { model } } } };
  for (const session of [ga, { input_audio_transcription: { model } }]) {
    const event = decode(JSON.stringify({ type: "session.updated", session }));
    assert.ok(event.tag === "session-updated");
    assert.equal(event.transcriber, model);
  }
});
