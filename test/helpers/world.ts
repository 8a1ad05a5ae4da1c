/**
 * The whole appliance in a simulated world: virtual time, a server played by the test. What the
 * world saw is in `world.leds.shown`, `world.link.sent`, `world.journal.lines`, `world.store.files`.
 */

import assert from "node:assert/strict";
import { parse } from "yaml";
import { Appliance } from "../../src/app/appliance.ts";
import { FRAME_SAMPLES } from "../../src/core/audio/pcm.ts";
import type { SpokenSound } from "../../src/core/audio/sentences.ts";
import type { WantedServer } from "../../src/core/home/spec.ts";
import { realtimeUrl } from "../../src/core/realtime/endpoint.ts";
import { DEFAULTS, type Settings } from "../../src/core/settings/table.ts";
import type { Neighbours } from "../../src/ports.ts";
import { SimCalendar, SimClock } from "../../src/sim/clock.ts";
import { SimDice } from "../../src/sim/dice.ts";
import {
  SimButton,
  SimCamera,
  SimControlServer,
  SimDialer,
  SimFleetFile,
  SimFunctionHost,
  SimJournal,
  SimLeds,
  type SimLink,
  SimMicrophone,
  SimNotifier,
  SimStateFile,
  SimStore,
  SimToolServer,
  SimWakeEngine,
  simPresence,
} from "../../src/sim/parts.ts";
import { SimSpeaker } from "../../src/sim/speaker.ts";

type Wire = Readonly<Record<string, unknown>>;

/** Every sample of the ringing, before its volume. */
export const RING_VALUE = 10_000;
/** Every sample of the sound at the wake word, which lasts a tenth of a second. */
export const TICK_VALUE = 5_000;
/** Every sample of what `pipit say` says: a second each. */
export const SAID_VALUE = 333;

/** Sample n of the simulated room: never the same twice in 64 Ki samples, so gaps show. */
export function roomSample(position: number): number {
  return ((position * 40_503) & 0xffff) - 32_768;
}

export class World {
  readonly clock = new SimClock();
  readonly microphone = new SimMicrophone();
  readonly speaker = new SimSpeaker(this.clock);
  readonly wakeEngine = new SimWakeEngine();
  readonly leds = new SimLeds();
  readonly button = new SimButton();
  readonly dialer = new SimDialer();
  readonly journal = new SimJournal();
  readonly store = new SimStore();
  readonly fleetFile = new SimFleetFile();
  readonly timerFile: SimStateFile;
  readonly volumeFile = new SimStateFile();
  readonly memoryFile = new SimStateFile();
  readonly functionHost = new SimFunctionHost();
  /** Servers of tools, by name; made when they are first named. */
  readonly toolServers = new Map<string, SimToolServer>();
  readonly camera = new SimCamera();
  /** The other Pipits around; null: it knows of none. */
  readonly neighbours: Neighbours | null;
  readonly echoFile = new SimStateFile();
  /** The cards behind microphone and loudspeaker, as the kernel has them. */
  cards = "";
  readonly soundDevices = (): string => `default | default${this.cards}`;
  readonly presence = simPresence();
  readonly calendar = new SimCalendar();
  readonly notifier = new SimNotifier();
  readonly controlServer = new SimControlServer();
  readonly appliance: Appliance;
  settings: Settings;
  powerOffs = 0;
  /** Sentences about faults, in the order in which they were said. */
  readonly spoken: SpokenSound[] = [];
  #position = 0;

