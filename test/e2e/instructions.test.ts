/**
 * Everything that a session is told, each part at its longest, over a real socket: the peer, which counts
 * as the API may at worst, takes it, and the owner learns what was left out.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fields, record } from "../../src/core/json.ts";
import { textAt } from "../../src/sim/peer/json.ts";
import { startPeer } from "../../src/sim/peer/peer.ts";
import { configure, daemonEnv, launch } from "../helpers/daemon.ts";
import { HOME_TOKEN, StandInHome } from "../helpers/home-assistant.ts";
import { eventually } from "../helpers/host.ts";
import { writeWav } from "../helpers/question.ts";
import { test } from "../helpers/real-time.ts";
import { noise } from "../helpers/sound.ts";

test("persona, house, memory and functions at their longest: the session is set up all the same", async (t) => {
  const home = await new StandInHome().start();
  t.after(() => home.stop());
  const [lamp] = home.things;
  assert.ok(lamp);
  home.things = Array.from({ length: 600 }, (_, n) => ({ ...lamp, names: [`Küchenlampe ${n}`] }));
  home.tools = [
    ...home.tools,
    ...Array.from({ length: 30 }, (_, n) => ({
      name: `script_${n}`,
      description: "Does it. ".repeat(100),
      inputSchema: { type: "object", properties: {} },
    })),
  ];
  const peer = await startPeer({});
  t.after(() => peer.close());
  const paths = configure(t, {
    openai: { base_url: peer.url, instructions: "Be kind. ".repeat(3_500) },
    home_assistant: { url: home.url, token: HOME_TOKEN },
    tools: { memory: "on" },
    wake_word: { enabled: false },
    session: { no_speech_s: 30 },
  });
  writeWav(paths.question, noise(240_000));
  const facts = Array.from({ length: 100 }, (_, n) => `  - ${"fact ".repeat(55)}${n}\n`);
  writeFileSync(join(paths.folder, "memory.yaml"), `facts:\n${facts.join("")}`);
  const daemon = launch(t, paths, daemonEnv({ STATE_DIRECTORY: paths.folder }));
  await daemon.says("Tools of home_assistant");
  await daemon.command("wake");
  await eventually("the set-up", () =>
    peer.events.some(({ event }) => textAt(event, "type") === "session.updated"),
  );
  assert.deepEqual(peer.violations, []);
  const update = peer.events.find(({ event }) => textAt(event, "type") === "session.update");
  const { instructions } = fields(record(update?.event) ?? {}, "session");
  assert.match(String(instructions), /^You are a voice assistant.*This conversation begins on/s);
  await daemon.says("Too many functions");
  const line = await daemon.says("Too much to tell the model");
  assert.match(line, /warning: .*left out: the end of openai\.instructions, a part of what the/);
  const { stdout } = await daemon.command("tools");
  assert.match(
    stdout,
    /told about \d+ tokens in words \(there is room for \d+\); no room, left out: /,
  );
  assert.equal((await daemon.stop()).code, 0);
});
