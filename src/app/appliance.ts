/**
 * The appliance: the parts joined. Sound goes microphone → uplink and downlink → speaker; decisions
 * go through the loop; effects come back here, to one switch. Starts in order, stops in reverse,
 * each stop in bounded time.
 */

import type { Effect, Fact, Input } from "../core/assistant/inputs.ts";
import type { Device, State, StepContext } from "../core/assistant/state.ts";
import { isWakeVain, napMs, phase } from "../core/assistant/views.ts";
import { CaptureClock } from "../core/audio/capture-clock.ts";
import type { Ring } from "../core/audio/ring.ts";
import type { ControlReply, ControlRequest } from "../core/control.ts";
import { type Fault, faultLine } from "../core/fault.ts";
import { FRESH_CHAIN, firstCandidate } from "../core/models/fallback.ts";
import type { Phase } from "../core/phase.ts";
import { type PublicSettings, type Settings, withoutSecrets } from "../core/settings/table.ts";
import { readyText } from "../core/status-line.ts";
import { accountOf } from "./account.ts";
import { arbitrationFor } from "./audio/arbitration.ts";
import { Downlink } from "./audio/downlink.ts";
import { type Echo, echoFor, microphoneRing } from "./audio/echo.ts";
import { LevelWatch } from "./audio/level-watch.ts";
import { soundingOf } from "./audio/sounding.ts";
import { Uplink } from "./audio/uplink.ts";
import { WakePath } from "./audio/wake-path.ts";
import { WakeSound } from "./audio/wake-sound.ts";
import { ButtonReader } from "./button-reader.ts";
import { Connection } from "./connection.ts";
import { FirstReports } from "./first-reports.ts";
import { Gates } from "./gates.ts";
import { type Health, Lifecycle } from "./lifecycle.ts";
import { Loop } from "./loop.ts";
import { type Preconnect, preconnectFor } from "./preconnect.ts";
import type { NowParts } from "./presence/plan.ts";
import { Presence } from "./presence/presence.ts";
import { Accounts } from "./records/accounts.ts";
import { FleetReport } from "./records/fleet-report.ts";
import { RefusedInputs } from "./refused-inputs.ts";
import { carryOut } from "./requests.ts";
import { RetirementWatch } from "./retirement-watch.ts";
import { type LastFault, statusOf } from "./status.ts";
import { StatusLine } from "./status-line.ts";
import { Toolbox } from "./tools/toolbox.ts";
import type { World } from "./world.ts";

