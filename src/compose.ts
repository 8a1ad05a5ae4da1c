/**
 * From settings to an appliance: the only file that names concrete adapters. Reads nothing but the
 * settings and the environment, starts nothing.
 */

import { loadCapture } from "./adapters/alsa/capture.ts";
import { alsaName, devicesText } from "./adapters/alsa/card-finder.ts";
import { FolderWatch } from "./adapters/config/watch.ts";
import { parseYaml } from "./adapters/config/yaml.ts";
import { controlSocketPath } from "./adapters/control/path.ts";
import { ControlSocket } from "./adapters/control/socket.ts";
import { OutsideHost } from "./adapters/functions/host.ts";
import type { Bank } from "./adapters/gpio/bank.ts";
import { GpioButton } from "./adapters/gpio/button.ts";
import { LateBank } from "./adapters/gpio/late-bank.ts";
import { GpioLeds } from "./adapters/gpio/leds.ts";
import { NoneButton, NoneLeds } from "./adapters/gpio/none.ts";
import { type GpioBackend, pickBank } from "./adapters/gpio/pick.ts";
import { isPwmPin, PwmPins } from "./adapters/gpio/pwm.ts";
import { openSpi } from "./adapters/gpio/spi.ts";
import { StripLeds } from "./adapters/gpio/strip.ts";
import { TerminalButton, TerminalLeds } from "./adapters/gpio/terminal.ts";
import { LateServer } from "./adapters/mcp/late-server.ts";
import { MetricsFiles } from "./adapters/metrics/files.ts";
import { TextFleetFile } from "./adapters/metrics/fleet-file.ts";
import type { MetricsLimits } from "./adapters/metrics/rotation.ts";
import { AlsaMicrophone } from "./adapters/microphone/alsa.ts";
import { FileMicrophone } from "./adapters/microphone/file.ts";
import { Lpcm16Microphone, type Lpcm16MicrophoneOptions } from "./adapters/microphone/lpcm16.ts";
import { MqttDialer } from "./adapters/mqtt/dialer.ts";
import { SystemCalendar, SystemClock, SystemDice } from "./adapters/os/clock.ts";
import { type Env, fdSink, wantsColour } from "./adapters/os/line-sink.ts";
import { thisMachine } from "./adapters/os/machine.ts";
import { projectVersion } from "./adapters/os/project-root.ts";
import { FolderStateFile } from "./adapters/os/state-file.ts";
import { loadWav } from "./adapters/os/wav-file.ts";
import { startLocal } from "./adapters/programs/local.ts";
import { LocalPrograms } from "./adapters/programs/local-programs.ts";
import { RealtimeDialer } from "./adapters/realtime/dialer.ts";
import { ModelsList } from "./adapters/realtime/models-list.ts";
import { AplaySpeaker } from "./adapters/speaker/aplay.ts";
import { EspeakVoice } from "./adapters/speaker/espeak.ts";
import { ringSound, spokenSound, wakeSound } from "./adapters/speaker/fault-sounds.ts";
import { FileSpeaker, recordable } from "./adapters/speaker/file.ts";
import { NodeSpeaker } from "./adapters/speaker/node.ts";
import { pickSpeaker } from "./adapters/speaker/pick.ts";
import { ExitRecord } from "./adapters/systemd/exit-record.ts";
import { LineJournal } from "./adapters/systemd/journal.ts";
import { SystemdNotifier } from "./adapters/systemd/notifier.ts";
import { SystemdPower } from "./adapters/systemd/power.ts";
import { LanNeighbours } from "./adapters/wake/neighbours.ts";
import { openWakeEngine, wakePlan } from "./adapters/wake/open.ts";
import { Appliance } from "./app/appliance.ts";
import { Reloader, type ReloaderOptions } from "./app/reloader.ts";
import type { Role } from "./core/alsa/cards.ts";
import type { SpokenSound } from "./core/audio/sentences.ts";
import { type Fault, faultLine } from "./core/fault.ts";
import type { WantedServer } from "./core/home/spec.ts";
import { dialTarget } from "./core/realtime/endpoint.ts";
import type { Redactor } from "./core/redact.ts";
import type { Settings } from "./core/settings/table.ts";
import { wakingWords } from "./core/wake/plan.ts";
import type { Sensitivity } from "./core/wake/sensitivity.ts";
import type {
  Button,
  Camera,
  Clock,
  Dice,
  FleetFile,
  Journal,
  Leds,
  Microphone,
  Neighbours,
  Programs,
  Speaker,
  StateFile,
  ToolServer,
  WakeEngine,
} from "./ports.ts";

const FILE_DEVICE = "file:";
export const ECHO_FILE = "echo.json";

