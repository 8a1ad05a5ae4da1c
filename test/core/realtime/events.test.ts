/** The protocol's border: what we say fits the published schema, what we hear never hurts. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { ClientEvent } from "../../../src/core/realtime/client-events.ts";
import { AUDIO_HEAD, AUDIO_TAIL, encode } from "../../../src/core/realtime/encode.ts";
import { decode } from "../../../src/core/realtime/server-events.ts";
import { sessionConfig } from "../../../src/core/realtime/session.ts";
import { DEFAULTS } from "../../../src/core/settings/table.ts";
import { SimDice } from "../../../src/sim/dice.ts";
import { valueProblem } from "../../../src/sim/peer/checks.ts";
import { clientProblem } from "../../../src/sim/peer/validate.ts";
import { greyJpeg } from "../../helpers/jpeg.ts";
import { avoids } from "../../helpers/traps.ts";

const SESSIONS = [
  DEFAULTS,
  { ...DEFAULTS, "openai.turn_detection.type": "semantic_vad" },
  { ...DEFAULTS, "openai.noise_reduction": "off", "openai.max_output_tokens": "inf" },
  { ...DEFAULTS, "openai.reasoning_effort": "high", "openai.truncation": 0 },
  { ...DEFAULTS, "openai.protocol": "beta", "openai.temperature": 0.7 },
  { ...DEFAULTS, "openai.instructions": "Antworte auf Deutsch.\nKurz." },
] as const;

const EVENTS: readonly ClientEvent[] = [
  ...SESSIONS.map(
    (settings): ClientEvent => ({
      tag: "update-session",
      session: sessionConfig(settings, "gpt-realtime-2.1", "marin"),
    }),
  ),
  {
    tag: "update-session",
    session: sessionConfig(DEFAULTS, "gpt-realtime-2.1", "marin", [], {
      pushToTalk: true,
      responseBy: "client",
    }),
  },
  {
    tag: "update-turns",
    session: sessionConfig(DEFAULTS, "gpt-realtime", "marin", [], {
      pushToTalk: false,
      responseBy: "server",
    }),
  },
  { tag: "clear-input" },
  { tag: "commit-input" },
  { tag: "create-response" },
  { tag: "cancel-response", responseId: null },
  { tag: "cancel-response", responseId: "resp_1" },
  { tag: "truncate", itemId: "item_1", contentIndex: 0, audioEndMs: 1240 },
  { tag: "delete-item", itemId: "item_1" },
  { tag: "tool-output", callId: "call_1", output: '{"ok":true}' },
  { tag: "add-message", role: "assistant", text: "It is ten past four." },
  { tag: "add-message", role: "user", text: "What time is it?" },
];

for (const protocol of ["ga", "beta"] as const) {
  test(`every client event fits the strict schema (${protocol})`, () => {
    for (const event of EVENTS) {
      const wire = JSON.parse(encode(event, "evt_1", protocol));
      assert.equal(clientProblem(wire, protocol), null, event.tag);
    }
    assert.equal(clientProblem(JSON.parse(`${AUDIO_HEAD}AAAA${AUDIO_TAIL}`), protocol), null);
    avoids(17);
  });
}

test("a picture is a message with a data URI, under a name by which it can be deleted", () => {
  const jpeg = greyJpeg({ width: 64, height: 48 }).toString("base64");
  const event = { tag: "show-picture", itemId: "pic_1", jpeg } as const;
  const wire = JSON.parse(encode(event, "picture_0", "ga"));
  assert.equal(clientProblem(wire, "ga"), null);
  assert.equal(valueProblem(wire, { reasoning: false }), null);
  assert.equal(wire.item.content[0].image_url, `data:image/jpeg;base64,${jpeg}`);
});

test("the session: ours are the answers, the server's the turns", () => {
  const session = sessionConfig(DEFAULTS, "gpt-realtime", "alloy");
  const text = encode({ tag: "update-session", session }, "update_1", "ga");
  const { audio, type } = JSON.parse(text).session;
  assert.equal(type, "realtime");
  assert.equal(audio.output.voice, "alloy");
  assert.equal(audio.input.turn_detection.create_response, false);
  assert.equal(audio.input.turn_detection.silence_duration_ms, 500);
  assert.ok(!text.includes("temperature"), "the GA protocol has no temperature");
});

test("recorded lines become our words", () => {
  const lines: readonly (readonly [string, unknown])[] = [
    [
      '{"type":"response.output_audio.delta","event_id":"e","response_id":"r","item_id":"i","output_index":0,"content_index":1,"delta":"AAA="}',
      { tag: "audio", responseId: "r", itemId: "i", contentIndex: 1, base64: "AAA=" },
    ],
    [
      '{"type":"input_audio_buffer.speech_stopped","item_id":"i","audio_end_ms":1200}',
      { tag: "speech-stopped", itemId: "i", endMs: 1200 },
    ],
    [
      '{"type":"rate_limits.updated","rate_limits":[]}',
      { tag: "ignored", type: "rate_limits.updated" },
    ],
    ["{", { tag: "malformed", why: "not JSON (1 characters)" }],
    ["[]", { tag: "malformed", why: "no event type" }],
    ['{"type":"response.created"}', { tag: "malformed", why: "response.created lacks a field" }],
  ];
  for (const [line, expected] of lines) assert.deepEqual(decode(line), expected);
});

test("a response that is done: its calls, its usage with cached tokens as subsets", () => {
  const event = decode(
    JSON.stringify({
      type: "response.done",
      response: {
        id: "r",
        status: "completed",
        output: [{ type: "function_call", call_id: "c", name: "light", arguments: '{"on":true}' }],
        usage: {
          input_token_details: {
            text_tokens: 119,
            audio_tokens: 13,
            cached_tokens_details: { text_tokens: 64, audio_tokens: 99 },
          },
          output_token_details: { text_tokens: 30, audio_tokens: 91 },
        },
      },
    }),
  );
  assert.ok(event.tag === "response-done");
  assert.deepEqual(event.calls, [{ callId: "c", name: "light", arguments: '{"on":true}' }]);
  assert.equal(event.usage?.inputText, 119);
  assert.equal(event.usage?.cachedText, 64);
  assert.equal(event.usage?.cachedAudio, 13, "never more cached than there was");
  assert.equal(event.usage?.outputAudio, 91);
});

test("the published samples decode, and mutilated ones do not throw", () => {
  const dice = new SimDice(5);
  const path = new URL("../../fixtures/samples-ga.json", import.meta.url);
  const samples: { server: { event: unknown }[] } = JSON.parse(readFileSync(path, "utf8"));
  assert.ok(samples.server.length > 40);
  for (const { event } of samples.server) {
    const line = JSON.stringify(event);
    assert.notEqual(decode(line).tag, "malformed", line.slice(0, 80));
    for (let n = 0; n < 200; n++) decode(mutilate(line, dice));
  }
});

/** Cuts something out, or writes something else over it. */
function mutilate(line: string, dice: SimDice): string {
  const at = Math.floor(dice.unit() * line.length);
  const to = at + Math.floor(dice.unit() * 20);
  const patch = ["", "null", "{}", "[]", '""', "-1e999", "\u0000"][Math.floor(dice.unit() * 7)];
  return line.slice(0, at) + patch + line.slice(to);
}

