/** What a connection to a broker must do, against aedes and against Debian's mosquitto. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { MqttDialer } from "../../../src/adapters/mqtt/dialer.ts";
import { PACKET_MAX_BYTES } from "../../../src/adapters/mqtt/frame-guard.ts";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import type { Fault } from "../../../src/core/fault.ts";
import type { BrokerLink, BrokerTarget } from "../../../src/ports.ts";
import {
  aedesBroker,
  BROKERS,
  freePort,
  makeAuthority,
  PASSWORD,
  USER,
  Watcher,
} from "../../helpers/brokers.ts";
import { eventually } from "../../helpers/host.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const WILL = { topic: "pipit/x/availability", payload: "offline", isRetained: true };

class Seen {
  opened = 0;
  readonly heard: (readonly [string, string | null, boolean])[] = [];
  readonly closed: Fault[] = [];
  link: BrokerLink | null = null;

  static dial(t: TestContext, url: string, more: Partial<BrokerTarget> = {}): Seen {
    const seen = new Seen();
    const target = {
      url,
      username: "",
      password: "",
      caFile: "",
      clientId: "pipit_x",
      will: WILL,
      subscriptions: ["pipit/x/wake", "pipit/x/say"],
      ...more,
    };
    seen.link = new MqttDialer(new SystemClock()).dial(target, {
      opened: () => {
        seen.opened += 1;
      },
      message: (...what) => seen.heard.push(what),
      closed: (why) => seen.closed.push(why),
    });
    t.after(() => seen.link?.close());
    return seen;
  }

  async opens(): Promise<void> {
    await eventually(`open: ${JSON.stringify(this.closed)}`, () => this.opened > 0);
  }

  async ends(): Promise<Fault> {
    await eventually("the end", () => this.closed.length > 0);
    const [why] = this.closed;
    assert.ok(why !== undefined);
    return why;
  }

  async says(topic: string, payload: string, isRetained = true): Promise<boolean> {
    return (await this.link?.publish({ topic, payload, isRetained })) ?? false;
  }
}

for (const { name, start, skip } of BROKERS) {
  test(`${name}: published, retained, cleared; commands heard; a goodbye is no will`, {
    skip,
  }, async (t) => {
    const { url } = await start(t);
    const seen = Seen.dial(t, url);
    await seen.opens();
    assert.equal(await seen.says("pipit/x/state", "one"), true);
    assert.equal(await seen.says("pipit/x/button", "press", false), true);
    const late = await Watcher.at(t, url);
    await late.hears("pipit/x/state", (text) => text === "one");
    assert.deepEqual(late.of("pipit/x/button"), []);
    await late.say("pipit/x/wake", "PRESS");
    await eventually("the command", () => seen.heard.length > 0);
    assert.deepEqual(seen.heard, [["pipit/x/wake", "PRESS", false]]);
    await seen.says("pipit/x/state", "");
    await late.hears("pipit/x/state", (text) => text === "");
    await seen.link?.close();
    await late.say("end", "end");
    await late.hears("end", () => true);
    assert.deepEqual(late.of(WILL.topic), []);
    assert.deepEqual(seen.closed, []);
    assert.equal(await seen.says("pipit/x/state", "two"), false);
  });

  test(`${name}: what was retained as a command is marked as such`, { skip }, async (t) => {
    const { url } = await start(t);
    const other = await Watcher.at(t, url);
    await other.say("pipit/x/wake", "PRESS", true);
    const seen = Seen.dial(t, url);
    await eventually("it", () => seen.heard.length > 0);
    assert.deepEqual(seen.heard, [["pipit/x/wake", "PRESS", true]]);
  });

  test(`${name}: too long a message, no text, a topic of 20 KB: none of it is kept`, {
    skip,
  }, async (t) => {
    const { url } = await start(t);
    const seen = Seen.dial(t, url, { subscriptions: ["pipit/x/#"] });
    await seen.opens();
    const other = await Watcher.at(t, url, "none");
    await other.say("pipit/x/say", Buffer.alloc(8 * 1_048_576, 65));
    await other.say("pipit/x/say", Buffer.alloc(PACKET_MAX_BYTES / 2 + 1, 65));
    await other.say("pipit/x/say", Buffer.from([0xff, 0xfe, 0x41]));
    await other.say(`pipit/x/${"t".repeat(20_000)}`, "x");
    await other.say("pipit/x/say", "still here");
    await eventually("the last", () => seen.heard.at(-1)?.[1] === "still here");
    const topics = seen.heard.slice(0, 4).map(([topic, text]) => (text === null ? topic : text));
    assert.deepEqual(
      topics.toSorted((a, b) => (a < b ? -1 : 1)),
      ["", "", "pipit/x/say", "pipit/x/say"],
    );
    assert.deepEqual(seen.closed, []);
  });

  test(`${name}: killed, it is reported once, and messages under way are not taken`, {
    skip,
  }, async (t) => {
    const broker = await start(t);
    const seen = Seen.dial(t, broker.url);
    await seen.opens();
    await broker.kill();
    const why = await seen.ends();
    assert.deepEqual([why.code, why.recovery], ["broker", "retry"]);
    assert.equal(await seen.says("pipit/x/state", "late"), false);
    const again = Seen.dial(t, broker.url);
    assert.match((await again.ends()).message, /takes no connections/);
    assert.equal(seen.closed.length, 1);
  });

  test(`${name}: with a password; a wrong one is refused, and that is no matter of time`, {
    skip,
  }, async (t) => {
    const { url } = await start(t, { needsPassword: true });
    const right = Seen.dial(t, url, { username: USER, password: PASSWORD });
    await right.opens();
    for (const login of [{ username: USER, password: "wrong-password" }, {}]) {
      const why = await Seen.dial(t, url, { ...login, clientId: "other" }).ends();
      assert.equal(why.recovery, "report");
      assert.match(why.message, /rejects the user name and password \(code [45]\)/);
      assert.ok(!JSON.stringify(why).includes("wrong-password"));
      assert.match(why.remedy, /mqtt\.username/);
    }
  });

  test(`${name}: TLS by an authority of one's own, and nothing less`, { skip }, async (t) => {
    const authority = makeAuthority(t);
    const { url, port } = await start(t, { authority });
    const right = Seen.dial(t, url, { caFile: authority.caFile });
    await right.opens();
    assert.equal(await right.says("pipit/x/state", "over TLS"), true);
    const unknown = await Seen.dial(t, url).ends();
    assert.equal(unknown.recovery, "report");
    assert.match(unknown.remedy, /mqtt\.ca_file/);
    const byNumber = await Seen.dial(t, `mqtts://127.0.0.1:${port}`, {
      caFile: authority.caFile,
    }).ends();
    assert.match(byNumber.remedy, /name in the broker's certificate/);
    assert.equal(byNumber.recovery, "report");
    const missing = await Seen.dial(t, url, { caFile: join(tempFolder(t), "no.pem") }).ends();
    assert.match(missing.message, /mqtt\.ca_file .*it does not exist/);
    const broken = join(tempFolder(t), "ca.pem");
    writeFileSync(broken, "no certificate");
    assert.equal((await Seen.dial(t, url, { caFile: broken }).ends()).code, "broker");
  });
}

test("a hundred connections, ended by either side, leave no socket and no timer behind", async (t) => {
  const open = (): number => {
    const kinds = ["TCPSocketWrap", "TLSWrap", "Timeout"];
    return process.getActiveResourcesInfo().filter((kind) => kinds.includes(kind)).length;
  };
  const before = open();
  for (let round = 0; round < 10; round++) {
    const broker = await aedesBroker(t);
    const seen = Array.from({ length: 10 }, (_, n) =>
      Seen.dial(t, broker.url, { clientId: `c${n}` }),
    );
    for (const one of seen) await one.opens();
    for (const one of seen.slice(5)) await one.link?.close();
    await broker.kill();
    for (const one of seen.slice(0, 5)) await one.ends();
  }
  await eventually("all of them gone", () => open() <= before + 1); // this wait's own timer
});

test("something that is no broker, and something that never answers", async (t) => {
  const web = createServer((socket) => {
    socket.resume().end("HTTP/1.1 400 Bad Request\r\n\r\n");
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise<void>((resolve) => web.close(() => resolve())));
  const address = web.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const http = await Seen.dial(t, `mqtt://127.0.0.1:${port}`).ends();
  assert.match(http.message, /does not speak MQTT|closed the connection/);
  const tls = await Seen.dial(t, `mqtts://127.0.0.1:${port}`).ends();
  assert.equal(tls.recovery, "report");
  assert.match(tls.remedy, /port for TLS/);
  assert.equal(
    (await Seen.dial(t, `mqtt://127.0.0.1:${await freePort()}`).ends()).recovery,
    "retry",
  );
  assert.match((await Seen.dial(t, "mqtt://no-such-host.invalid").ends()).message, /name/);
});

test("closed before it was welcomed: gone at once, whatever the other end does", async (t) => {
  let [taken, gone] = [0, 0];
  const server = createServer((socket) => {
    taken += 1;
    socket.on("close", () => {
      gone += 1;
    });
    socket.on("error", () => undefined).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const seen = Seen.dial(t, `mqtt://127.0.0.1:${port}`);
  await eventually("a connection", () => taken > 0);
  const beganMs = performance.now();
  await seen.link?.close();
  await eventually("its end", () => gone > 0);
  assert.ok(performance.now() - beganMs < 3_000, "the package waits 10 s for a welcome");
  assert.deepEqual(seen.closed, []);
});
