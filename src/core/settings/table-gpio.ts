/**
 * The rows about lamps and button.
 *
 * Invariant: a key stands here only when something reads it.
 */

import { LED_MODES, LED_PATTERN, TIME_OF_DAY } from "../panel/led-pattern.ts";
import type { Pattern } from "./row.ts";
import { boolean, int, intOr, list, number, oneOf, text } from "./row.ts";

const BACKENDS = ["auto", "gpiochip", "onoff", "panel", "none"] as const;
/** Pins of the 40-pin header, by their BCM number. */
const BCM_MAX = 27;
const LOOK: Pattern = {
  regex: LED_PATTERN,
  says: `STATE=PATTERN or STATE=LISTENING+STATUS, of the patterns ${LED_MODES.join(", ")}`,
};
const TIME: Pattern = {
  regex: new RegExp(`^$|${TIME_OF_DAY.source}`),
  says: "a time of day such as 22:30, or empty",
};
/** What a press can do; holding can do one thing more. */
const ACTIONS = ["wake-or-stop", "mute", "repeat", "shutdown", "none"] as const;

const LEDS = {
  "leds.backend": oneOf(BACKENDS, {
    default: "auto",
    reload: "restart",
    doc:
      "Where the state is shown: gpiochip and onoff drive LEDs at pins, panel draws it on the terminal; " +
      "auto takes the first of these that is there.",
  }),
  "leds.listening_pin": intOr(["none"], {
    default: 27,
    min: 0,
    max: BCM_MAX,
    reload: "restart",
    doc: "The LED that is lit while the microphone is open (BCM number). A lone LED shows everything.",
  }),
  "leds.status_pin": intOr(["none"], {
    default: 22,
    min: 0,
    max: BCM_MAX,
    reload: "restart",
    doc: "The LED that shows thinking, speaking, muted and faults (BCM number).",
  }),
  "leds.active_low": boolean({
    default: false,
    reload: "restart",
    doc: "true for LEDs between 3.3 V and the pin, which light when the pin is low.",
  }),
  "leds.pwm": boolean({
    default: false,
    reload: "restart",
    doc:
      "true: LEDs at the pins 12, 13, 18 and 19 are dimmed by the kernel's PWM, " +
      "which dtoverlay=pwm or pwm-2chan in config.txt puts there.",
  }),
  "leds.brightness": number({
    default: 1,
    min: 0.01,
    max: 1,
    reload: "live",
    doc: "With pwm: how bright at most; 1 is full. Other pins know only on and off.",
  }),
  "leds.patterns": list({
    default: [],
    minItems: 0,
    maxItems: 16,
    loneText: true,
    pattern: LOOK,
    reload: "live",
    doc: "Patterns of your own, such as idle=pulse, or speaking=off+breathe for both LEDs.",
  }),
  "leds.quiet_from": text({
    default: "",
    pattern: TIME,
    reload: "live",
    doc: "From this local time the LEDs stay dark at rest; a conversation and a fault still show.",
  }),
  "leds.quiet_to": text({
    default: "",
    pattern: TIME,
    reload: "live",
    doc: "The end of the quiet hours; they may go over midnight.",
  }),
} as const;

const BUTTON = {
  "button.backend": oneOf(BACKENDS, {
    default: "auto",
    reload: "restart",
    doc:
      "What acts as the button: gpiochip and onoff read a pin, panel is a key on the terminal; " +
      "auto takes the first of these that is there.",
  }),
  "button.pin": intOr(["none"], {
    default: 17,
    min: 0,
    max: BCM_MAX,
    reload: "restart",
    doc: "The pin of the button (BCM number).",
  }),
  "button.pull": oneOf(["up", "down", "none"], {
    default: "up",
    reload: "restart",
    doc:
      "up for a button to ground, down for one to 3.3 V, none for one to ground with a resistor of its own. " +
      "onoff cannot set it: put gpio=17=ip,pu into config.txt.",
  }),
  "button.debounce_ms": int({
    default: 20,
    min: 0,
    max: 200,
    unit: "ms",
    reload: "restart",
    doc: "A level must last this long to count.",
  }),
  "button.hold_ms": int({
    default: 600,
    min: 300,
    max: 10_000,
    unit: "ms",
    reload: "live",
    doc: "A press of this length is a hold.",
  }),
  "button.double_ms": int({
    default: 350,
    min: 0,
    max: 1_000,
    unit: "ms",
    reload: "live",
    doc: "How soon a second press makes a double; 0 turns doubles off.",
  }),
  "button.tap": oneOf(ACTIONS, {
    default: "wake-or-stop",
    reload: "live",
    doc: "What a short press does. It acts at once where double and hold are none, else at the release.",
  }),
  "button.double": oneOf(ACTIONS, {
    default: "none",
    reload: "live",
    doc: "What two presses do; a lone tap then waits double_ms.",
  }),
  "button.hold": oneOf([...ACTIONS, "push-to-talk"], {
    default: "none",
    reload: "live",
    doc:
      "What holding does. push-to-talk: the microphone is open while it is held, the release asks; " +
      "shutdown: powers the machine off.",
  }),
} as const;

export const GPIO_ROWS = { ...LEDS, ...BUTTON } as const;
