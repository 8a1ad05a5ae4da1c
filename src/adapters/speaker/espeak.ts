/**
 * A voice that needs no network: the program espeak-ng. Its text comes on standard input, so nothing
 * of it is an option or in the list of processes; its WAV is read from standard output.
 */

import { spawn } from "node:child_process";
import { convertTo24k } from "../../core/audio/rate.ts";
import { parseWav, wavToMono } from "../../core/audio/wav.ts";
import { type Fault, fault } from "../../core/fault.ts";
import type { Clock, PlainVoice } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import { endWithUs } from "../os/left-behind.ts";

/** A text of the longest kind takes a second on the smallest board. */
const SPEAK_MAX_MS = 10_000;
/** Two minutes of 22 kHz sound. */
const OUTPUT_MAX_BYTES = 120 * 22_050 * 2 + 1_024;
/** Words a minute, as in the recordings. */
const PACE = "155";
/** Where the language alone is not the voice that sounds best. */
const VOICES: Readonly<Record<string, string>> = { en: "en-us+f3", fr: "fr-fr+f3" };

export class EspeakVoice implements PlainVoice {
  readonly #clock: Clock;
  readonly #program: string;

  constructor(clock: Clock, program = "espeak-ng") {
    this.#clock = clock;
    this.#program = program;
  }

  speak(text: string, language: string): Promise<Int16Array | Fault> {
    const [primary = "en"] = language.toLowerCase().split("-");
    const voice = VOICES[primary] ?? `${primary}+f3`;
    return new Promise((resolve) => {
      const child = spawn(this.#program, ["-v", voice, "-s", PACE, "--stdin", "--stdout"], {
        stdio: ["pipe", "pipe", "ignore"],
      });
      const letGo = child.pid === undefined ? () => undefined : endWithUs(child.pid);
      const chunks: Buffer[] = [];
      let bytes = 0;
      const takeBack = this.#clock.after(SPEAK_MAX_MS, () => child.kill("SIGKILL"));
      const end = (result: Int16Array | Fault): void => {
        takeBack();
        letGo();
        resolve(result);
      };
      child.stdout.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= OUTPUT_MAX_BYTES) chunks.push(chunk);
        else child.kill("SIGKILL");
      });
      child.stdin.on("error", () => undefined); // It has ended; that is told by its end.
      child.stdin.end(text);
      child.on("error", (error) => end(cannot(errorCode(error))));
      child.on("close", (code) => end(code === 0 ? sound(Buffer.concat(chunks)) : cannot("")));
    });
  }
}

function sound(wav: Buffer): Int16Array | Fault {
  const info = parseWav(wav);
  if (info.tag === "problem") return cannot("");
  return convertTo24k(wavToMono(wav, info), info.sampleRateHz);
}

function cannot(code: string): Fault {
  return code === "ENOENT"
    ? fault(
        "speech",
        "report",
        "espeak-ng is not installed",
        "Install it: sudo apt install espeak-ng",
      )
    : fault(
        "speech",
        "report",
        "espeak-ng could not speak this, or it is too long",
        "Try a shorter text",
      );
}