/** What every part may need. */
interface Base {
  readonly settings: Settings;
  /** For what a reload may change. */
  readonly current: () => Settings;
  /** The ways to the pins that were looked for already. */
  readonly banks: Map<GpioBackend, Bank | null>;
  /** What was said about the pins. */
  readonly logged: Set<string>;
  readonly env: Env;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly journal: Journal;
}

/** What is kept of the looks at the pins, at the beginning. */
function memory(): Pick<Base, "banks" | "logged"> {
  return { banks: new Map(), logged: new Set() };
}

/** The journal alone: what can go wrong while composing is told through it. */
export function composeJournal(settings: Settings, env: Env, secrets: Redactor): LineJournal {
  const sink = fdSink(1, env);
  return new LineJournal({
    sink,
    clock: new SystemClock(),
    colour: wantsColour(sink, env),
    level: settings["system.log_level"],
    secrets,
  });
}

/** How the run before ended, and where this one says how it does. */
export function composeExitRecord(env: Env, secrets: Redactor): ExitRecord {
  return new ExitRecord({ env, clock: new SystemClock(), secrets });
}

/** What reads the configuration again; `parts` are those of it that are the caller's. */
export function composeReloader(
  path: string,
  parts: Omit<ReloaderOptions, "clock" | "watch">,
): Reloader {
  const clock = new SystemClock();
  return new Reloader({ ...parts, clock, watch: new FolderWatch({ path, clock }) });
}

/** What the process knows before it has an appliance. */
export interface Known {
  /** How the run before ended. */
  readonly lastExit: string | null;
  /** What must not be shown. */
  readonly secrets: Redactor;
}

/**
 * The appliance that the settings describe; what a reload may change is asked for when it is
 * needed. Throws a FaultError for devices that cannot be.
 */
export function compose(
  current: () => Settings,
  env: Env,
  journal: Journal,
  known: Known,
): Appliance {
  const settings = current();
  const [clock, dice] = [new SystemClock(), new SystemDice()];
  const { secrets } = known;
  const base: Base = { ...memory(), settings, current, env, journal, clock, dice };
  const socketPath = controlSocketPath(settings["system.control_socket"], env, { role: "serve" });
  const programs = composePrograms(clock, current);
  const world = {
    clock,
    calendar: new SystemCalendar(),
    dice,
    journal,
    microphone: composeMicrophone(base),
    speaker: composeSpeaker(base),
    wakeEngine: composeWakeEngine(base),
    neighbours: composeNeighbours(base),
    leds: composeLeds(base),
    button: composeButton(base),
    dialer: new RealtimeDialer(clock),
    target: dialTarget,
    faultSound: (sound: SpokenSound) => spokenSound(sound, current()["openai.language"]),
    timerFile: composeStateFile("timers.json", "The timers", base),
    volumeFile: composeStateFile("volume.json", "The volume", base),
    memoryFile: composeStateFile("memory.yaml", "What is remembered", base),
    readYaml,
    functionHost: new OutsideHost(programs),
    toolServer: composeToolServer({ clock, dice, programs }),
    camera: composeCamera(base),
    ...composeEcho(base),
    voice: new EspeakVoice(clock),
    ringSound,
    wakeSound,
    store: new MetricsFiles({
      dir: settings["metrics.dir"],
      limits: () => metricsLimits(current()),
      clock,
      secrets,
    }),
    broker: new MqttDialer(clock),
    machine: () => thisMachine(),
    presenceFile: composeStateFile("presence.json", "What was announced by MQTT", base),
    fleetFile: composeFleetFile(base),
    models: new ModelsList({
      clock,
      baseUrl: () => current()["openai.base_url"],
      apiKey: () => current()["openai.api_key"],
      dir: settings["metrics.dir"],
    }),
    notifier: new SystemdNotifier({ clock, env, pid: process.pid, secrets }),
    power: new SystemdPower(),
    controlServer: new ControlSocket(socketPath, clock, { journal, secrets }),
    host: hostFacts(known.lastExit),
  };
  return new Appliance(world, withWakingWords(current));
}

/** Beside what systemd keeps for us; without systemd, beside the metrics. */
function composeStateFile(
  name: string,
  what: string,
  { settings, env, clock }: Pick<Base, "settings" | "env" | "clock">,
): StateFile {
  const [folder = ""] = (env["STATE_DIRECTORY"] ?? "").split(":");
  const dir = folder === "" ? settings["metrics.dir"] : folder;
  return new FolderStateFile({ dir, name, what, clock });
}

export function composeDevices(settings: Settings): string {
  return devicesText(settings["audio.input_device"], settings["audio.output_device"]);
}

function composeEcho(base: Base) {
  return { echoFile: composeEchoFile(base), soundDevices: composeDevices };
}

