/** What the appliance is made of: the ports, and the few facts that come from outside. */

import type { SpokenSound } from "../core/audio/sentences.ts";
import type { WantedServer } from "../core/home/spec.ts";
import type { Settings } from "../core/settings/table.ts";
import type {
  BrokerDialer,
  Button,
  Calendar,
  Camera,
  Clock,
  ControlServer,
  Dialer,
  DialTarget,
  Dice,
  FleetFile,
  FunctionHost,
  Journal,
  Leds,
  Machine,
  MetricsStore,
  Microphone,
  ModelsSource,
  Neighbours,
  Notifier,
  PlainVoice,
  Power,
  Speaker,
  StateFile,
  ToolServer,
  WakeEngine,
} from "../ports.ts";

export interface World {
  readonly clock: Clock;
  readonly calendar: Calendar;
  readonly dice: Dice;
  readonly journal: Journal;
  readonly microphone: Microphone;
  readonly speaker: Speaker;
  /** Null: woken by the button or by command only. */
  readonly wakeEngine: WakeEngine | null;
  /** Null: whoever hears the wake word answers. */
  readonly neighbours: Neighbours | null;
  readonly leds: Leds;
  readonly button: Button;
  readonly dialer: Dialer;
  readonly target: (model: string, settings: Settings) => DialTarget;
  /** Recordings of what it says by itself, in the owner's language; null where there is none. */
  readonly faultSound: (sound: SpokenSound) => Int16Array | null;
  readonly store: MetricsStore;
  readonly timerFile: StateFile;
  readonly volumeFile: StateFile;
  readonly memoryFile: StateFile;
  /** Null: the text is no YAML. */
  readonly readYaml: (text: string) => Promise<{ readonly tree: unknown } | null>;
  readonly functionHost: FunctionHost;
  /** Opens a server of tools; nothing of it is loaded before it is asked. */
  readonly toolServer: (wanted: WantedServer) => ToolServer;
  readonly camera: Camera;
  /** For `pipit say`. */
  readonly voice: PlainVoice;
  readonly echoFile: StateFile;
  /** The names of microphone and loudspeaker, and of the cards behind them now. */
  readonly soundDevices: (settings: Settings) => string;
  /** The recording that a timer rings with; null where there is none. */
  readonly ringSound: () => Int16Array | null;
  /** By audio.wake_sound; null: none is wanted, or it cannot be read. */
  readonly wakeSound: (setting: string) => Int16Array | null;
  readonly broker: BrokerDialer;
  readonly machine: () => Machine;
  /** What was announced at a broker. */
  readonly presenceFile: StateFile;
  /** Null: none is wanted. */
  readonly fleetFile: FleetFile | null;
  readonly models: ModelsSource;
  readonly notifier: Notifier;
  readonly controlServer: ControlServer;
  readonly power: Power;
  /** What the process knows of itself, for `pipit status`. */
  readonly host: () => Readonly<Record<string, unknown>>;
}
