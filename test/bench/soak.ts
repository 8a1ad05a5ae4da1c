/**
 * Hours of use in a row: `npm run soak -- --minutes N`. One daemon with a fed microphone and the real
 * aplay is asked again and again; after each conversation its memory and its open files are read. At
 * the end a chart, and the slope of both. Exit codes: 0 flat, 1 they grow, 2 wrong use.
 *
 * The slope is Theil and Sen's (the median over all pairs): a garbage collection that comes early or
 * late does not turn it. The first quarter is left out, in which the heap grows to its working size.
 */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PipeDevices } from "../helpers/pipe-devices.ts";
import { MAIN } from "../helpers/pipit.ts";
import { unitFlags, unitMemory } from "../helpers/unit-flags.ts";
import { startServer } from "./conversation.ts";
import { recordVoice } from "./material.ts";
import { residentKb } from "./proc.ts";
import { leaveNothingBehind, Program } from "./program.ts";
import { growth, soakReport, type Use } from "./soak-figures.ts";
import { configText } from "./states.ts";

const MINUTES_MAX = 24 * 60;
const START_MAX_MS = 30_000;
/** Wake word, question, answer and the way back. */
const CONVERSATION_MAX_MS = 40_000;
/** A wake word is reported within a second of its end. */
const HEARD_MAX_MS = 2_000;
const CALLS_MAX = 5;
const REPLY_MS = 1_500;

async function soak(minutes: number): Promise<readonly Use[]> {
  const folder = mkdtempSync(join(tmpdir(), "pipit-soak-"));
  const devices = new PipeDevices();
  const server = await startServer(folder, REPLY_MS);
  const daemon = startDaemon(folder, devices, server.url);
  try {
    await daemon.line("Ready", START_MAX_MS);
    return await useFor(minutes * 60_000, daemon, devices, folder);
  } finally {
    await daemon.stop();
    await server.stop();
    devices.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startDaemon(folder: string, devices: PipeDevices, url: string): Program {
  mkdirSync(join(folder, "metrics"), { recursive: true });
  const config = join(folder, "config.yaml");
  writeFileSync(config, configText({ folder, url }));
  return new Program("the daemon", [...unitFlags(), MAIN, "run", "--config", config], {
    ...devices.env,
    ...unitMemory(),
  });
}

async function useFor(
  ms: number,
  daemon: Program,
  devices: PipeDevices,
  folder: string,
): Promise<readonly Use[]> {
  const { question } = recordVoice(folder);
  const uses: Use[] = [];
  const endMs = performance.now() + ms;
  do {
    await call(daemon, devices, question);
    await daemon.line("led: speaking", CONVERSATION_MAX_MS);
    await daemon.line("led: idle", CONVERSATION_MAX_MS);
    const files = readdirSync(`/proc/${daemon.pid}/fd`).length;
    uses.push({ rssKb: residentKb(daemon.pid), files });
  } while (performance.now() < endMs);
  return uses;
}

/** How often a word is heard is measured elsewhere; one that is not heard is said again, as at home. */
async function call(daemon: Program, devices: PipeDevices, question: Int16Array): Promise<void> {
  for (let said = 1; ; said++) {
    const lastsMs = devices.say(question);
    try {
      await daemon.line("led: connecting", lastsMs + HEARD_MAX_MS);
      return;
    } catch (error) {
      if (said === CALLS_MAX) throw error;
      process.stderr.write("the wake word was not heard, and is said again\n");
    }
  }
}

function wantedMinutes(argv: readonly string[]): number | null {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { minutes: { type: "string", default: "60" } },
    });
    const minutes = Number(values.minutes);
    return minutes > 0 && minutes <= MINUTES_MAX ? minutes : null;
  } catch {
    return null;
  }
}

const minutes = wantedMinutes(process.argv.slice(2));
if (minutes === null) {
  process.stderr.write(`usage: npm run soak -- [--minutes N]   N up to ${MINUTES_MAX}; 60\n`);
  process.exitCode = 2;
} else {
  leaveNothingBehind();
  const uses = await soak(minutes);
  process.stdout.write(soakReport(uses));
  process.exitCode = growth(uses).grows ? 1 : 0;
}
