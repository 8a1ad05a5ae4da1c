/**
 * The one message by which Home Assistant makes a device of an appliance
 * (home-assistant.io/integrations/mqtt, "device discovery payload").
 */

import { PHASES } from "../phase.ts";
import { OFFLINE, ONLINE } from "./state.ts";
import { objectId, type Topics } from "./topics.ts";

export interface Appliance {
  readonly id: string;
  readonly name: string;
  /** Of Home Assistant, where it stands; empty: not known. */
  readonly area: string;
  /** The machine, such as Raspberry Pi 4 Model B. */
  readonly hardware: string;
  readonly version: string;
}

/** What the button can say, by gesture; and what Home Assistant calls that as a device trigger. */
export const PRESSES = {
  tap: { event: "press", trigger: "button_short_press" },
  double: { event: "double_press", trigger: "button_double_press" },
  "hold-start": { event: "hold", trigger: "button_long_press" },
} as const;

export type Pressed = keyof typeof PRESSES;

export function isPressed(gesture: string): gesture is Pressed {
  return Object.hasOwn(PRESSES, gesture);
}

export function pressPayload(gesture: Pressed): string {
  return JSON.stringify({ event_type: PRESSES[gesture].event });
}

type Component = Readonly<Record<string, unknown>>;

export const PRESS = "PRESS";

export function discoveryPayload(
  { id, name, area, hardware, version }: Appliance,
  topics: Topics,
): string {
  const named = Object.entries(componentsOf(topics)).map(([key, one]): [string, Component] => [
    key,
    one["p"] === "device_automation" ? one : { ...one, unique_id: `${objectId(id)}_${key}` },
  ]);
  return JSON.stringify({
    dev: {
      ids: [objectId(id)],
      name,
      mf: "Pipit",
      mdl: hardware,
      sw: version,
      ...(area === "" ? {} : { sa: area }),
    },
    o: { name: "pipit", sw: version },
    avty_t: topics.availability,
    pl_avail: ONLINE,
    pl_not_avail: OFFLINE,
    qos: 1,
    cmps: Object.fromEntries(named),
  });
}

function componentsOf(topics: Topics): Readonly<Record<string, Component>> {
  return { ...sensorsOf(topics), ...controlsOf(topics), ...buttonOf(topics.button) };
}

/** A field of the state; null becomes "None", which Home Assistant takes for "unknown". */
function field(name: string): string {
  return `{{ value_json.${name} }}`;
}

function sensorsOf({ state, latestVersion }: Topics): Readonly<Record<string, Component>> {
  const sensor = (name: string, key: string, more: Component): Component => ({
    p: "sensor",
    name,
    state_topic: state,
    value_template: field(key),
    ...more,
  });
  const money = { device_class: "monetary", unit_of_measurement: "USD" };
  const aside = { entity_category: "diagnostic" };
  return {
    state: sensor("State", "state", { device_class: "enum", options: PHASES }),
    model: sensor("Model", "model", aside),
    cost: sensor("Cost today", "cost_today_usd", {
      ...money,
      state_class: "total",
      last_reset_value_template: field("day_start"),
    }),
    budget: sensor("Budget left", "budget_left_usd", money),
    fault: sensor("Last fault", "last_fault", aside),
    timer: sensor("Next timer", "next_timer", {
      device_class: "timestamp",
      json_attributes_topic: state,
      json_attributes_template: "{{ {'label': value_json.next_timer_label} | tojson }}",
    }),
    update: {
      p: "update",
      name: "Version",
      ...aside,
      state_topic: state,
      // As JSON, or a version such as 1.0 would be taken for a number.
      value_template: "{{ {'installed_version': value_json.version} | tojson }}",
      latest_version_topic: latestVersion,
    },
  };
}

function controlsOf(topics: Topics): Readonly<Record<string, Component>> {
  const button = (name: string, topic: string): Component => ({
    p: "button",
    name,
    command_topic: topic,
    payload_press: PRESS,
  });
  return {
    mute: {
      p: "switch",
      name: "Mute",
      state_topic: topics.state,
      value_template: "{{ 'ON' if value_json.muted else 'OFF' }}",
      command_topic: topics.mute,
    },
    volume: {
      p: "number",
      name: "Volume",
      min: 0,
      max: 100,
      step: 1,
      unit_of_measurement: "%",
      state_topic: topics.state,
      value_template: field("volume"),
      command_topic: topics.volume,
    },
    wake: button("Wake", topics.wake),
    stop: button("Stop", topics.stop),
    say: { p: "notify", name: "Say", command_topic: topics.say },
  };
}

function buttonOf(topic: string): Readonly<Record<string, Component>> {
  const triggers = Object.values(PRESSES).map(({ event, trigger }): [string, Component] => [
    `trigger_${event}`,
    {
      p: "device_automation",
      automation_type: "trigger",
      type: trigger,
      subtype: "button",
      topic,
      value_template: field("event_type"),
      payload: event,
    },
  ]);
  const event = {
    p: "event",
    name: "Button",
    device_class: "button",
    event_types: Object.values(PRESSES).map((one) => one.event),
    state_topic: topic,
  };
  return { button: event, ...Object.fromEntries(triggers) };
}
