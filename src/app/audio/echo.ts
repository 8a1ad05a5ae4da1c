/** What plays, taken out of what is heard: as the settings ask for it, with what was learned before. */

import { RING_MS } from "../../core/assistant/limits.ts";
import type { CaptureClock } from "../../core/audio/capture-clock.ts";
import { msToSamples } from "../../core/audio/pcm.ts";
import { Ring } from "../../core/audio/ring.ts";
import { type Duplex, duplexFor, getsThrough, listensFor } from "../../core/echo/duplex.ts";
import { echoText, reachText } from "../../core/echo/judge.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Journal } from "../../ports.ts";
import type { World } from "../world.ts";
import { EchoGate } from "./echo-gate.ts";
import { EchoMemory } from "./echo-memory.ts";
import { EchoPath } from "./echo-path.ts";

/** What the wake-word engine needs of the sound, as long as it looks back, and some. */
const WAKE_RING_MS = 5_000;

export interface Echo {
  readonly path: EchoPath;
  readonly memory: EchoMemory;
  /** What the API is to hear; null: what the microphone hears. */
  readonly uplinkRing: Ring | null;
  /** The settings with what follows from the echo: whether full duplex works. */
  inForce(settings: Settings): Settings;
}

export interface EchoOptions {
  readonly world: Pick<World, "clock" | "journal" | "echoFile" | "soundDevices">;
  readonly settings: () => Settings;
  readonly captured: CaptureClock;
  /** Whether what plays is an answer: nobody talks over a beep. */
  readonly isReply: () => boolean;
  /** Whether the microphone is open during the answers of this conversation. */
  readonly isFullDuplex: () => boolean;
  /** Somebody makes a sound while an answer plays, or does no more. */
  readonly somebody: (speaks: boolean) => void;
}

/** Null: nothing is taken out. */
export function echoFor(options: EchoOptions): Echo | null {
  const { world, settings, captured, somebody } = options;
  const { clock, journal, echoFile: store } = world;
  const mode = settings()["audio.echo"];
  if (mode === "off") return null;
  const devices = (): string => world.soundDevices(settings());
  const memory = new EchoMemory({ clock, journal, store, devices });
  const gate = mode === "wake" ? null : new EchoGate(msToSamples(RING_MS));
  const isWanted = (): boolean =>
    options.isReply() && options.isFullDuplex() && listensFor(settings());
  // It may have turned out in this very conversation that it does not work.
  const mayInterrupt = (): boolean => mode === "full" || getsThrough(memory.learned);
  const listener = gate === null ? null : { gate, isWanted, mayInterrupt, somebody };
  const ringSamples = msToSamples(WAKE_RING_MS);
  const path = new EchoPath({ captured, teacher: memory, listener, ringSamples });
  const duplex = new DuplexInForce(memory, journal);
  const inForce = (now: Settings): Settings => duplex.inForce(now);
  return { path, memory, uplinkRing: gate?.ring ?? null, inForce };
}

/** What the microphone hears; no longer than others need it, where the API hears another one. */
export function microphoneRing(echo: Echo | null): Ring {
  const isForApi = echo === null || echo.uplinkRing === null;
  return new Ring(msToSamples(isForApi ? RING_MS : WAKE_RING_MS));
}

/** Tells, once each time, what the echo allows, as far as the owner has left it to the echo. */
class DuplexInForce {
  readonly #memory: EchoMemory;
  readonly #journal: Journal;
  #told: Duplex | null = null;

  constructor(memory: EchoMemory, journal: Journal) {
    this.#memory = memory;
    this.#journal = journal;
  }

  inForce(settings: Settings): Settings {
    const duplex = duplexFor(settings, this.#memory.learned);
    if (settings["audio.echo"] === "auto") this.#tell(settings["audio.duplex"], duplex);
    return duplex === settings["audio.duplex"] ? settings : { ...settings, "audio.duplex": duplex };
  }

  #tell(wanted: Settings["audio.duplex"], duplex: Duplex): void {
    const { learned } = this.#memory;
    if (learned === null || duplex === this.#told) return;
    const isNews =
      wanted !== "half" && duplex !== wanted && (wanted === "full" || this.#told !== null);
    const isFull = wanted === "auto" && duplex === "full";
    this.#told = duplex;
    if (!isNews && !isFull) return;
    const what =
      duplex === "full"
        ? "Speech interrupts answers from now on"
        : "Only the wake word interrupts answers";
    this.#journal.log("notice", `${what}. ${echoText(learned)}: ${reachText(learned.reach)}`);
  }
}