  /** `seed`: of its dice. */
  constructor(
    changes: Partial<Settings> = {},
    seed = 1,
    timerFile = new SimStateFile(),
    neighbours: Neighbours | null = null,
  ) {
    this.timerFile = timerFile;
    this.neighbours = neighbours;
    // The server of these stories says what the test says, and creates no response by itself.
    this.settings = { ...DEFAULTS, "session.response_by": "client", ...changes };
    this.appliance = new Appliance(
      {
        ...this.#ports(),
        dice: new SimDice(seed),
        power: { off: async () => this.#powerOff() },
        models: { shutdownDates: async () => ({}) },
        readYaml: async (text) => ({ tree: parse(text) }),
        voice: { speak: async () => new Int16Array(24_000).fill(SAID_VALUE) },
        wakeSound: (setting) => (setting === "off" ? null : new Int16Array(2_400).fill(TICK_VALUE)),
        ringSound: () => new Int16Array(24_000).fill(RING_VALUE),
        host: () => ({ version: "0.0.0" }),
        faultSound: (sound) => {
          this.spoken.push(sound);
          return new Int16Array(FRAME_SAMPLES).fill(77);
        },
        target: (model) => ({ url: realtimeUrl("https://peer.test/v1", model), headers: {} }),
      },
      () => this.settings,
    );
  }

  /** A started world in which the microphone has heard a second of the room. */
  static async started(changes: Partial<Settings> = {}): Promise<World> {
    const world = new World(changes);
    await world.appliance.start();
    world.listen(1000);
    return world;
  }

  /** The link dialled last. */
  get link(): SimLink {
    const link = this.dialer.links.at(-1);
    assert.ok(link, "nothing was dialled");
    return link;
  }

  get position(): number {
    return this.#position;
  }

  /** Time passes and the microphone hears the room, in frames of 20 ms. */
  listen(ms: number): void {
    const frame = new Int16Array(FRAME_SAMPLES);
    for (let passed = 0; passed < ms; passed += 20) {
      this.clock.advance(20);
      for (let i = 0; i < frame.length; i++) frame[i] = roomSample(this.#position + i);
      this.#position += frame.length;
      this.microphone.sink?.frame(frame);
    }
  }

  wake(): void {
    this.wakeEngine.sink?.detected("computer", this.#position);
  }

  /** A short press, over and debounced by now. */
  tap(): void {
    const nowMs = this.clock.nowMs();
    this.button.sink?.edge(true, nowMs - 60);
    this.button.sink?.edge(false, nowMs - 30);
  }

  #powerOff(): null {
    this.powerOffs += 1;
    return null;
  }

  /** The server says something. */
  server(type: string, more: Wire = {}): void {
    this.link.sink.text(JSON.stringify({ type, ...more }));
  }

  /** The handshake up to a session that listens. */
  accept(): void {
    this.link.sink.opened();
    this.server("session.created", { session: { id: "sess_1", model: "gpt-realtime" } });
    this.server("session.updated", {
      session: { id: "sess_1", audio: { output: { voice: "alloy" } } },
    });
  }

  /** The user has said something of one second, up to now, as the server hears it. */
  heardSpeech(itemId = "item_user", endMs = this.sentMs): void {
    this.server("input_audio_buffer.speech_started", {
      item_id: itemId,
      audio_start_ms: endMs - 1800,
    });
    this.server("input_audio_buffer.speech_stopped", { item_id: itemId, audio_end_ms: endMs });
    this.server("input_audio_buffer.committed", { item_id: itemId });
  }

  /** Woken and asked: the server has begun the response `id`, and nothing of it is heard yet. */
  asked(id = "resp_1"): void {
    this.wake();
    this.accept();
    this.listen(2400);
    this.heardSpeech();
    this.server("response.created", { response: { id } });
  }

  /** Sound of a reply: `ms` of a constant. */
  delta(responseId: string, itemId: string, ms: number, value = 1000): void {
    const pcm = Buffer.alloc(ms * 48);
    for (let i = 0; i < pcm.length; i += 2) pcm.writeInt16LE(value, i);
    this.server("response.output_audio.delta", {
      response_id: responseId,
      item_id: itemId,
      content_index: 0,
      delta: pcm.toString("base64"),
    });
  }

  done(responseId: string, more: Wire = {}): void {
    this.server("response.done", { response: { id: responseId, status: "completed", ...more } });
  }

  /** What was sent on this link, without the sound, as parsed JSON. */
  get said(): Wire[] {
    return this.#sent().filter((event) => event["type"] !== "input_audio_buffer.append");
  }

  get saidTypes(): unknown[] {
    return this.said.map((event) => event["type"]);
  }

  /** The sound that was sent on this link. */
  get sentSound(): Int16Array {
    const pieces = this.#sent()
      .filter((event) => event["type"] === "input_audio_buffer.append")
      .map((event) => Buffer.from(String(event["audio"]), "base64"));
    const bytes = Buffer.concat(pieces);
    return Int16Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(i * 2));
  }

  get sentMs(): number {
    return this.sentSound.length / 24;
  }

  lines(level: string): string[] {
    return this.journal.lines.filter((entry) => entry.level === level).map((entry) => entry.line);
  }

  /** The one metrics file there is. */
  metrics(): Wire {
    assert.equal(this.store.files.size, 1, "one metrics file");
    const [text] = this.store.files.values();
    return JSON.parse(text ?? "");
  }

  #sent(): Wire[] {
    return this.link.sent.map((text) => JSON.parse(text));
  }

  toolServer(name: string): SimToolServer {
    const server = this.toolServers.get(name) ?? new SimToolServer(this.clock);
    this.toolServers.set(name, server);
    return server;
  }

  #ports() {
    const { clock, microphone, speaker, wakeEngine, leds, button, dialer } = this;
    const { journal, store, fleetFile, notifier, controlServer, timerFile, volumeFile } = this;
    const senses = { clock, microphone, speaker, wakeEngine, leds, button };
    const { calendar } = this;
    const { memoryFile, functionHost, echoFile, camera, neighbours, soundDevices } = this;
    const kept = { timerFile, volumeFile, memoryFile, echoFile, soundDevices, ...this.presence };
    const toolServer = ({ spec }: WantedServer) => this.toolServer(spec.name);
    const files = { store, fleetFile, functionHost, camera, neighbours, toolServer, ...kept };
    return { ...senses, ...files, dialer, journal, notifier, controlServer, calendar };
  }
}

/** Lets everything that was promised happen. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