/** `pipit doctor --echo` writes it, too. */
export function composeEchoFile(base: Pick<Base, "settings" | "env" | "clock">): StateFile {
  return composeStateFile(ECHO_FILE, "What was learned of the echo", base);
}

/** Loaded with the first picture: most appliances have no eyes. */
function composeCamera({ clock, current, env }: Base): Camera {
  let known: Camera | null = null;
  return {
    take: async (signal) => {
      const { SystemCamera } = await import("./adapters/camera/system-camera.ts");
      known ??= new SystemCamera({
        clock,
        runner: { start: (request, sink) => startLocal(request, sink, { clock }) },
        source: () => current()["camera.source"],
        path: env["PATH"] ?? "",
      });
      return await known.take(signal);
    },
  };
}

async function readYaml(text: string): Promise<{ readonly tree: unknown } | null> {
  const { document, problems } = parseYaml(text);
  return document === null || problems.length > 0 ? null : { tree: document.tree };
}

/** The settings with the words that are really listened for: those of models have names of their own. */
function withWakingWords(current: () => Settings): () => Settings {
  let given = current();
  if (!given["wake_word.enabled"]) return current;
  const words = wakingWords(wakePlan(given)).map(({ keyword }) => keyword);
  const named = (settings: Settings): Settings => ({ ...settings, "wake_word.keyword": words });
  let shown = named(given);
  return () => {
    const now = current();
    if (now !== given) [given, shown] = [now, named(now)];
    return shown;
  };
}

function metricsLimits(settings: Settings): MetricsLimits {
  return {
    maxFiles: settings["metrics.max_files"],
    maxBytes: settings["metrics.max_mb"] * 1_000_000,
    maxAgeDays: settings["metrics.max_age_days"],
  };
}

/** Asked at every status: what does not change is read once. */
function hostFacts(lastExit: string | null): () => Readonly<Record<string, unknown>> {
  const version = projectVersion();
  return () => {
    const memoryMb = Math.round(process.memoryUsage.rss() / 1_048_576);
    return { last_exit: lastExit, memory_mb: memoryMb, version, pid: process.pid };
  };
}

/** Parts one by one, for commands that try them while the appliance does not run. */
export interface Parts {
  /** Each throws a FaultError for devices that cannot be, and starts nothing. */
  readonly microphone: () => Microphone;
  readonly speaker: () => Speaker;
  /** Null where no wake word is listened for. */
  readonly wakeEngine: (sensitivity: Sensitivity) => WakeEngine | null;
}

export function composeParts(settings: Settings, env: Env, journal: Journal): Parts {
  const [clock, dice] = [new SystemClock(), new SystemDice()];
  const current = (): Settings => settings;
  const base: Base = { ...memory(), settings, current, env, journal, clock, dice };
  return {
    microphone: () => composeMicrophone(base),
    speaker: () => composeSpeaker(base),
    wakeEngine: (sensitivity) =>
      composeWakeEngine({
        ...base,
        settings: { ...settings, "wake_word.sensitivity": sensitivity },
      }),
  };
}

/** What runs the programs of others. */
export function composePrograms(clock: Clock, current: () => Settings): Programs {
  return new LocalPrograms({ clock, sandbox: () => current()["tools.sandbox"] });
}

/** Of the bridge to servers of tools nothing is loaded before one is asked. */
export function composeToolServer(parts: {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly programs: Programs;
}): (wanted: WantedServer) => ToolServer {
  return ({ spec, home }) => {
    const options = { ...parts, spec, version: projectVersion() };
    return new LateServer(async () => {
      if (home === null) {
        const { McpServer } = await import("./adapters/mcp/server.ts");
        return new McpServer(options);
      }
      const { HomeAssistant } = await import("./adapters/home-assistant/home-assistant.ts");
      return new HomeAssistant(options, home);
    });
  };
}

function composeFleetFile({ settings, clock }: Base): FleetFile | null {
  const path = settings["metrics.textfile"];
  return path === "" ? null : new TextFleetFile(path, clock);
}

function composeMicrophone(base: Base): Microphone {
  const { settings, clock, dice } = base;
  const device = settings["audio.input_device"];
  return device.startsWith(FILE_DEVICE)
    ? new FileMicrophone({ pcm: loadWav(device.slice(FILE_DEVICE.length)), clock })
    : composeRecorder(base, {
        device: unambiguous(device, "capture"),
        channel: settings["audio.input_channel"],
        clock,
        dice,
      });
}

function composeRecorder({ settings, journal }: Base, options: Lpcm16MicrophoneOptions) {
  if (settings["audio.input_backend"] !== "alsa") return new Lpcm16Microphone(options);
  const library = loadCapture();
  if (library !== null) return new AlsaMicrophone({ ...options, library });
  journal.log(
    "notice",
    "ALSA cannot be called from Node here (koffi, libasound2); arecord records",
  );
  return new Lpcm16Microphone(options);
}

