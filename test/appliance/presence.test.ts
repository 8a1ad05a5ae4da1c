/**
 * The appliance at an MQTT broker of the house: Debian's mosquitto on this machine, with a password
 * that the unit takes from its credential. What a watcher there sees of a conversation, of a killed
 * daemon, and of its coming back.
 */

import assert from "node:assert/strict";
import { record } from "../../src/core/json.ts";
import {
  hasMosquitto,
  mosquittoBroker,
  NO_MOSQUITTO,
  PASSWORD,
  USER,
  Watcher,
} from "../helpers/brokers.ts";
import { assertReported, converseUnrecorded, peerOutside, press } from "./conversing.ts";
import { hostUrl } from "./machine.ts";
import { onMachine } from "./promise.ts";

const CREDENTIAL = "/etc/pipit/credentials/MQTT_PASSWORD";
const STATE = /^pipit\/[0-9a-f]{12}\/state$/;

function phasesIn(watcher: Watcher): unknown[] {
  const states = watcher.heard.filter(({ topic, text }) => STATE.test(topic) && text !== "");
  return states.map(({ text }) => record(JSON.parse(text))?.["state"]);
}

onMachine("presence by MQTT", (they) => {
  they.holds(
    "a conversation is announced; killed, it is offline; back, online",
    900,
    async (m, note, clean) => {
      assert.ok(hasMosquitto(), NO_MOSQUITTO);
      const peer = await peerOutside(clean);
      const broker = await mosquittoBroker(clean, { needsPassword: true });
      const watcher = await Watcher.at(clean, broker.url, "#", {
        username: USER,
        password: PASSWORD,
      });
      await m.write(CREDENTIAL, PASSWORD, "600");
      clean.after(async () => {
        await m.attempt(`rm -f ${CREDENTIAL}`);
      });
      const mark = await m.mark();
      const mqtt = { url: hostUrl(broker.url), username: USER, name: "Rig" };
      await m.restart({ openai: { base_url: hostUrl(peer.url) }, mqtt });
      await m.says(mark, "Connected to the MQTT broker", 120);
      // How whole it sounds is the business of conversation.test.ts, and of the emulation.
      await converseUnrecorded(m, clean, () => press(m));
      await assertReported(m, "button", note);
      const phases = phasesIn(watcher);
      note(`phases at the broker: ${phases.join(", ")}`);
      for (const phase of ["connecting", "listening", "thinking", "speaking", "idle"]) {
        assert.ok(phases.includes(phase), `${phase} was announced`);
      }
      const availability = watcher.heard.find(({ topic }) => topic.endsWith("/availability"));
      const topic = availability?.topic ?? "";
      assert.equal(watcher.of(topic).at(-1), "online");
      const killed = await m.mark();
      await m.run("systemctl kill -s KILL pipit");
      await watcher.hears(topic, (text) => text === "offline");
      await m.untilActive();
      await m.says(killed, "Connected to the MQTT broker", 120);
      const said = (await m.saidSince(mark)).join("\n");
      assert.ok(!said.includes(PASSWORD), "the password is in the journal");
      const { mqtt: told } = await m.status();
      assert.equal(record(told)?.["state"], "connected");
      assert.equal(watcher.of(topic).at(-1), "online");
    },
  );
});
