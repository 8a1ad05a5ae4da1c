/** What the doctor says of servers of tools and of the house, each asked for real. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import { test } from "node:test";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import {
  announced,
  askRemote,
  askServer,
  otherAddress,
} from "../../../src/commands/doctor/io-ask-servers.ts";
import { judgeNeighbours } from "../../../src/commands/doctor/neighbours.ts";
import { judgeRemote, type RemoteFacts } from "../../../src/commands/doctor/remote.ts";
import { judgeOffer, judgeServer } from "../../../src/commands/doctor/servers.ts";
import { type FunctionRow, Registry, USUAL } from "../../../src/core/functions/registry.ts";
import { homeServer, type WantedServer } from "../../../src/core/home/spec.ts";
import { type RemoteServer, remoteServers } from "../../../src/core/mcp/remote.ts";
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
  home.proxyPage = 403;
  const page = await lineOf(homeAt(home.url));
  assert.match(page, /^fail: .*something else answers 403 in its place.* \| Is a proxy/);
  home.proxyPage = null;
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

test("servers that the API calls: reached without their token, which is never shown", async (t) => {
  const { servers } = remoteServers({
    docs: {
      url: "https://docs.example.com/mcp",
      authorization: "token-never-seen",
      allowed_tools: ["a"],
    },
    open: { url: "https://open.example.com/mcp" },
  });
  const [docs, open] = servers;
  assert.ok(docs && open);
  const lineAbout = (server: RemoteServer, facts: RemoteFacts): string => {
    const { check, grade, says, remedy } = judgeRemote(server, facts);
    return `${check} ${grade}: ${says} | ${remedy}`;
  };
  const answered = (status: number) => ({ tag: "answered", status }) as const;
  const well = lineAbout(docs, answered(401));
  assert.match(well, /^remote docs ok: docs\.example\.com, with a token, 1 tools; it answers/);
  assert.doesNotMatch(well, /never-seen/);
  assert.match(
    lineAbout(open, answered(401)),
    /fail: .*without a token.*wants a token \(401\) \| Put/,
  );
  assert.match(lineAbout(open, answered(404)), /warn: .*answers 404 \| Look at the path/);
  assert.match(lineAbout(open, { tag: "not-asked", option: "--quick" }), / skip: .*with --quick/);

  const heard: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers.authorization);
    response.writeHead(405).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const url = `http://127.0.0.1:${address.port}/mcp`;
  assert.deepEqual(await askRemote(url, 5_000), { tag: "answered", status: 405 });
  assert.deepEqual(heard, [undefined]);
  const away = await askRemote("https://127.0.0.1:9/mcp", 5_000);
  assert.match(lineAbout(open, away), /fail: .*ECONNREFUSED.* \| .*belongs into mcp\.servers/);
});

test("all functions together, with those for which there is no room", () => {
  const row = (name: string, chars: number): FunctionRow => {
    const parameters = { type: "object", properties: {} };
    return { ...USUAL, name, description: "d".repeat(chars), parameters, where: "mcp" };
  };
  const lines = [[row("a", 9)], [row("a", 9), row("big", 40_000)]].map((rows) => {
    const { grade, says, remedy } = judgeOffer(new Registry(rows));
    return `${grade}: ${says} | ${remedy}`;
  });
  assert.match(lines[0] ?? "", /^ok: 1 functions, about \d+ of at most 8192 tokens \| $/);
  assert.match(lines[1] ?? "", /^warn: 1 functions, .*no room for big \| Leave some out/);
});

test("other Pipits: by which network, and whether strangers have a say", () => {
  const line = (hasSecret: boolean, ...networks: string[]): string => {
    const { grade, says, remedy } = judgeNeighbours({ hasSecret, networks });
    return `${grade}: ${says} | ${remedy}`;
  };
  assert.match(line(true, "wlan0 192.168.1.20"), /^ok: .*by wlan0 192\.168\.1\.20; only those/);
  assert.match(line(false, "wlan0 192.168.1.20"), /^warn: .*everybody .* \| .*arbitrate_secret/);
  assert.match(line(true), /^warn: No network .* \| .*ip address/);
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