test("remote servers stand among the tools as the API wants them; yes and no go to their request", () => {
  const remoteServers = [
    {
      label: "docs",
      url: "https://docs.example.com/mcp",
      description: "Manuals",
      authorization: "token",
      headers: { "X-Home": "1" },
      allowedTools: ["search"],
      approval: { always: ["pay"], never: ["search"] },
    },
    {
      label: "bare",
      url: "https://bare.example.com/mcp",
      description: "",
      authorization: "",
      headers: {},
      allowedTools: [],
      approval: "always",
    },
  ] as const;
  const session = { ...sessionConfig(DEFAULTS, "gpt-realtime", "alloy"), remoteServers };
  const wire = JSON.parse(encode({ tag: "update-session", session }, "update_1", "ga"));
  assert.equal(clientProblem(wire, "ga"), null);
  assert.deepEqual(wire.session.tools.slice(-2), [
    {
      type: "mcp",
      server_label: "docs",
      server_url: "https://docs.example.com/mcp",
      server_description: "Manuals",
      authorization: "token",
      headers: { "X-Home": "1" },
      allowed_tools: ["search"],
      require_approval: { always: { tool_names: ["pay"] }, never: { tool_names: ["search"] } },
    },
    {
      type: "mcp",
      server_label: "bare",
      server_url: "https://bare.example.com/mcp",
      require_approval: "always",
    },
  ]);
  for (const approve of [true, false]) {
    const answer = { tag: "answer-approval", requestId: "q1", approve, reason: "ask" } as const;
    const said = JSON.parse(encode(answer, "approval_1", "ga"));
    assert.equal(clientProblem(said, "ga"), null);
    assert.equal(said.previous_item_id, "q1");
    assert.equal(said.item.reason, approve ? undefined : "ask");
  }
});

test("what the server says of remote tools", () => {
  const of = (event: object) => decode(JSON.stringify(event));
  const listing = { type: "mcp_list_tools", id: "l1", server_label: "docs" };
  assert.deepEqual(of({ type: "conversation.item.added", item: listing }), {
    tag: "remote-listing",
    itemId: "l1",
    label: "docs",
  });
  assert.deepEqual(of({ type: "mcp_list_tools.failed", item_id: "l1" }), {
    tag: "remote-listed",
    itemId: "l1",
    ok: false,
  });
  const call = { type: "mcp_call", id: "m1", server_label: "docs", name: "pay", arguments: "" };
  const known = { itemId: "m1", name: "docs.pay" };
  assert.deepEqual(of({ type: "response.output_item.added", item: call }), {
    tag: "remote-call",
    call: { ...known, requestId: null },
  });
  const approved = { ...call, approval_request_id: "q1" };
  assert.deepEqual(of({ type: "response.output_item.added", item: approved }), {
    tag: "remote-call",
    call: { ...known, requestId: "q1" },
  });
  assert.deepEqual(of({ type: "response.mcp_call.failed", item_id: "m1", output_index: 0 }), {
    tag: "remote-done",
    itemId: "m1",
    ok: false,
  });
  const request = { ...call, type: "mcp_approval_request", id: "q1", arguments: "{}" };
  const done = of({ type: "response.done", response: { id: "r1", output: [request, call] } });
  assert.ok(done.tag === "response-done" && done.hasCalls);
  assert.deepEqual(done.requests, [{ callId: "q1", name: "docs.pay", arguments: "{}" }]);
  assert.deepEqual(done.calls, []);
  assert.equal(of({ type: "conversation.item.added", item: { type: "message" } }).tag, "ignored");
  assert.equal(of({ type: "response.mcp_call.failed" }).tag, "malformed");
});
