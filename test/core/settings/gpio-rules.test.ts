/** The rules about pins and quiet hours. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { brokenRules } from "../../../src/core/settings/rules.ts";
import { DEFAULTS, type Settings } from "../../../src/core/settings/table.ts";

const TABLE: readonly [string, Partial<Settings>, readonly string[]][] = [
  ["the defaults", {}, []],
  ["two parts at one pin", { "leds.status_pin": 17 }, ["button.pin"]],
  ["both LEDs at one pin", { "leds.status_pin": 27 }, ["leds.status_pin"]],
  ["no button at a pin", { "leds.status_pin": 17, "button.backend": "panel" }, []],
  ["no LEDs at pins", { "button.pin": 22, "leds.backend": "none" }, []],
  ["none is no pin", { "leds.status_pin": "none", "leds.listening_pin": "none" }, []],
  ["half a night", { "leds.quiet_from": "22:00" }, ["leds.quiet_from"]],
  ["the other half", { "leds.quiet_to": "07:00" }, ["leds.quiet_to"]],
  ["a night", { "leds.quiet_from": "22:00", "leds.quiet_to": "07:00" }, []],
];

for (const [name, changes, keys] of TABLE) {
  test(name, () => {
    const broken = brokenRules({ ...DEFAULTS, ...changes });
    assert.deepEqual(
      broken.map(({ key }) => key),
      keys,
    );
  });
}
