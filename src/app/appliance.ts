/**
 * The appliance: the parts joined. Sound goes microphone → uplink and downlink → speaker; decisions
 * go through the loop; effects come back here, to one switch. Starts in order, stops in reverse,
 * each stop in bounded time.
 */

import type { Effect, Input } from "../core/assistant-types.ts";
import { CaptureClock } from "../core/audio/capture-clock.ts";
import { msToSamples } from "../core/audio/pcm.ts";
import { Ring } from "../core/audio/ring.ts";
import type { ControlReply, ControlRequest } from "../core/control.ts";
import { type Fault, faultLine } from "../core/fault.ts";
import { RING_MS } from "../core/limits.ts";
import { FRESH_LADDER, firstRung } from "../core/models/fallback.ts";
import type { Settings } from "../core/settings/table.ts";
import { readyText } from "../core/status-line.ts";
import { Downlink } from "./audio/downlink.ts";
import { type Echo, echoFor } from "./audio/echo.ts";
import { LevelWatch } from "./audio/level-watch.ts";
import { performSound } from "./audio/sound-effects.ts";
import { Uplink } from "./audio/uplink.ts";
import { WakePath } from "./audio/wake-path.ts";
import { WakeSound } from "./audio/wake-sound.ts";
import { ButtonReader } from "./button-reader.ts";
import { Connection } from "./connection.ts";
import { type Health, Lifecycle } from "./lifecycle.ts";
import { Loop } from "./loop.ts";
import { Accounts } from "./records/accounts.ts";
import { FleetReport } from "./records/fleet-report.ts";
import { RetirementWatch } from "./retirement-watch.ts";
import { type LastFault, statusOf } from "./status.ts";
import { StatusLine } from "./status-line.ts";
import { isForTools, Toolbox } from "./tools/toolbox.ts";
import type { World } from "./world.ts";

export class Appliance {
  readonly statusLine: StatusLine;
  readonly #world: World;
  readonly #settings: () => Settings;
  readonly #ring = new Ring(msToSamples(RING_MS));
  readonly #captured = new CaptureClock();
  /** Null: what plays is not taken out of what is heard. */
  readonly #echo: Echo | null;
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  readonly #connection: Connection;
  readonly #accounts: Accounts;
  readonly #fleet: FleetReport | null;
  readonly #loop: Loop;
  readonly #wakePath: WakePath | null;
  readonly #button: ButtonReader;
  readonly #lifecycle: Lifecycle;
  readonly #retirements: RetirementWatch;
  readonly #level: LevelWatch;
  readonly #tools: Toolbox;
  readonly #wakeSound: WakeSound;
  #startedMs = 0;
  #lastFrameMs: number | null = null;
  #lastFault: LastFault | null = null;
  #stopping: boolean = false;

