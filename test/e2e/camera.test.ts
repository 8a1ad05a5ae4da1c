/**
 * A look over a real socket: the built daemon, a spoken question, the simulated server, and a program
 * on PATH in place of the camera's.
 */

import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Fields, fields, number, record, text } from "../../src/core/json.ts";
import { textAt } from "../../src/sim/peer/json.ts";
import type { Peer } from "../../src/sim/peer/peer.ts";
import { eventually } from "../helpers/host.ts";
import { greyJpeg } from "../helpers/jpeg.ts";
import { sendSignal } from "../helpers/processes.ts";
import type { Again } from "../helpers/question.ts";
import { canSpeak, NO_VOICE } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { type Scene, scene } from "../helpers/scene.ts";
import { tempFolder } from "../helpers/temp-folder.ts";

const HEARD = { skip: !canSpeak() && NO_VOICE };
const LOOK = { call: { name: "look", arguments: {}, call_id: "call_look" } };

/** A camera's program that runs `script`, and a scene in which the model looks. */
async function looking(t: TestContext, script: string, again: readonly Again[] = []) {
  const folder = tempFolder(t);
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(folder, "kitchen.jpg"), greyJpeg());
  const program = join(bin, "rpicam-still");
  writeFileSync(program, `#!/bin/sh\ncd '${folder}'\necho $$ >> pids\n${script}\n`);
  chmodSync(program, 0o755);
  const turns = [{ items: [LOOK] }, { say: "A grey kitchen." }, { say: "Still grey." }];
  const of: Scene = await scene(t, {
    scenario: { turns },
    config: { camera: { source: "rpicam" }, session: { follow_up_s: again.length > 0 ? 6 : 1 } },
    env: { PATH: `${bin}:${process.env["PATH"]}` },
    again,
  });
  await of.daemon.says("Audio session config");
  return { ...of, folder };
}

function sent(peer: Peer, type: string): Fields[] {
  return peer.events
    .filter(({ from, event }) => from === "client" && textAt(event, "type") === type)
    .map(({ event }) => record(event) ?? {});
}

function items(peer: Peer, type: string): Fields[] {
  return sent(peer, "conversation.item.create")
    .map((event) => fields(event, "item"))
    .filter((item) => item["type"] === type);
}

/** The output of the look: only one. */
function output(peer: Peer): Fields {
  const found = items(peer, "function_call_output");
  assert.equal(found.length, 1);
  return record(JSON.parse(text(found[0] ?? {}, "output") ?? "")) ?? {};
}

/** Tokens of pictures that each response was billed. */
function billedPictures(peer: Peer): (number | null)[] {
  return peer.events
    .filter(({ from, event }) => from !== "client" && textAt(event, "type") === "response.done")
    .map(({ event }) => {
      const usage = fields(fields(record(event) ?? {}, "response"), "usage");
      return number(fields(usage, "input_token_details"), "image_tokens");
    });
}

test("looked, answered once, deleted, and paid for once", HEARD, async (t) => {
  const again = [{ afterMs: 7_000, word: false }];
  const { peer, daemon, folder } = await looking(t, "cat kitchen.jpg", again);
  await eventually("two answers", () => peer.replies.length >= 2);
  await daemon.says("Conversation over");
  assert.match(String(output(peer)["note"]), /picture taken/);
  const [shown, ...others] = items(peer, "message");
  assert.equal(others.length, 0);
  const base64 = greyJpeg().toString("base64");
  assert.ok(JSON.stringify(shown).includes(`"data:image/jpeg;base64,${base64}"`));
  const deleted = sent(peer, "conversation.item.delete").map((event) => event["item_id"]);
  assert.ok(deleted.includes(shown?.["id"]));
  assert.deepEqual(billedPictures(peer), [0, 765, 0]);
  assert.deepEqual(peer.violations, []);
  const file = await daemon.metrics();
  assert.equal(number(fields(file, "tokens"), "input_image"), 765);
  const { function_calls: calls } = file;
  assert.ok(Array.isArray(calls) && record(calls[0])?.["name"] === "look");
  assert.equal(record(calls[0])?.["ok"], true);
  await daemon.says("The camera took a picture (1024 × 768, 10 kB, rpicam-still)");
  assert.equal(readFileSync(join(folder, "pids"), "utf8").trim().split("\n").length, 1);
  const left = readdirSync(daemon.paths.folder, { recursive: true }).map(String);
  assert.deepEqual(
    left.filter((name) => /jpe?g/i.test(name)),
    [],
  );
  assert.ok(!daemon.output.includes(base64.slice(0, 60)));
});

/** The model is told, the conversation goes on, and nothing of the camera is left. */
async function toldInWords(
  { peer, daemon, folder }: Awaited<ReturnType<typeof looking>>,
  why: RegExp,
) {
  await eventually("an answer", () => peer.replies.length >= 1);
  await daemon.says("Conversation over");
  assert.match(String(output(peer)["error"]), why);
  assert.equal(items(peer, "message").length, 0);
  assert.deepEqual(billedPictures(peer), [0, 0]);
  assert.deepEqual(peer.violations, []);
  for (const pid of readFileSync(join(folder, "pids"), "utf8").trim().split("\n")) {
    await eventually(`the end of ${pid}`, () => !existsSync(`/proc/${pid}`));
  }
  const { function_calls: calls, end_reason: reason } = await daemon.metrics();
  assert.ok(Array.isArray(calls) && record(calls[0])?.["ok"] === false);
  assert.notEqual(reason, "fault");
}

test("a camera that hangs is ended, and told in words", HEARD, async (t) => {
  const hangs =
    "trap '' TERM; while :; do echo 'Device timeout detected, attempting a restart!!!' >&2; sleep 0.2; done";
  const of = await looking(t, hangs);
  await toldInWords(of, /^The camera gives no pictures: its cable is loose\. Tell the user/);
  await of.daemon.says("its cable is loose. Switch off, push the ribbon cable in");
});

test("a camera that is killed in the middle of a picture is told in words", HEARD, async (t) => {
  const of = await looking(t, "head -c 3000 kitchen.jpg; sleep 30; cat kitchen.jpg");
  const pids = join(of.folder, "pids");
  // A shell makes the file before it writes into it.
  await eventually("the camera is on", () => existsSync(pids) && statSync(pids).size > 0);
  sendSignal(readFileSync(pids, "utf8"), "SIGKILL");
  await toldInWords(of, /^The camera gave no picture: rpicam-still failed \(ended\)/);
});
