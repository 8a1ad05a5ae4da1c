/** `pipit doctor` at the broker: asked for real, judged in words. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { judgeBroker } from "../../../src/commands/doctor/check-broker.ts";
import { askBroker } from "../../../src/commands/doctor/io-ask-broker.ts";
import { DEFAULTS, type Settings } from "../../../src/core/settings/table.ts";
import { aedesBroker, freePort, PASSWORD, USER, Watcher } from "../../helpers/brokers.ts";

async function line(changes: Partial<Settings>, maxMs = 8_000): Promise<string> {
  const settings = { ...DEFAULTS, ...changes };
  const facts = await askBroker(settings, new SystemClock(), maxMs);
  if (facts === null) return "none";
  const { grade, says, remedy } = judgeBroker(facts, "broker:1883", settings["mqtt.discovery"]);
  return `${grade}: ${says}${remedy === "" ? "" : ` -> ${remedy}`}`;
}

test("taken, refused, away: each with what to do; nobody else hears of it", async (t) => {
  const { url } = await aedesBroker(t, { needsPassword: true });
  const login = { username: USER, password: PASSWORD };
  const watcher = await Watcher.at(t, url, "pipit/#", login);
  const right = { "mqtt.url": url, "mqtt.username": USER, "mqtt.password": PASSWORD };
  assert.match(
    await line(right),
    /^ok: broker:1883 accepts Pipit; pipit_[0-9a-f]{12}, announced below homeassistant$/,
  );
  const wrong = await line({ ...right, "mqtt.password": "wrong-password" });
  assert.match(wrong, /^fail: .* rejects the user name and password .* -> Check mqtt\.username/);
  assert.ok(!wrong.includes("wrong-password"));
  const away = `mqtt://127.0.0.1:${await freePort()}`;
  assert.match(
    await line({ "mqtt.url": away }),
    /^fail: .*takes no connections.* -> Is it running/,
  );
  assert.equal(await line({}), "none");
  assert.match(await line(right, 0), /^fail: .* does not answer -> Is it running/);
  await watcher.say("pipit/end", "");
  await watcher.hears("pipit/end", () => true);
  assert.deepEqual(
    watcher.heard.map(({ topic }) => topic),
    ["pipit/end"],
  );
});

test("commands that may not be read are worth a warning", () => {
  const facts = { tag: "welcome", id: "0123456789ab", unheard: ["pipit/x/say"] } as const;
  const { grade, says } = judgeBroker(facts, "broker", "");
  assert.equal(grade, "warn");
  assert.match(says, /pipit\/x\/say/);
});
