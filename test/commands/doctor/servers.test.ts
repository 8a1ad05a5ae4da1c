/** What the doctor says of servers of tools and of the house, each asked for real. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { announced, askServer, otherAddress } from "../../../src/commands/doctor/io-ask-servers.ts";
import { judgeServer } from "../../../src/commands/doctor/servers.ts";
import { homeServer, type WantedServer } from "../../../src/core/home/spec.ts";
import { DEFAULTS, type Settings } from "../../../src/core/settings/table.ts";
import { programOf, specOf } from "../../adapters/mcp/partners.ts";
import { HOME_TOKEN, StandInHome } from "../../helpers/home-assistant.ts";

const clock = new SystemClock();
const UNSAFE: Partial<Settings> = { "tools.sandbox": "none" };

async function lineOf(wanted: WantedServer, other: string | null = null) {
  const settings = { ...DEFAULTS, ...UNSAFE };
  const { asked, state } = await askServer(wanted, { clock, settings, maxMs: 10_000 });
  const { grade, says, remedy } = judgeServer(wanted, asked, { state, other });
  return `${grade}: ${says} | ${remedy}`;
}

function homeAt(url: string, token = HOME_TOKEN): WantedServer {
  const settings = { ...DEFAULTS, "home_assistant.url": url, "home_assistant.token": token };
  const wanted = homeServer(settings);
  assert.ok(wanted);
  return wanted;
}

test("the house: well, without devices, without its integration, with a wrong token, banned, away", async () => {
  const home = await new StandInHome().start();
  assert.match(await lineOf(homeAt(home.url)), /^ok: 3 of 5 tools, about \d+ tokens \| $/);
  const things = home.things;
  home.things = [];
  assert.match(await lineOf(homeAt(home.url)), /^warn: .*exposes no device \| .*Expose/);
  home.things = things;
  home.isConfigured = false;
  assert.match(
    await lineOf(homeAt(home.url)),
    /^fail: .*server is not configured \| .*Add integration, Model Context Protocol Server/,
  );
  home.isConfigured = true;
  const wrong = await lineOf(homeAt(home.url, "wrong-token-wrong"));
  assert.match(wrong, /^fail: .*answers 401.* \| Make a new long-lived access token/);
  assert.doesNotMatch(wrong, /wrong-token/);
  assert.equal(home.failedLogins, 1, "one look is one failed login");
  home.failedLogins = home.banAfter;
  assert.match(await lineOf(homeAt(home.url)), /^fail: .*answers 403.* \| .*ip_bans\.yaml/);
  await home.stop();
  assert.match(
    await lineOf(homeAt(home.url), "http://homeassistant.local"),
    /ECONNREFUSED.* \| Home Assistant answers at http:\/\/homeassistant\.local: write that into/,
  );
});

test("a program: its size in tokens, what is asked first; a dead one with its last words", async () => {
  const command = [process.execPath, programOf("filesystem"), "/tmp"];
  const files = { spec: specOf({ command, deny: ["list_*"] }, "files"), home: null };
  const line = await lineOf(files);
  assert.match(line, /^(?:ok|warn): \d+ of 14 tools, about \d{4} tokens, \d+ of them asked about/);
  const dying = {
    command: [process.execPath, "-e", "console.error('no licence'); process.exit(3)"],
  };
  const dead = await lineOf({ spec: specOf(dying, "dead"), home: null });
  assert.match(dead, /^fail: .*ended with code 3; its last words: no licence \|/);
});

test("what is announced in the network is the address that is told", async () => {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => {
    socket.bind(0, "127.0.0.1", resolve);
  });
  const texts = ["version=2026.11.1", "internal_url=http://192.168.1.20:8123", "uuid=x"];
  const answer = Buffer.concat([
    Buffer.alloc(12),
    ...texts.map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])),
  ]);
  socket.on("message", (asked, { port, address }) => {
    assert.ok(asked.includes("_home-assistant"));
    socket.send(answer, port, address);
  });
  const { port } = socket.address();
  assert.equal(await announced({ address: "127.0.0.1", port }), "http://192.168.1.20:8123");
  socket.close();
  assert.equal(await otherAddress("http://127.0.0.1:9"), null);
});
