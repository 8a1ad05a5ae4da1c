/**
 * From settings to an appliance: the only file that names concrete adapters. Reads nothing but the
 * settings and the environment, starts nothing.
 */

import { alsaName } from "./adapters/alsa-cards.ts";
import { SystemClock, SystemDice } from "./adapters/clock.ts";
import { controlSocketPath } from "./adapters/control-path.ts";
import { ControlSocket } from "./adapters/control-socket.ts";
import { faultSound } from "./adapters/fault-sounds.ts";
import { LineJournal } from "./adapters/journal.ts";
import { type Env, fdSink, wantsColour } from "./adapters/line-sink.ts";
import { MetricsFiles } from "./adapters/metrics-files.ts";
import { FileMicrophone } from "./adapters/microphone-file.ts";
import { Lpcm16Microphone } from "./adapters/microphone-lpcm16.ts";
import { ModelsList } from "./adapters/models-list.ts";
import { NoneButton, NoneLamp } from "./adapters/none.ts";
import { PanelButton, PanelLamp } from "./adapters/panel.ts";
import { RealtimeDialer } from "./adapters/realtime-socket.ts";
import { AplaySpeaker } from "./adapters/speaker-aplay.ts";
import { FileSpeaker } from "./adapters/speaker-file.ts";
import { NodeSpeaker } from "./adapters/speaker-node.ts";
import { canUseSpeakerPackage } from "./adapters/speaker-pick.ts";
import { SystemdNotifier } from "./adapters/systemd-notify.ts";
import { KeylessWakeEngine } from "./adapters/wake-keyless.ts";
import { PorcupineWakeEngine } from "./adapters/wake-porcupine.ts";
import { loadWav } from "./adapters/wav-file.ts";
import { Appliance } from "./app/appliance.ts";
import { realtimeUrl } from "./app/connection.ts";
import { type Settings, secretValues } from "./core/settings.ts";
import type {
  Button,
  Clock,
  DialTarget,
  Dice,
  Journal,
  Lamp,
  Microphone,
  Speaker,
  WakeEngine,
} from "./ports.ts";

const FILE_DEVICE = "file:";

/** What every part may need. */
interface Base {
  readonly settings: Settings;
  readonly env: Env;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly journal: Journal;
}

/** The journal alone: what can go wrong while composing is told through it. */
export function composeJournal(settings: Settings, env: Env): LineJournal {
  const sink = fdSink(1, env);
  return new LineJournal({
    sink,
    clock: new SystemClock(),
    colour: wantsColour(sink, env),
    level: settings["system.log_level"],
    secrets: secretValues(settings),
  });
}

/**
 * The appliance that the settings describe; what a reload may change is asked for when it is
 * needed. Throws a FaultError for devices that cannot be.
 */
export function compose(current: () => Settings, env: Env, journal: Journal): Appliance {
  const settings = current();
  const base: Base = { settings, env, journal, clock: new SystemClock(), dice: new SystemDice() };
  const { clock, dice } = base;
  const socketPath = controlSocketPath(settings["system.control_socket"], env, { role: "serve" });
  const world = {
    clock,
    dice,
    journal,
    microphone: composeMicrophone(base),
    speaker: composeSpeaker(base),
    wakeEngine: composeWakeEngine(base),
    lamp: composeLamp(base),
    button: composeButton(base),
    dialer: new RealtimeDialer(clock),
    target,
    faultSound,
    store: new MetricsFiles({
      dir: settings["metrics.dir"],
      maxFiles: settings["metrics.max_files"],
      clock,
    }),
    models: new ModelsList({
      clock,
      baseUrl: () => current()["openai.base_url"],
      apiKey: () => current()["openai.api_key"],
      dir: settings["metrics.dir"],
    }),
    notifier: new SystemdNotifier({ clock, env, pid: process.pid }),
    controlServer: new ControlSocket(socketPath, clock),
  };
  return new Appliance(world, current);
}

function target(model: string, settings: Settings): DialTarget {
  const beta = settings["openai.protocol"] === "beta";
  return {
    url: realtimeUrl(settings["openai.base_url"], model),
    headers: {
      Authorization: `Bearer ${settings["openai.api_key"]}`,
      ...(beta ? { "OpenAI-Beta": "realtime=v1" } : {}),
    },
  };
}

function composeMicrophone({ settings, clock, dice }: Base): Microphone {
  const device = settings["audio.input_device"];
  return device.startsWith(FILE_DEVICE)
    ? new FileMicrophone({ pcm: loadWav(device.slice(FILE_DEVICE.length)), clock })
    : new Lpcm16Microphone({ device: unambiguous(device), clock, dice });
}

/** The device as it is, once it is clear that it does not mean two cards: throws a FaultError. */
function unambiguous(device: string): string {
  alsaName(device);
  return device;
}

function composeSpeaker({ settings, clock, dice, journal }: Base): Speaker {
  const device = settings["audio.output_device"];
  if (device.startsWith(FILE_DEVICE)) {
    return new FileSpeaker({ path: device.slice(FILE_DEVICE.length), clock });
  }
  const options = { device: unambiguous(device), clock, dice };
  const backend = settings["audio.output_backend"];
  if (backend === "aplay") return new AplaySpeaker(options);
  if (backend === "speaker" || canUseSpeakerPackage()) return new NodeSpeaker(options);
  journal.log("notice", "The package speaker did not build here; aplay plays instead");
  return new AplaySpeaker(options);
}

function composeWakeEngine({ settings, clock, dice }: Base): WakeEngine | null {
  if (!settings["wake_word.enabled"]) return null;
  const options = {
    keywords: settings["wake_word.keyword"],
    sensitivity: settings["wake_word.sensitivity"],
    clock,
    dice,
  };
  if (settings["wake_word.engine"] === "porcupine-keyless") return new KeylessWakeEngine(options);
  return new PorcupineWakeEngine({
    ...options,
    accessKey: settings["wake_word.access_key"],
    modelPath: settings["wake_word.model_path"],
  });
}

function composeLamp({ settings, env }: Base): Lamp {
  const sink = fdSink(1, env);
  return isPanel(settings["leds.backend"])
    ? new PanelLamp(sink, wantsColour(sink, env))
    : new NoneLamp();
}

function composeButton({ settings, clock }: Base): Button {
  if (!isPanel(settings["button.backend"])) return new NoneButton();
  return new PanelButton(process.stdin, clock, () => process.kill(process.pid, "SIGINT"));
}

/** `auto` shows the panel to somebody who sits at a terminal, and to nobody else. */
function isPanel(backend: "auto" | "panel" | "none"): boolean {
  return backend === "panel" || (backend === "auto" && process.stdout.isTTY === true);
}
