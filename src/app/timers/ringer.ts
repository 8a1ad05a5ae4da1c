/**
 * Timers and alarms as a part of the appliance: where they ring, what stops them, and how they give
 * way to a conversation. The ringing needs no network, no key and no open microphone.
 */

import type { Input } from "../../core/assistant/inputs.ts";
import type { State } from "../../core/assistant/state.ts";
import { phase } from "../../core/assistant/views.ts";
import type { TimerOrder } from "../../core/control.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Clock } from "../../ports.ts";
import type { Downlink } from "../audio/downlink.ts";
import { OverlaidLeds } from "../overlaid-leds.ts";
import type { World } from "../world.ts";
import { AlarmClock, type Room } from "./alarm-clock.ts";
import { DownlinkBell } from "./bell.ts";
import { type TimerResult, timerOrder } from "./orders.ts";

export interface RingerOptions {
  readonly world: Pick<
    World,
    "clock" | "calendar" | "journal" | "leds" | "timerFile" | "ringSound"
  >;
  readonly settings: () => Settings;
  readonly downlink: () => Downlink;
  readonly post: (input: Input) => void;
  readonly state: () => State;
  /** A timer has begun to ring, or ended. */
  readonly changed: () => void;
}

export class Ringer {
  readonly leds: OverlaidLeds;
  readonly alarmClock: AlarmClock;
  readonly #clock: Clock;
  readonly #post: (input: Input) => void;
  readonly #state: () => State;

  constructor({ world, settings, downlink, post, state, changed }: RingerOptions) {
    const { clock, calendar, journal } = world;
    this.#clock = clock;
    this.#post = post;
    this.#state = state;
    this.leds = new OverlaidLeds(world.leds);
    this.alarmClock = new AlarmClock({
      clock,
      calendar,
      journal,
      store: world.timerFile,
      bell: new DownlinkBell({
        clock,
        downlink,
        stroke: world.ringSound,
        volume: () => settings()["timers.volume"],
      }),
      ringMaxMs: () => settings()["timers.ring_max_min"] * 60_000,
      room: () => this.room,
      makeRoom: () => post({ tag: "command", command: "stop" }),
      changed: () => {
        this.leds.overlay("ringing", this.alarmClock.isRinging);
        changed();
      },
      armed: () => this.leds.countdown(this.#nextTimerMs()),
    });
  }

  /** When the next timer rings, monotonic; null: none is running. */
  #nextTimerMs(): number | null {
    const { next } = this.alarmClock;
    if (next?.entry.kind !== "timer") return null;
    return this.#clock.nowMs() + next.dueMs - this.#clock.wallMs();
  }

  /** Whether a sound of our own may be heard now. */
  get room(): Room {
    return roomIn(this.#state());
  }

  start(): Promise<void> {
    return this.alarmClock.start();
  }

  close(): void {
    this.alarmClock.close();
  }

  order(order: TimerOrder): Promise<TimerResult> {
    return timerOrder(this.alarmClock, order);
  }

  /** The ringing ends, if there is any. */
  silence(): boolean {
    return this.alarmClock.silence();
  }

  /** What the button means: a press ends the ringing, and a tap has done its work with that. */
  readonly pressed = (input: Input): void => {
    const isPress = input.tag === "tap" || input.tag === "ptt-down";
    const isDone = isPress && this.silence() && input.tag === "tap";
    if (!isDone) this.#post(input);
  };

  /** The state may have changed: perhaps there is room now. */
  settled(): void {
    this.alarmClock.settled();
  }
}

/** A conversation in which nobody speaks may end for a timer; one in which somebody does may finish. */
function roomIn(state: State): Room {
  const { conversation: c } = state;
  switch (phase(state)) {
    case "idle":
    case "muted":
    case "fault":
      return "free";
    case "follow-up":
      return "quiet";
    case "listening":
      return c?.turn.tag === "open" ? "quiet" : "busy";
    case "connecting":
    case "thinking":
    case "speaking":
      return "busy";
  }
}
