/**
 * A press of the button to the write of the LED's line: the whole way through the daemon, between two
 * calls of a fake kernel. The real one adds its debounce (button.debounce_ms, 20 ms) before the edge.
 */

import { GpioButton } from "../../src/adapters/gpio/button.ts";
import { ChipBank } from "../../src/adapters/gpio/chip.ts";
import { GpioLeds } from "../../src/adapters/gpio/leds.ts";
import { SystemClock } from "../../src/adapters/os/clock.ts";
import { Appliance } from "../../src/app/appliance.ts";
import { DEFAULTS } from "../../src/core/settings/table.ts";
import type { Clock } from "../../src/ports.ts";
import { SimCalendar } from "../../src/sim/clock.ts";
import { SimDice } from "../../src/sim/dice.ts";
import {
  SimCamera,
  SimControlServer,
  SimDialer,
  SimFunctionHost,
  SimJournal,
  SimMicrophone,
  SimNotifier,
  SimStateFile,
  SimStore,
  SimToolServer,
  simPresence,
} from "../../src/sim/parts.ts";
import { SimSpeaker } from "../../src/sim/speaker.ts";
import { FakeKernel, PI_4 } from "../helpers/fake-gpio.ts";
import type { Findings } from "./findings.ts";

const BUTTON = 17;
const LED = 27;
const SET_VALUES = 0x0f;
/** How long a finger stays, and stays away: six presses within three seconds are taken for flicker. */
const TAP_MS = 400;

/** Notes when the LED's line is first written after it was asked to look. */
class TimedKernel extends FakeKernel {
  writtenMs: number | null = null;

  override ioctl(descriptor: number, request: number, argument: Buffer): string {
    if ((request & 0xff) === SET_VALUES && this.open_.get(descriptor) === LED) {
      this.writtenMs ??= performance.now();
    }
    return super.ioctl(descriptor, request, argument);
  }
}

const LINE = { pin: BUTTON, pull: "up", debounceMs: 20 } as const;

/** What a press does not touch. */
function others(clock: SystemClock) {
  return {
    wakeEngine: null,
    neighbours: null,
    dialer: new SimDialer(),
    target: () => ({ url: "wss://peer.test", headers: {} }),
    faultSound: () => null,
    store: new SimStore(),
    fleetFile: null,
    ...simPresence(),
    timerFile: new SimStateFile(),
    memoryFile: new SimStateFile(),
    readYaml: async () => null,
    functionHost: new SimFunctionHost(),
    toolServer: () => new SimToolServer(clock),
    camera: new SimCamera(),
    wakeSound: () => null,
    voice: { speak: async () => new Int16Array(0) },
    volumeFile: new SimStateFile(),
    echoFile: new SimStateFile(),
    soundDevices: () => "",
    ringSound: () => null,
    models: { shutdownDates: async () => ({}) },
    notifier: new SimNotifier(),
    controlServer: new SimControlServer(),
    power: { off: async () => null },
    host: () => ({}),
  };
}

export async function pressToLed(findings: Findings, presses: number): Promise<void> {
  const clock = new SystemClock();
  const kernel = new TimedKernel(PI_4);
  const bank = new ChipBank(kernel, "/dev/gpiochip1", clock);
  const onFault = (): void => findings.missing("press_led", "a pin was refused");
  const appliance = new Appliance(
    {
      clock,
      calendar: new SimCalendar(),
      dice: new SimDice(1),
      journal: new SimJournal(),
      microphone: new SimMicrophone(),
      speaker: new SimSpeaker(clock),
      leds: new GpioLeds({ bank, clock, settings: () => DEFAULTS, onFault }),
      button: new GpioButton({ clock, bank, line: LINE, onFault }),
      ...others(clock),
    },
    () => DEFAULTS,
  );
  await appliance.start();
  const tap = async (): Promise<number> => {
    kernel.writtenMs = null;
    const beganMs = performance.now();
    kernel.edge(BUTTON, true, 0);
    await pause(clock, TAP_MS);
    kernel.edge(BUTTON, false, 0);
    await pause(clock, TAP_MS);
    return (kernel.writtenMs ?? Number.NaN) - beganMs;
  };
  await pause(clock, TAP_MS); // The pins are opened.
  for (let press = 0; press < presses; press++) {
    findings.add("press_led", await tap());
    await tap(); // Ends what the first one began.
  }
  await appliance.stop();
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
