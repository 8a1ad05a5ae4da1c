/**
 * A kitchen for fault tests: the real appliance and the real dialer, over a loopback socket, against
 * the simulated peer; microphone, speaker, LEDs and store are simulated. Everything runs on one fast
 * clock. What happened is in `ledStates`, `journal.lines`, `metrics()`, `recordings`, `peer`.
 */

import { RealtimeDialer } from "../../src/adapters/realtime/dialer.ts";
import { Appliance } from "../../src/app/appliance.ts";
import { FRAME_SAMPLES, msToSamples } from "../../src/core/audio/pcm.ts";
import { SENTENCES, type SpokenSound } from "../../src/core/audio/sentences.ts";
import type { Indication } from "../../src/core/phase.ts";
import { realtimeUrl } from "../../src/core/realtime/endpoint.ts";
import { DEFAULTS, type Settings } from "../../src/core/settings/table.ts";
import type { Clock, DialTarget, Leds } from "../../src/ports.ts";
import { SimCalendar } from "../../src/sim/clock.ts";
import { SimDice } from "../../src/sim/dice.ts";
import {
  SimButton,
  SimCamera,
  SimControlServer,
  SimFunctionHost,
  SimJournal,
  SimMicrophone,
  SimNotifier,
  SimStateFile,
  SimStore,
  SimToolServer,
  SimWakeEngine,
  simPresence,
} from "../../src/sim/parts.ts";
import { isObject, type JsonObject, parseJson } from "../../src/sim/peer/json.ts";
import { type Peer, startPeer } from "../../src/sim/peer/peer.ts";
import { SimSpeaker } from "../../src/sim/speaker.ts";
import { FastClock } from "./fast-clock.ts";
import { room, syllables } from "./speech.ts";

/** How much faster than real the rigs live, where the machine keeps up. */
const SPEED = 12;
/** All rigs of a process live in the same time: one of them cannot run ahead of another's sockets. */
const CLOCK = new FastClock(SPEED);
/** Of the clock's time: after this, something that should happen has not. */
const WAIT_MAX_MS = 180_000;
/** Real time between two looks at whether it has. */
const LOOK_EVERY_MS = 4;
/** One microphone frame. */
const PACE_MS = 20;
/** A short press: clear of the debounce, and far from a hold. */
const PRESS_MS = 120;
/** Length of a fault's recording in the rig. */
const RECORDING_MS = 300;
/** Where the recordings of the rig begin: each is one value, found again at the speaker. */
const RECORDING_VALUE = 20_001;

const WAKE_WORD = syllables(3);
const QUESTION = syllables(8);
const SILENCE = room(1000);
const SOUND_NAMES = Object.keys(SENTENCES.en);

const SHORT: Partial<Settings> = { "session.follow_up_s": 3, "session.no_speech_s": 3 };

export interface RigOptions {
  readonly scenario?: JsonObject;
  readonly settings?: Partial<Settings>;
  /** Instead of the peer's own URL; gets its port. */
  readonly baseUrl?: (port: string) => string;
  readonly key?: string;
  /** False: nobody listens at the peer's port. */
  readonly peerUp?: boolean;
}

export interface Shown {
  readonly atMs: number;
  readonly indication: Indication;
}

class TimedLeds implements Leds {
  readonly shown: Shown[] = [];
  readonly #clock: Clock;
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  show(indication: Indication): void {
    this.shown.push({ atMs: this.#clock.nowMs(), indication });
  }
  async close(): Promise<void> {}
}

export class FaultRig {
  readonly clock = CLOCK;
  /** On the clock: when the appliance was switched on. */
  readonly startedMs = CLOCK.nowMs();
  readonly leds = new TimedLeds(this.clock);
  readonly speaker = new SimSpeaker(this.clock);
  readonly journal = new SimJournal();
  readonly button = new SimButton();
  readonly #microphone = new SimMicrophone();
  readonly #wakeEngine = new SimWakeEngine();
  readonly #store = new SimStore();
  readonly #options: RigOptions;
  readonly #appliance: Appliance;
  #peer: Peer;
  #healed: boolean = false;
  #position = 0;
  #spoken: { pcm: Int16Array; at: number; ended: () => void }[] = [];
  #takeBack: () => void = () => {};
  readonly #letGo = CLOCK.hold();

  private constructor(options: RigOptions, peer: Peer) {
    this.#options = options;
    this.#peer = peer;
    const settings = { ...DEFAULTS, ...SHORT, ...options.settings };
    const { clock, leds, speaker, journal, button } = this;
    const senses = { clock, leds, speaker, journal, button, microphone: this.#microphone };
    const world = {
      ...senses,
      dice: new SimDice(3),
      wakeEngine: this.#wakeEngine,
      dialer: new RealtimeDialer(clock),
      target: (model: string) => this.#target(model, settings["openai.protocol"] === "beta"),
      faultSound: (sound: SpokenSound) => recording(sound),
      store: this.#store,
      fleetFile: null,
      timerFile: new SimStateFile(),
      memoryFile: new SimStateFile(),
      readYaml: async () => null,
      functionHost: new SimFunctionHost(),
      toolServer: () => new SimToolServer(clock),
      camera: new SimCamera(),
      neighbours: null,
      wakeSound: () => null,
      voice: { speak: async () => new Int16Array(0) },
      volumeFile: new SimStateFile(),
      echoFile: new SimStateFile(),
      soundDevices: () => "",
      ...simPresence(),
      ringSound: () => null,
      models: { shutdownDates: async () => ({}) },
      notifier: new SimNotifier(),
      controlServer: new SimControlServer(),
      power: { off: async () => null },
      calendar: new SimCalendar(),
      host: () => ({}),
    };
    this.#appliance = new Appliance(world, () => settings);
  }

  /** A started appliance in a quiet room. */
  static async start(options: RigOptions = {}): Promise<FaultRig> {
    const peer = await startPeer({ scenario: options.scenario ?? {}, clock: CLOCK });
    const rig = new FaultRig(options, peer);
    if (options.peerUp === false) await peer.close();
    await rig.#appliance.start();
    rig.#pace();
    return rig;
  }

  get peer(): Peer {
    return this.#peer;
  }

  get ledStates(): readonly Indication[] {
    return this.leds.shown.map(({ indication }) => indication);
  }

  get now(): Indication {
    return this.ledStates.at(-1) ?? "idle";
  }

  /** The metrics files, in the order of the conversations. */
  metrics(): JsonObject[] {
    return [...this.#store.files.values()].map(parseJson).filter(isObject);
  }

  /** The recordings that reached the speaker, in order. */
  get recordings(): string[] {
    const found: string[] = [];
    let run = 0;
    this.speaker.queued.forEach((value, at, all) => {
      run = value === all[at - 1] ? run + 1 : 1;
      if (value < RECORDING_VALUE || run < msToSamples(RECORDING_MS)) return;
      found.push(SOUND_NAMES[value - RECORDING_VALUE] ?? "?");
      run = 0;
    });
    return found;
  }

  /** The wake word and, in the same breath, the question. Resolves when it has been said. */
  async ask(): Promise<void> {
    await this.say(WAKE_WORD, () => this.wake());
    await this.say(QUESTION);
  }

  /** A question without the wake word. */
  async goOn(): Promise<void> {
    await this.say(QUESTION);
  }

  wake(): void {
    this.#wakeEngine.sink?.detected("computer", this.#position);
  }

  tap(): void {
    this.button.sink?.edge(true, this.clock.nowMs());
  }

  /** Down, and up again soon enough for a short press. */
  press(): void {
    this.tap();
    this.clock.after(PRESS_MS, () => this.button.sink?.edge(false, this.clock.nowMs()));
  }

  /** The microphone hears `pcm`; `then` is called at its last sample. */
  say(pcm: Int16Array, then: () => void = () => {}): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        then();
        resolve();
      };
      this.#spoken.push({ pcm, at: 0, ended: done });
    });
  }

