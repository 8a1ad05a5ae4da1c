/** The removed beta dialect, held against its own schema; leftovers of one dialect in the other. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { listAt, textAt } from "../../src/sim/peer/json.ts";
import { startPeer } from "../../src/sim/peer/peer.ts";
import { Client } from "../helpers/realtime-client.ts";
import { joined, room, syllables } from "../helpers/speech.ts";

const OLD = "gpt-4o-realtime-preview";

test("a conversation in the beta dialect", async (context) => {
  const call = { name: "lamp", arguments: { on: true } };
  const turns = [
    { items: [{ tone: { ms: 400 }, transcript: "Let me see." }, { call }] },
    { text: "Done." },
  ];
  const peer = await startPeer({ scenario: { protocol: "beta", pace: 50, turns } });
  context.after(() => peer.close());
  const client = new Client(peer, { beta: true, model: OLD });
  const updated = await client.configure({
    modalities: ["audio", "text"],
    voice: "sage",
    input_audio_format: "pcm16",
    turn_detection: { type: "server_vad", create_response: false },
    temperature: 0.7,
    max_response_output_tokens: 900,
  });
  assert.equal(textAt(updated, "session", "voice"), "sage");
  assert.match(JSON.stringify(updated), /"temperature":0.7.*"max_response_output_tokens":900/);
  assert.deepEqual(listAt(updated, "session", "modalities"), ["text", "audio"]);
  const session = JSON.stringify(updated["session"]);
  assert.doesNotMatch(session, /output_modalities|"audio":|max_output_tokens"/);
  client.speak(joined(room(300), syllables(4), room(600)));
  await client.see("input_audio_buffer.committed");
  await client.see("conversation.item.created");
  client.send({ type: "response.create" });
  await client.see("response.audio.done");
  const args = await client.see("response.function_call_arguments.done");
  const done = await client.see("response.done");
  const [spoken] = listAt(done, "response", "output");
  assert.deepEqual(listAt(spoken, "content"), [{ type: "audio", transcript: "Let me see." }]);
  assert.deepEqual(client.heard(textAt(spoken, "id") ?? ""), peer.replies[0]?.pcm);
  const callId = textAt(args, "call_id") ?? "";
  const output = { type: "function_call_output", call_id: callId, output: "ok" };
  client.send({ type: "conversation.item.create", previous_item_id: null, item: output });
  const answer = { type: "message", role: "assistant", content: [{ type: "text", text: "Hi." }] };
  client.send({ type: "conversation.item.create", item: answer });
  client.send({ type: "response.create", response: { modalities: ["text"], temperature: 0.9 } });
  await client.see("response.text.done");
  await client.see("response.done");
  assert.ok(
    !client
      .story()
      .some((type) =>
        /output_audio|item\.(added|done)|output_text/.test(
          type.replace("response.output_item", ""),
        ),
      ),
  );
  assert.deepEqual(client.problems, []);
  assert.deepEqual(peer.violations, []);
});

test("GA fields are violations in beta, and the preview models have eight voices", async (context) => {
  const peer = await startPeer({ scenario: { protocol: "beta" } });
  context.after(() => peer.close());
  const client = new Client(peer, { beta: true, model: OLD });
  await client.see("session.created");
  client.send({ type: "session.update", session: { type: "realtime", voice: "alloy" } });
  assert.equal(textAt(await client.see("error"), "error", "param"), "session.type");
  assert.equal(peer.violations.length, 1);
  client.send({ type: "session.update", session: { voice: "ballad" } });
  await client.see("session.updated");
  client.send({ type: "session.update", session: { voice: "cedar" } });
  assert.match(textAt(await client.see("error"), "error", "message") ?? "", /cedar/);
  assert.equal((await new Client(peer).ended).status, 400);
});

test("a peer of both dialects goes by the header", async (context) => {
  const peer = await startPeer({ scenario: { protocol: "both" } });
  context.after(() => peer.close());
  const beta = new Client(peer, { beta: true });
  const ga = new Client(peer);
  await beta.configure({ voice: "ash" });
  await ga.configure({ audio: { output: { voice: "cedar" } } });
  assert.deepEqual([...beta.problems, ...ga.problems, ...peer.violations], []);
});