  constructor(world: World, settings: () => Settings) {
    this.#world = world;
    this.#settings = settings;
    const { clock, dice, journal, speaker, dialer, target } = world;
    this.statusLine = new StatusLine(world.notifier);
    const post = (input: Input): void => this.#loop.post(input);
    this.#echo = this.#makeEcho();
    this.#uplink = new Uplink(this.#heardByApi, () => post({ tag: "uplink-flushed" }));
    this.#tools = this.#makeToolbox(post);
    this.#wakeSound = this.#makeWakeSound();
    this.#downlink = new Downlink({
      clock,
      speaker,
      post,
      volume: () => this.#tools.volume.gain,
      capturedAt: (serverMs) => this.#uplink.capturedAt(serverMs),
    });
    const [uplink, downlink] = [this.#uplink, this.#downlink];
    this.#connection = new Connection({ dialer, target, uplink, downlink, post });
    this.#accounts = new Accounts({
      world,
      settings,
      uplink,
      downlink,
      capturedMs: (position) => this.#captured.atMs(position),
      recorded: (record) => this.#fleet?.recorded(record),
    });
    this.#fleet = world.fleetFile === null ? null : this.#makeFleetReport(world.fleetFile);
    this.#loop = new Loop({
      clock,
      lamp: this.#tools.ringer.lamp,
      lit: (indication) => this.#accounts.recorder.lit(indication),
      settings: () => this.#echo?.inForce(settings()) ?? settings(),
      head: () => this.#ring.head,
      chance: () => dice.unit(),
      bill: (input, before) => this.#accounts.billing.before(input, before),
      perform: (effect) => this.#perform(effect),
      witness: (input, before, after, moment) => {
        this.#wakePath?.enabled(after.tag !== "muted");
        this.statusLine.show(after);
        if (after.tag !== before.tag) this.#fleet?.changed();
        if (input.tag === "part-lost") this.#failed(input.fault);
        this.#accounts.witness(input, before, after, moment);
        this.#tools.settled();
      },
    });
    this.#wakePath = world.wakeEngine === null ? null : this.#makeWakePath(world.wakeEngine);
    const isBusy = (): boolean => "talk" in this.#loop.state;
    const source = world.models;
    this.#retirements = new RetirementWatch({ clock, journal, source, settings, isBusy });
    const isFile = settings()["audio.input_device"].startsWith("file:");
    this.#level = new LevelWatch({ clock, journal, isFile });
    const presses = { button: world.button, post: this.#tools.ringer.pressed };
    this.#button = new ButtonReader({ ...presses, clock, journal, settings });
    this.#lifecycle = new Lifecycle({ clock, journal, notifier: world.notifier });
  }

  /** Resolves when everything has been started; the parts report their troubles to the loop. */
  async start(): Promise<void> {
    const { world, lifecycle } = { world: this.#world, lifecycle: this.#lifecycle };
    this.#startedMs = world.clock.nowMs();
    // Before any device: the socket is what keeps a second daemon away from the first one's.
    await world.controlServer.start(async (request) => this.#answer(request));
    lifecycle.add("control socket", () => world.controlServer.close());
    lifecycle.add("lamp", () => this.#tools.ringer.lamp.close());
    await this.#accounts.start();
    this.#loop.start();
    lifecycle.add("loop", async () => this.#loop.close());
    this.#fleet?.start();
    lifecycle.add("fleet's text file", async () => this.#fleet?.close());
    lifecycle.add("metrics", () => this.#accounts.recorder.saved());
    await this.#echo?.memory.start();
    lifecycle.add("echo", async () => this.#echo?.memory.close());
    world.speaker.start(this.#speakerSink());
    lifecycle.add("speaker", async () => {
      this.#downlink.close();
      await world.speaker.close();
    });
    this.#wakePath?.start();
    lifecycle.add("wake word", async () => this.#wakePath?.close());
    world.microphone.start(this.#microphoneSink());
    lifecycle.add("microphone", () => world.microphone.close());
    this.#button.start();
    lifecycle.add("button", () => this.#button.close());
    this.#retirements.start();
    lifecycle.add("retirements", async () => this.#retirements.close());
    await this.#tools.start();
    lifecycle.add("tools", async () => {
      this.#wakeSound.close();
      this.#tools.close();
    });
    await lifecycle.ready(this.statusLine.text, this.#readyText(), () => this.#health());
  }

  #readyText(): string {
    const settings = this.#settings();
    const model = firstRung(settings, FRESH_LADDER, this.#world.clock.nowMs());
    return readyText(settings, String(this.#world.host()["version"]), model);
  }

  /** Ends a conversation in good order, then stops the parts in reverse, in bounded time. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#lifecycle.stopping();
    this.#loop.post({ tag: "shutdown" });
    await this.#lifecycle.stop();
  }

  /** The settings have changed: what was handed out at the start is handed out anew. */
  reloaded(settings: Settings): void {
    this.#wakePath?.cooldown(settings["wake_word.cooldown_s"] * 1000);
    this.#retirements.reloaded();
    this.#downlink.volumeChanged();
  }

  #makeToolbox(post: (input: Input) => void): Toolbox {
    return new Toolbox({
      world: this.#world,
      settings: this.#settings,
      post,
      state: () => this.#loop.state,
      downlink: () => this.#downlink,
      status: () => this.#status(),
    });
  }

  get #heardByApi(): Ring {
    return this.#echo?.uplinkRing ?? this.#ring;
  }

  #makeEcho(): Echo | null {
    return echoFor({
      world: this.#world,
      settings: this.#settings,
      captured: this.#captured,
      isReply: () => !this.#downlink.saysItsOwn,
      somebody: (speaks) => this.#downlink.duck(speaks),
    });
  }

  #makeWakePath(engine: NonNullable<World["wakeEngine"]>): WakePath {
    const { ringer } = this.#tools;
    return new WakePath({
      ring: this.#echo?.path.ring ?? this.#ring,
      engine,
      cooldownMs: this.#settings()["wake_word.cooldown_s"] * 1000,
      isOwn: (endSample) => this.#echo?.path.isOwn(endSample) ?? false,
      onWake: (keyword, endSample) => {
        ringer.silence();
        this.#level.called();
        this.#loop.post({ tag: "wake", keyword, endSample });
      },
      isPlaying: () => this.#loop.state.tag === "speaking" || ringer.alarmClock.isRinging,
      onStop: () => {
        if (!ringer.silence()) this.#loop.post({ tag: "command", command: "stop" });
      },
      onLost: (why) => this.#loop.post({ tag: "part-lost", part: "wake-word", fault: why }),
      onFlowing: () => this.#loop.post({ tag: "part-back", part: "wake-word" }),
    });
  }

  #makeWakeSound(): WakeSound {
    return new WakeSound({
      clock: this.#world.clock,
      downlink: () => this.#downlink,
      sound: () => this.#world.wakeSound(this.#settings()["audio.wake_sound"]),
      volume: () => this.#tools.volume.gain,
      isConnecting: () => this.#loop.state.tag === "connecting",
      positionAt: (ms) => this.#captured.positionAt(ms),
    });
  }

  #makeFleetReport(file: NonNullable<World["fleetFile"]>): FleetReport {
    const { clock, journal, host } = this.#world;
    const now = () => ({
      version: String(host()["version"]),
      state: this.#loop.state.tag,
      levelDbfs: this.#level.rmsDbfs,
      filesLost: this.#accounts.recorder.lostFiles,
    });
    return new FleetReport({ clock, journal, file, now });
  }

  #microphoneSink() {
    return {
      frame: (pcm: Int16Array): void => {
        this.#lastFrameMs = this.#world.clock.nowMs();
        const heard = this.#wakeSound.take(pcm, this.#ring.head);
        this.#ring.write(heard);
        this.#captured.took(this.#ring.head, this.#lastFrameMs);
        this.#level.take(heard);
        const clean = this.#echo?.path.take(heard) ?? heard;
        this.#wakePath?.take(clean);
        this.#uplink.pump();
      },
      flowing: (): void => this.#loop.post({ tag: "part-back", part: "microphone" }),
      lost: (why: Fault): void => {
        this.#level.lost();
        this.#loop.post({ tag: "part-lost", part: "microphone", fault: why });
      },
    };
  }

  #speakerSink() {
    return {
      sounded: (atMs: number): void => {
        this.#wakeSound.sounded(atMs);
        this.#accounts.recorder.sounded(atMs);
      },
      drained: (): void => this.#downlink.drained(),
      underrun: (): void => this.#downlink.underrun(),
      playing: (pcm: Int16Array, atMs: number): void => this.#echo?.path.playing(pcm, atMs),
      silenced: (atMs: number): void => this.#echo?.path.silenced(atMs),
      flowing: (): void => this.#loop.post({ tag: "part-back", part: "speaker" }),
      lost: (why: Fault): void => {
        this.#downlink.lost();
        this.#loop.post({ tag: "part-lost", part: "speaker", fault: why });
      },
    };
  }

  #perform(effect: Effect): void {
    switch (effect.tag) {
      case "begin-conversation":
        this.#uplink.begin();
        this.#downlink.begin();
        this.#wakeSound.woken();
        this.#accounts.begin(effect.talk);
        break;
      case "fall-back":
        this.#accounts.recorder.fellBack(effect);
        break;
      case "called":
        this.#accounts.recorder.called(effect.name, effect.ok);
        break;
      case "tell": {
        const sound = this.#world.faultSound(effect.sound);
        if (sound !== null) this.#downlink.tell(sound);
        break;
      }
      case "end-conversation":
        if (effect.fault !== null) this.#failed(effect.fault);
        this.#accounts.end(effect.reason, effect.fault);
        break;
      case "dial":
        this.#connection.dial(effect.attempt, effect.model, effect.settings);
        break;
      case "hang-up":
        this.#connection.hangUp(effect.attempt);
        break;
      case "send":
        this.#connection.send(effect.event, effect.eventId);
        break;
      case "open-uplink":
      case "close-uplink":
      case "flush-uplink":
      case "discard-response":
      case "hush":
      case "finish-reply":
      case "repeat-reply":
        performSound(effect, this.#uplink, this.#downlink);
        break;
      case "power-off":
        void this.#powerOff();
        break;
      case "log":
        this.#world.journal.log(effect.level, effect.line);
        break;
    }
  }

  async #powerOff(): Promise<void> {
    const why = await this.#world.power.off();
    if (why !== null) this.#world.journal.log("error", faultLine(why));
  }

  async #answer(request: ControlRequest): Promise<ControlReply> {
    const { state } = this.#loop;
    if (request.command === "status") return { ok: true, data: this.#status() };
    if (this.#stopping) return { ok: false, error: "pipit is stopping" };
    if (isForTools(request)) return await this.#tools.answer(request);
    if (request.command === "stop") this.#tools.ringer.silence();
    if (request.command === "wake" && state.tag === "muted") {
      return { ok: false, error: "muted: pipit mute off" };
    }
    const command = request.command !== "mute" ? request.command : request.on ? "mute" : "unmute";
    this.#loop.post({ tag: "command", command });
    const after = this.#loop.state;
    if (command === "wake" && after.tag === "fault") {
      return { ok: false, error: faultLine(after.fault) };
    }
    return { ok: true, data: { state: after.tag } };
  }

  #status(): Record<string, unknown> {
    return statusOf({
      clock: this.#world.clock,
      settings: this.#settings(),
      state: this.#loop.state,
      recorder: this.#accounts.recorder,
      spending: this.#accounts.spending,
      hasWakeEngine: this.#wakePath !== null,
      startedMs: this.#startedMs,
      lastFrameMs: this.#lastFrameMs,
      level: this.#level.status(),
      echo: this.#echo?.memory.status() ?? null,
      lastFault: this.#lastFault,
      retiring: this.#retirements.known,
      nobody: this.#retirements.nobody,
      config: this.statusLine.config,
      host: this.#world.host(),
    });
  }

  #failed(why: Fault): void {
    this.#lastFault = { line: faultLine(why), atMs: this.#world.clock.nowMs() };
  }

  #health(): Health {
    const microphoneIsLost = this.#loop.state.troubles.microphone !== undefined;
    return { lastFrameMs: this.#lastFrameMs, microphoneIsLost };
  }
}
