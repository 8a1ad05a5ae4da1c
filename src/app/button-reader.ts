/**
 * From the button to the loop: edges → gestures → what the owner wants of each. The one alarm it
 * keeps is the deadline of core/panel/button-gesture.ts.
 *
 * Invariant: nothing is posted while the input flickers, and that is told at most every
 * STORM_TELL_MS, however long it goes on.
 */

import type { Input } from "../core/assistant/inputs.ts";
import {
  type Gesture,
  NOISE_QUIET_MS,
  type PressState,
  type PressTiming,
  pressDeadlineMs,
  pressEdge,
  pressTick,
  UNTOUCHED,
} from "../core/panel/button-gesture.ts";
import type { Settings } from "../core/settings/table.ts";
import type { Button, Clock, Journal } from "../ports.ts";

/** A pin that flickers for days says so once in this time. */
export const NOISE_LOG_EVERY_MS = 3_600_000;

export interface ButtonReaderOptions {
  readonly button: Button;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly settings: () => Settings;
  readonly post: (input: Input) => void;
  /** Each gesture, whatever it means. */
  readonly gesture: (tag: Gesture["tag"]) => void;
}

export class ButtonReader {
  readonly #options: ButtonReaderOptions;
  #state: PressState = UNTOUCHED;
  #loggedMs = Number.NEGATIVE_INFINITY;
  #cancelAlarm: () => void = () => {};
  /** Storms since the start. */
  #noises = 0;
  /** The hold under way began push-to-talk; its end ends it, whatever the settings say by then. */
  #talking: boolean = false;

  constructor(options: ButtonReaderOptions) {
    this.#options = options;
  }

  get contactNoises(): number {
    return this.#noises;
  }

  start(): void {
    this.#options.button.start({ edge: (down, atMs) => this.#edge(down, atMs) });
  }

  async close(): Promise<void> {
    this.#cancelAlarm();
    await this.#options.button.close();
  }

  #edge(down: boolean, atMs: number): void {
    const timing = timingOf(this.#options.settings());
    const before = this.#state;
    const { state, gestures } = pressEdge(before, down, atMs, timing);
    this.#state = state;
    for (const gesture of gestures) this.#act(gesture);
    this.#tick(); // An edge that was debounced before it came here counts already.
  }

  #tick(): void {
    const timing = timingOf(this.#options.settings());
    const { state, gestures } = pressTick(this.#state, this.#options.clock.nowMs(), timing);
    this.#state = state;
    this.#setAlarm(pressDeadlineMs(state, timing));
    for (const gesture of gestures) this.#act(gesture);
  }

  #setAlarm(atMs: number | null): void {
    this.#cancelAlarm();
    this.#cancelAlarm = () => {};
    if (atMs === null) return;
    const { clock } = this.#options;
    this.#cancelAlarm = clock.after(atMs - clock.nowMs(), () => this.#tick());
  }

  #act({ tag, pressedMs }: Gesture): void {
    const settings = this.#options.settings();
    this.#options.gesture(tag);
    switch (tag) {
      case "tap":
        this.#post(ACTIONS[settings["button.tap"]], pressedMs);
        break;
      case "double":
        this.#post(ACTIONS[settings["button.double"]], pressedMs);
        break;
      case "hold-start":
        this.#talking = settings["button.hold"] === "push-to-talk";
        if (this.#talking) this.#options.post({ tag: "ptt-down", pressedMs });
        else this.#post(ACTIONS[settings["button.hold"]], pressedMs);
        break;
      case "hold-end":
        if (this.#talking) this.#options.post({ tag: "ptt-up" });
        this.#talking = false;
        break;
      case "contact-noise":
        this.#sayNoise();
        break;
      case "quiet":
        this.#options.journal.log("debug", "The button works again");
        break;
    }
  }

  #post(action: Input | null, pressedMs: number): void {
    if (action === null) return;
    this.#options.post(action.tag === "tap" ? { ...action, pressedMs } : action);
  }

  #sayNoise(): void {
    this.#noises += 1;
    const { clock, journal, settings } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - this.#loggedMs < NOISE_LOG_EVERY_MS) return;
    this.#loggedMs = nowMs;
    journal.log(
      "warning",
      `The button's input has contact noise; it is ignored until it has been quiet for ${NOISE_QUIET_MS / 1000} s. ` +
        (settings()["button.backend"] === "panel"
          ? "Let go of the key"
          : "Check its wires and button.pull; if nothing is connected, set button.backend: none"),
    );
  }
}

/** What each action asks of the machine. */
const ACTIONS: Readonly<Record<Settings["button.hold"], Input | null>> = {
  "wake-or-stop": { tag: "tap" },
  mute: { tag: "command", command: "toggle-mute" },
  repeat: { tag: "command", command: "repeat" },
  shutdown: { tag: "power-off" },
  "push-to-talk": null, // Two inputs: see hold-start and hold-end.
  none: null,
};

/** Gestures without an action are not waited for. */
function timingOf(settings: Settings): PressTiming {
  return {
    debounceMs: settings["button.debounce_ms"],
    holdMs: settings["button.hold"] === "none" ? null : settings["button.hold_ms"],
    doubleMs: settings["button.double"] === "none" ? 0 : settings["button.double_ms"],
  };
}