/** The device as it is, once it is clear that it does not mean two cards: throws a FaultError. */
function unambiguous(device: string, role: Role): string {
  alsaName(device, role);
  return device;
}

function composeSpeaker({ settings, clock, dice, journal }: Base): Speaker {
  const device = settings["audio.output_device"];
  if (device.startsWith(FILE_DEVICE)) {
    return new FileSpeaker({ path: recordable(device.slice(FILE_DEVICE.length)), clock });
  }
  const leadInMs = settings["audio.lead_in_ms"];
  const options = { device: unambiguous(device, "playback"), leadInMs, clock, dice };
  const { backend, why, isChoice } = pickSpeaker(settings["audio.output_backend"]);
  if (why !== "") journal.log(isChoice ? "info" : "notice", why);
  return backend === "speaker" ? new NodeSpeaker(options) : new AplaySpeaker(options);
}

function composeWakeEngine(base: Base): WakeEngine | null {
  const { settings, clock, dice } = base;
  if (!settings["wake_word.enabled"]) return null;
  return openWakeEngine(settings, { clock, dice, onPartial: (why) => warn(base, why) });
}

function composeNeighbours({ settings, clock }: Base): Neighbours | null {
  if (settings["wake_word.arbitrate"] === "off" || !settings["wake_word.enabled"]) return null;
  return new LanNeighbours({ clock, secret: settings["wake_word.arbitrate_secret"] });
}

function composeLeds(base: Base): Leds {
  const { settings, env, clock, current } = base;
  const backend = settings["leds.backend"];
  const onFault = (why: Fault): void => warnOnce(base, why);
  if (backend === "apa102") {
    const bank = isPin(settings["leds.power_pin"]) ? pins("auto", base) : null;
    const open = () => openSpi(settings["leds.device"]);
    return new StripLeds({ open, bank, clock, settings: current, onFault });
  }
  const hasLeds = [settings["leds.listening_pin"], settings["leds.status_pin"]].some(isPin);
  const bank = hasLeds ? pins(backend, base) : null;
  if (bank !== null) {
    const options = { bank: dimmed(bank, base), clock, settings: current };
    return new GpioLeds({ ...options, onFault });
  }
  const sink = fdSink(1, env);
  return isPanel(backend) ? new TerminalLeds(sink, wantsColour(sink, env)) : new NoneLeds();
}

/** The pins that the kernel's PWM drives are had from there. */
function dimmed(bank: Bank, { settings, clock }: Base): Pick<Bank, "output"> {
  if (!settings["leds.pwm"]) return bank;
  const pwm = new PwmPins(clock);
  return { output: (of) => (isPwmPin(of.pin) ? pwm.output(of) : bank.output(of)) };
}

function composeButton(base: Base): Button {
  const { settings, clock } = base;
  const backend = settings["button.backend"];
  const pin = settings["button.pin"];
  const bank = pin === "none" ? null : pins(backend, base);
  if (bank !== null && pin !== "none") {
    const line = {
      pin,
      pull: settings["button.pull"],
      debounceMs: settings["button.debounce_ms"],
    };
    return new GpioButton({ clock, bank, line, onFault: (why) => warnOnce(base, why) });
  }
  if (!isPanel(backend)) return new NoneButton();
  const interrupt = (): void => {
    process.kill(process.pid, "SIGINT");
  };
  const print = (line: string): void => base.journal.log("info", line);
  return new TerminalButton(process.stdin, clock, interrupt, print);
}

/** The way to the pins, where there is one; told, once, where there should be. */
function pins(backend: GpioBackend, base: Base): Bank | null {
  const known = base.banks.get(backend);
  if (known !== undefined) return known;
  const pick = () =>
    pickBank(backend, {
      clock: base.clock,
      onNotice: (notice) => base.journal.log("notice", faultLine(notice)),
    });
  const { bank, fault } = pick();
  const isClosed = bank === null && fault?.message.includes("permission") === true;
  if (fault !== null) warnOnce(base, fault);
  const found = isClosed ? new LateBank(pick) : bank;
  base.banks.set(backend, found);
  return found;
}

/** The same trouble of several pins is one line. */
function warnOnce(base: Base, why: Fault): void {
  const line = faultLine(why);
  if (base.logged.has(line)) return;
  base.logged.add(line);
  warn(base, why);
}

function warn({ journal }: Base, why: Fault): void {
  journal.log("warning", faultLine(why));
}

function isPin(pin: number | "none"): boolean {
  return pin !== "none";
}

/** `auto` shows the panel to somebody who sits at a terminal, and to nobody else. */
function isPanel(backend: GpioBackend): boolean {
  return backend === "panel" || (backend === "auto" && process.stdout.isTTY === true);
}
