/**
 * Wake words to judge an engine by: recordings of people where the shared test material is present
 * (PIPIT_TESTDATA, else ../shared/testdata beside the project), else espeak-ng in several voices.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../src/adapters/os/project-root.ts";
import { loadWav } from "../../src/adapters/os/wav-file.ts";
import { parseWav, wavToMono } from "../../src/core/audio/wav.ts";

export interface Clip {
  readonly name: string;
  /** 24 kHz. */
  readonly pcm: Int16Array;
}

const VOICES = ["en-us", "en-gb", "en-us+f2", "en-gb+f3", "en-us+f4", "en-gb+m5"] as const;
const WORDS_A_MINUTE = [140, 160] as const;

function wakeFolder(): string {
  const shared = process.env["PIPIT_TESTDATA"] ?? join(projectRoot(), "..", "shared", "testdata");
  return join(shared, "wake");
}

/** Where a file of the microWakeWord material is, or null without it. */
export function microPath(name: string): string | null {
  const path = join(wakeFolder(), "micro", name);
  return existsSync(path) ? path : null;
}

/** A file of the microWakeWord material, or null without it. */
export function microFile(name: string): Buffer | null {
  const path = microPath(name);
  return path === null ? null : readFileSync(path);
}

/** A recording of that material as it is, 16 kHz, or null without it. */
export function microSound(word: string, name: string): Int16Array | null {
  const bytes = microFile(join(word, name));
  if (bytes === null) return null;
  const info = parseWav(bytes);
  if (info.tag === "problem") throw new Error(`${name} ${info.problem}`);
  return Int16Array.from(wavToMono(bytes, info));
}

/** All recordings of `wake/<folder>` at 24 kHz, or null where there are none. */
export function recordings(folder: string): readonly Clip[] | null {
  const path = join(wakeFolder(), folder);
  if (!existsSync(path)) return null;
  const names = readdirSync(path).filter((name) => name.endsWith(".wav"));
  return names.sort().map((name) => ({ name, pcm: loadWav(join(path, name)) }));
}

/** The words in twelve synthetic ways at 24 kHz, or null without espeak-ng. */
export function spoken(words: string): readonly Clip[] | null {
  const folder = mkdtempSync(join(tmpdir(), "pipit-spoken-"));
  const path = join(folder, "word.wav");
  try {
    return VOICES.flatMap((voice) =>
      WORDS_A_MINUTE.map((speed) => {
        const options = ["-v", voice, "-s", String(speed), "-w", path, words];
        const run = spawnSync("espeak-ng", options, { timeout: 10_000 });
        if (run.status !== 0) throw new Error(`espeak-ng: ${run.error?.message ?? run.status}`);
        return { name: `${words} ${voice} ${speed}`, pcm: loadWav(path) };
      }),
    );
  } catch {
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