  /** Resolves when `holds`; throws, with what was seen, when that takes too long. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const untilMs = this.clock.nowMs() + WAIT_MAX_MS;
    while (!holds()) {
      if (this.clock.nowMs() > untilMs) throw new Error(`${what}: not seen; ${this.story()}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** The LEDs show `indication` (from its `from`th showing on). */
  async shows(indication: Indication, from = 0): Promise<void> {
    await this.until(indication, () => this.ledStates.indexOf(indication, from) >= 0);
  }

  /** Everything that helps to understand a failure. */
  story(): string {
    const { lines } = this.journal;
    const shown = this.leds.shown.map(
      (s) => `${s.indication}@${Math.round(s.atMs - this.startedMs)}`,
    );
    return [shown.join(" "), ...lines.map(({ level, line }) => `${level}: ${line}`)].join("\n  ");
  }

  /** The peer is mended: another one, without faults, at the same address. */
  async heal(): Promise<void> {
    const port = Number(new URL(this.#peer.url).port);
    this.#healed = true;
    const { models } = this.#options.scenario ?? {};
    const kept = Array.isArray(models) ? { models: models.map(nameOf) } : {};
    await this.#peer.close();
    const scenario = { protocol: "both", ...kept };
    this.#peer = await startPeer({ scenario, clock: CLOCK, port });
  }

  async close(): Promise<void> {
    await this.#appliance.stop();
    this.#takeBack();
    await this.#peer.close();
    this.#letGo();
  }

  #target(model: string, beta: boolean): DialTarget {
    const { port } = new URL(this.#peer.url);
    const instead = this.#healed ? undefined : this.#options.baseUrl?.(port);
    const base = instead ?? this.#peer.url;
    const dialect: Record<string, string> = beta ? { "OpenAI-Beta": "realtime=v1" } : {};
    const headers = { Authorization: `Bearer ${this.#options.key ?? "sk-test"}`, ...dialect };
    return { url: realtimeUrl(base, model), headers };
  }

  /** A frame now, and every 20 ms. */
  #pace(): void {
    this.#takeBack = this.clock.after(PACE_MS, () => this.#pace());
    const frame = new Int16Array(FRAME_SAMPLES);
    const ended = this.#fill(frame);
    this.#position += FRAME_SAMPLES;
    this.#microphone.sink?.frame(frame);
    ended?.();
  }

  /** The next frame of what is said, or of the room; the result is to be told that it ended. */
  #fill(frame: Int16Array): (() => void) | null {
    const said = this.#spoken[0];
    const from = this.#position % (SILENCE.length - FRAME_SAMPLES);
    frame.set(SILENCE.subarray(from, from + FRAME_SAMPLES));
    if (said === undefined) return null;
    frame.set(said.pcm.subarray(said.at, said.at + FRAME_SAMPLES));
    said.at += FRAME_SAMPLES;
    if (said.at < said.pcm.length) return null;
    this.#spoken.shift();
    return said.ended;
  }
}

function recording(sound: SpokenSound): Int16Array {
  return new Int16Array(msToSamples(RECORDING_MS)).fill(
    RECORDING_VALUE + SOUND_NAMES.indexOf(sound),
  );
}

function nameOf(model: unknown): string {
  return typeof model === "string" ? model : String(Object(model).id);
}