export class Appliance {
  readonly statusLine: StatusLine;
  readonly #world: World;
  readonly #settings: () => Settings;
  readonly #ring: Ring;
  readonly #captured = new CaptureClock();
  /** Null: what plays is not taken out of what is heard. */
  readonly #echo: Echo | null;
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  readonly #preconnect: Preconnect;
  readonly #connection: Connection;
  readonly #accounts: Accounts;
  readonly #fleet: FleetReport | null;
  readonly #loop: Loop;
  /** The settings without secrets, made anew when they change. */
  #seen: {
    readonly of: Settings;
    readonly duplex: Settings["audio.duplex"];
    readonly plain: PublicSettings;
    readonly account: string;
  } | null = null;
  /** The settings that the conversation under way began with, keys included. */
  #called: Settings;
  readonly #wakePath: WakePath | null;
  readonly #button: ButtonReader;
  readonly #lifecycle: Lifecycle;
  readonly #retirements: RetirementWatch;
  readonly #level: LevelWatch;
  readonly #tools: Toolbox;
  readonly #wakeSound: WakeSound;
  readonly #presence: Presence;
  #startedMs = 0;
  #lastFrameMs: number | null = null;
  #lastFault: LastFault | null = null;
  #stopping: boolean = false;
  /** After the last step; asked for with each frame of the microphone. */
  #phase: Phase = "idle";
  readonly #refused = new RefusedInputs();
  readonly #firstReports = new FirstReports();

  constructor(world: World, settings: () => Settings) {
    this.#world = world;
    this.#settings = settings;
    this.#called = settings();
    const { clock, dice, journal, speaker, target } = world;
    this.statusLine = new StatusLine(world.notifier);
    const post = (input: Input): void => this.#loop.post(input);
    this.#echo = this.#makeEcho();
    this.#ring = microphoneRing(this.#echo);
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
    this.#preconnect = this.#makePreconnect();
    const [uplink, downlink, dialer] = [this.#uplink, this.#downlink, this.#preconnect];
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
      leds: this.#tools.ringer.leds,
      lit: (shown) => this.#accounts.recorder.lit(shown),
      settings: () => this.#view().plain,
      account: () => this.#view().account,
      headSample: () => this.#heardSoFar(),
      chance: () => dice.unit(),
      bill: (input, before) => this.#accounts.before(input, before),
      gates: new Gates(uplink, downlink),
      perform: (effect) => this.#perform(effect),
      observe: (input, facts, state, at) => this.#observe(input, facts, state, at),
    });
    const isBusy = (): boolean => this.#loop.state.conversation !== null;
    this.#wakePath = world.wakeEngine === null ? null : this.#makeWakePath(world.wakeEngine);
    const source = world.models;
    this.#retirements = new RetirementWatch({ clock, journal, source, settings, isBusy });
    this.#level = this.#makeLevelWatch();
    this.#presence = this.#makePresence();
    const gesture = (tag: string): void => this.#presence.gesture(tag);
    const presses = { button: world.button, post: this.#tools.ringer.pressed, gesture };
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
    lifecycle.add("LEDs", () => this.#tools.ringer.leds.close());
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
      await this.#tools.close();
    });
    await this.#presence.start();
    lifecycle.add("MQTT", () => this.#presence.close());
    const ears: Device[] = this.#wakePath === null ? ["microphone"] : ["microphone", "wake-word"];
    await this.#firstReports.of(world.clock, ears);
    await lifecycle.ready(this.statusLine.text, this.#readyText(), () => this.#health());
  }

  #readyText(): string {
    const settings = this.#settings();
    const model = firstCandidate(settings, FRESH_CHAIN, this.#world.clock.nowMs());
    return readyText(settings, String(this.#world.host()["version"]), model);
  }

  /** Ends a conversation in good order, then stops the parts in reverse, in bounded time. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#preconnect.close();
    await this.#lifecycle.stopping();
    this.#loop.post({ tag: "shutdown" });
    await this.#lifecycle.stop();
  }

  /** The settings have changed: what was handed out at the start is handed out anew. */
  reloaded(settings: Settings): void {
    this.#wakePath?.cooldown(settings["wake_word.cooldown_s"] * 1000);
    this.#retirements.reloaded();
    this.#downlink.volumeChanged();
    this.#presence.reloaded();
    this.#tools.reloaded();
  }

  #makeToolbox(post: (input: Input) => void): Toolbox {
    return new Toolbox({
      world: this.#world,
      settings: this.#settings,
      post,
      state: () => this.#loop.state,
      downlink: () => this.#downlink,
      status: () => this.#status(),
      purse: {
        spent: () => this.#accounts.spending.today().microUsd,
        book: (microUsd) => this.#accounts.spending.book({ conversations: 0, microUsd }),
        keep: (record) => this.#accounts.recorder.keep(record),
      },
      changed: () => this.#presence.changed(),
    });
  }

  #makePreconnect(): Preconnect {
    const state = (): State => this.#loop.state;
    return preconnectFor(this.#world, this.#settings, state, () => this.#accounts);
  }

  #makePresence(): Presence {
    const now = (): NowParts => ({
      status: this.#status(),
      phase: phase(this.#loop.state),
      isMuted: this.#loop.state.rest.tag === "muted",
      nextTimer: this.#tools.ringer.alarmClock.next,
      volume: this.#tools.volume.percent,
    });
    const answer = (request: ControlRequest): Promise<ControlReply> => this.#answer(request);
    return new Presence({ world: this.#world, settings: this.#settings, now, answer });
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
      isFullDuplex: () => this.#loop.state.conversation?.call.settings["audio.duplex"] === "full",
      somebody: (speaks) => this.#downlink.duck(speaks),
    });
  }

  #makeLevelWatch(): LevelWatch {
    const { clock, journal } = this.#world;
    const isFile = this.#settings()["audio.input_device"].startsWith("file:");
    const wakeGainDb = (): number | null => this.#wakePath?.gainDb ?? null;
    return new LevelWatch({ clock, journal, isFile, wakeGainDb });
  }

  #makeWakePath(engine: NonNullable<World["wakeEngine"]>): WakePath {
    const { ringer } = this.#tools;
    const isBusy = (): boolean => this.#loop.state.conversation !== null;
    return new WakePath({
      ring: this.#echo?.path.ring ?? this.#ring,
      engine,
      cooldownMs: this.#settings()["wake_word.cooldown_s"] * 1000,
      isOwn: (endSample) => this.#echo?.path.isOwn(endSample) ?? false,
      onHeard: () => {
        ringer.silence();
        this.#level.called();
      },
      onWake: (keyword, endSample) => this.#loop.post({ tag: "wake", keyword, endSample }),
      arbitration: arbitrationFor(this.#world, this.#ring, isBusy),
      isVain: () => isWakeVain(this.#phase) && !ringer.alarmClock.isRinging,
      isPlaying: () => this.#phase === "speaking" || ringer.alarmClock.isRinging,
      onStop: () => {
        if (!ringer.silence()) this.#loop.post({ tag: "command", command: "stop" });
      },
      onLost: (why) => this.#loop.post({ tag: "device-lost", device: "wake-word", fault: why }),
      onFlowing: () => this.#loop.post({ tag: "device-back", device: "wake-word" }),
    });
  }

  #makeWakeSound(): WakeSound {
    return new WakeSound({
      clock: this.#world.clock,
      downlink: () => this.#downlink,
      sound: () => this.#world.wakeSound(this.#settings()["audio.wake_sound"]),
      volume: () => this.#tools.volume.gain,
      isConnecting: () => phase(this.#loop.state) === "connecting",
      positionAt: (ms) => this.#captured.positionAt(ms),
    });
  }

  #makeFleetReport(file: NonNullable<World["fleetFile"]>): FleetReport {
    const { clock, journal, host } = this.#world;
    const now = () => ({
      version: String(host()["version"]),
      state: phase(this.#loop.state),
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
        this.#pace();
      },
      flowing: (): void => this.#back("microphone"),
      lost: (why: Fault): void => {
        this.#level.lost();
        this.#loop.post({ tag: "device-lost", device: "microphone", fault: why });
      },
    };
  }

  #back(device: "microphone" | "speaker"): void {
    this.#echo?.memory.lookAtDevices();
    this.#loop.post({ tag: "device-back", device });
  }

  /** Something has come in: what the microphone has heard until then belongs before it. */
  #heardSoFar(): number {
    this.#world.microphone.nap(0);
    return this.#ring.head;
  }

  /** While nobody waits for what is heard, it is sent in few pieces and the microphone is read seldom. */
  #pace(): void {
    const { isRinging } = this.#tools.ringer.alarmClock;
    const sounding = soundingOf(this.#wakePath, this.#echo);
    this.#uplink.pump(sounding.isMidWord || sounding.isAnswerAlone);
    this.#world.microphone.nap(isRinging ? 0 : napMs(this.#loop.state, sounding));
    this.#preconnect.gate(sounding.isLoud && !this.#stopping);
  }

  #speakerSink() {
    return {
      sounded: (atMs: number): void => {
        this.#wakeSound.sounded(atMs);
        this.#accounts.recorder.sounded(atMs);
      },
      drained: (): void => this.#downlink.drained(),
      underrun: (): void => this.#downlink.underrun(),
      playing: (pcm: Int16Array, atMs: number): void => {
        this.#echo?.path.playing(pcm, atMs);
        this.#tools.ringer.leds.playing(pcm, atMs);
      },
      silenced: (atMs: number): void => this.#echo?.path.silenced(atMs),
      flowing: (): void => this.#back("speaker"),
      lost: (why: Fault): void => {
        this.#downlink.lost();
        this.#loop.post({ tag: "device-lost", device: "speaker", fault: why });
      },
    };
  }

  #view() {
    const of = this.#settings();
    const inForce = this.#echo?.inForce(of) ?? of;
    const duplex = inForce["audio.duplex"];
    if (this.#seen?.of !== of || this.#seen.duplex !== duplex) {
      this.#seen = { of, duplex, plain: withoutSecrets(inForce), account: accountOf(of) };
    }
    return this.#seen;
  }

  /** What has happened, for everybody who keeps a record of it. */
  #observe(input: Input, facts: readonly Fact[], state: State, at: StepContext): void {
    this.#wakePath?.enabled(state.rest.tag !== "muted");
    this.statusLine.show(state);
    const shown = phase(state);
    if (shown !== this.#phase) this.#fleet?.changed();
    this.#phase = shown;
    for (const fact of facts) {
      if (fact.tag === "log") this.#world.journal.log(fact.level, fact.line);
      if (fact.tag === "failed") this.#failed(fact.fault);
      if (fact.tag === "refused") this.#refused.count(fact);
      if (fact.tag !== "conversation-began") continue;
      this.#called = this.#settings();
      this.#uplink.begin();
      this.#downlink.begin();
      this.#wakeSound.woken();
    }
    this.#firstReports.saw(input);
    this.#accounts.observe(input, facts, at);
    this.#tools.observe(facts);
    this.#tools.settled();
    this.#pace();
    this.#presence.changed();
  }

  #perform(effect: Effect): void {
    switch (effect.tag) {
      case "play-error": {
        // Pressed again while it is said: once is enough.
        if (effect.sound === "muted" && this.#downlink.saysItsOwn) break;
        const sound = this.#world.faultSound(effect.sound);
        if (sound !== null) this.#downlink.playSound(sound);
        break;
      }
      case "dial":
        this.#tools.hungUp();
        this.#connection.dial(effect.attempt, effect.model, this.#called);
        break;
      case "run-tool":
        this.#tools.run(effect);
        break;
      case "abort-tool":
        this.#tools.abort(effect.callId);
        break;
      case "hang-up":
        this.#tools.hungUp();
        this.#connection.hangUp(effect.attempt);
        break;
      case "send":
        this.#tools.equipped(effect.event, (event) => this.#connection.send(event, effect.id));
        break;
      case "discard-response":
        this.#downlink.discard(effect.responseId);
        break;
      case "flush-playback":
        this.#downlink.flush(effect.attempt);
        break;
      case "finish-reply":
        this.#downlink.finish();
        break;
      case "repeat-reply":
        this.#downlink.repeat(effect.but);
        break;
      case "power-off":
        void this.#powerOff();
        break;
    }
  }

  async #powerOff(): Promise<void> {
    const why = await this.#world.power.off();
    if (why !== null) this.#world.journal.log("error", faultLine(why));
  }

  async #answer(request: ControlRequest): Promise<ControlReply> {
    if (request.command === "status") {
      const debug = request.debug ? { debug: this.#debug() } : {};
      return { ok: true, data: { ...this.#status(), ...debug } };
    }
    const isStopping = this.#stopping;
    const reply = await carryOut(request, { loop: this.#loop, tools: this.#tools, isStopping });
    this.#presence.changed();
    return reply;
  }

  #status(): Record<string, unknown> {
    return statusOf({
      clock: this.#world.clock,
      settings: this.#settings(),
      state: this.#loop.state,
      account: this.#view().account,
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
      presence: this.#presence.status(),
      host: this.#world.host(),
    });
  }

  /** For a bug report: the whole state, which holds no secret, and what was refused. */
  #debug(): Record<string, unknown> {
    const others = this.#wakePath?.otherPipits ?? null;
    const preconnects = this.#preconnect.counts;
    const { state } = this.#loop;
    return { state, refused: this.#refused.counts, other_pipits: others, preconnects };
  }

  #failed(why: Fault): void {
    this.#lastFault = { line: faultLine(why), atMs: this.#world.clock.nowMs() };
  }

  #health(): Health {
    const microphoneIsLost = this.#loop.state.memory.deviceFaults.microphone !== undefined;
    return { lastFrameMs: this.#lastFrameMs, microphoneIsLost };
  }
}
