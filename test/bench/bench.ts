/**
 * `npm run bench [-- --quick] [-- --json] [-- --only PART]`: what the appliance costs and how fast it is, on this
 * machine, beside the least that any program would cost. Prints figures; judges nothing: the exit
 * code is 0 when the bench ran, whatever it found.
 *
 * Invariant: one thing is measured at a time, and everything that is started is ended.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type CallsShape, callCosts } from "./calls.ts";
import { type DaemonRun, runDaemon, runFloor, type Server, startServer } from "./conversation.ts";
import { type CoreShape, coreCosts } from "./core-costs.ts";
import { Findings, NOTHING_MEASURED, type RowId, table } from "./findings.ts";
import { HOUSE_ROWS, houseMemory } from "./house.ts";
import { compose, recordVoice, type SceneShape, type Voice } from "./material.ts";
import { pressToLed } from "./press.ts";
import { leaveNothingBehind } from "./program.ts";
import { reportTenThousand } from "./report.ts";
import { speakers } from "./speakers.ts";
import { STATE_ROWS, type StatesShape, states, WARM } from "./states.ts";
import { roundTrips, TRIP_ROWS } from "./trips.ts";
import { WORD_ROWS, type WordsShape, wakeWordFindings } from "./wake-words.ts";
import { afterAYear, type YearShape } from "./year.ts";

interface Plan {
  readonly replyMs: number;
  readonly floorRuns: number;
  /** Lives of the daemon whose CPU and memory count, without anything of ours inside it. */
  readonly plainRuns: number;
  readonly plain: SceneShape;
  /** One more life, with the probe in it. */
  readonly probed: SceneShape;
  readonly probeResolutionMs: number;
  readonly stateRounds: number;
  readonly states: StatesShape;
  readonly presses: number;
  readonly speakerRepeats: number;
  readonly core: CoreShape;
  readonly year: YearShape;
  readonly calls: CallsShape;
  readonly reportRuns: number;
  readonly houseRuns: number;
  readonly words: WordsShape;
}

const FULL: Plan = {
  replyMs: 1500,
  floorRuns: 3,
  plainRuns: 3,
  plain: { wakes: 3, turns: 2, replyMs: 1500, followUpMs: 2000, settleMs: 2500, idleMs: 4000 },
  probed: { wakes: 3, turns: 1, replyMs: 1500, followUpMs: 1000, settleMs: 0, idleMs: 0 },
  probeResolutionMs: 1,
  stateRounds: 3,
  states: WARM,
  presses: 10,
  speakerRepeats: 6,
  core: { repeats: 7, soundMs: 10_000 },
  year: { days: 365, conversationsADay: 50, measured: 300, repeats: 5 },
  calls: { calls: 300, rounds: 10 },
  reportRuns: 5,
  houseRuns: 3,
  words: {
    clips: 24,
    speeds: [1, 0.92, 1.08, 0.96, 1.04],
    englishVoices: 12,
    sentences: 15,
    languages: 18,
    levels: 4,
    seeds: 10,
  },
};

const QUICK: Plan = {
  replyMs: 1000,
  floorRuns: 1,
  plainRuns: 1,
  plain: { wakes: 1, turns: 1, replyMs: 1000, followUpMs: 1000, settleMs: 800, idleMs: 1500 },
  probed: { wakes: 1, turns: 1, replyMs: 1000, followUpMs: 1000, settleMs: 0, idleMs: 0 },
  probeResolutionMs: 1,
  stateRounds: 1,
  states: { windowMs: 1500, startedMs: 6_000, talkWarmMs: 3_000, pairs: 2 },
  presses: 3,
  speakerRepeats: 2,
  core: { repeats: 3, soundMs: 2_200 },
  year: { days: 30, conversationsADay: 50, measured: 100, repeats: 3 },
  calls: { calls: 40, rounds: 2 },
  reportRuns: 1,
  houseRuns: 1,
  words: {
    clips: 1,
    speeds: [1],
    englishVoices: 1,
    sentences: 2,
    languages: 1,
    seeds: 1,
    levels: 1,
  },
};

/** Above this share of the cores, others are using the machine, and the figures are theirs too. */
const BUSY_SHARE = 0.5;

const FLOOR_ROWS = ["floor_cpu", "floor_rss", "floor_pss"] as const;
const PLAIN_ROWS = ["conversation_cpu", "idle_quiet_cpu", "idle_speech_cpu", "rss", "pss"] as const;
const PROBE_ROWS = ["wake_led", "loop_delay_p99", "loop_delay_max"] as const;
const EVERY_RUN_ROWS = ["start_ready", "wake_listening", "connect_lost"] as const;
const CONVERSATION_ROWS: readonly RowId[] = [
  ...FLOOR_ROWS,
  ...PLAIN_ROWS,
  ...PROBE_ROWS,
  ...EVERY_RUN_ROWS,
];

/** Everything that needs a server: the bare socket loop and the daemon, by turns. */
async function conversations(findings: Findings, folder: string, plan: Plan): Promise<void> {
  const voice = recordVoice(folder);
  const server = await startServer(folder, plan.replyMs);
  try {
    // The bare loop goes first: the server makes its validators when it is first talked to.
    for (let run = 0; run < Math.max(plan.floorRuns, plan.plainRuns); run++) {
      if (run < plan.floorRuns) await floor(findings, folder, voice, plan, server);
      if (run < plan.plainRuns) {
        const scene = compose(voice, plan.plain);
        const life = { scene, probeResolutionMs: null, counts: true };
        await daemon(findings, join(folder, `plain-${run}`), life, server);
      }
    }
    const scene = compose(voice, plan.probed);
    const life = { scene, probeResolutionMs: plan.probeResolutionMs, counts: false };
    await daemon(findings, join(folder, "probed"), life, server);
  } finally {
    await server.stop();
  }
}

async function floor(
  findings: Findings,
  folder: string,
  voice: Voice,
  plan: Plan,
  server: Server,
): Promise<void> {
  const scene = compose(voice, plan.plain);
  await findings.section(FLOOR_ROWS, () => runFloor(findings, folder, scene, server));
}

async function daemon(
  findings: Findings,
  folder: string,
  life: DaemonRun,
  server: Server,
): Promise<void> {
  const rows = [...EVERY_RUN_ROWS, ...(life.counts ? PLAIN_ROWS : PROBE_ROWS)];
  await findings.section(rows, () => runDaemon(findings, folder, life, server));
}

function compareWithFloor(findings: Findings): void {
  const own = findings.median("conversation_cpu");
  const least = findings.median("floor_cpu");
  if (own === null || least === null || least === 0) {
    findings.missing("conversation_cpu_over_floor", "one of the two is missing");
  } else findings.add("conversation_cpu_over_floor", own / least);
}

interface Part {
  readonly name: string;
  readonly rows: readonly RowId[];
  readonly work: (findings: Findings, folder: string, plan: Plan) => Promise<void>;
}

const PARTS: readonly Part[] = [
  { name: "conversations", rows: CONVERSATION_ROWS, work: conversations },
  {
    name: "trips",
    rows: TRIP_ROWS,
    work: (findings, folder) => roundTrips(findings, folder),
  },
  {
    name: "states",
    rows: STATE_ROWS,
    work: (findings, folder, plan) => states(findings, folder, plan.states, plan.stateRounds),
  },
  {
    name: "press",
    rows: ["press_led"],
    work: (findings, _folder, plan) => pressToLed(findings, plan.presses),
  },
  {
    name: "speakers",
    rows: [],
    work: (findings, folder, plan) => speakers(findings, folder, plan.speakerRepeats),
  },
  {
    name: "core",
    rows: ["frame_p99", "uplink_cpu", "gate_cpu", "resample_cpu", "wake_cpu", "delta_cpu", "steps"],
    work: async (findings, _folder, plan) => coreCosts(findings, plan.core),
  },
  {
    name: "year",
    rows: ["year_event", "year_heap"],
    work: (findings, _folder, plan) => afterAYear(findings, plan.year),
  },
  {
    name: "calls",
    rows: ["call_output", "call_output_p99", "calls_loop_delay", "calls_heap"],
    work: (findings, _folder, plan) => callCosts(findings, plan.calls),
  },
  {
    name: "house",
    rows: HOUSE_ROWS,
    work: (findings, folder, plan) => houseMemory(findings, folder, plan.houseRuns),
  },
  {
    name: "wake-words",
    rows: WORD_ROWS,
    work: (findings, folder, plan) => wakeWordFindings(findings, folder, plan.words),
  },
  {
    name: "report",
    rows: ["report_10k", "report_10k_rss"],
    work: (findings, folder, plan) => reportTenThousand(findings, folder, plan.reportRuns),
  },
];

async function measure(
  findings: Findings,
  folder: string,
  plan: Plan,
  only: string | undefined,
): Promise<void> {
  for (const { name, rows, work } of PARTS) {
    if (only === undefined || only === name) {
      await findings.section(rows, () => work(findings, folder, plan));
    }
  }
  compareWithFloor(findings);
}

function machine(): { cpu: string; cores: number; node: string; load: number } {
  const all = cpus();
  const load = Math.round((loadavg()[0] ?? 0) * 100) / 100;
  return { cpu: all[0]?.model ?? "unknown", cores: all.length, node: process.version, load };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean" },
      quick: { type: "boolean" },
      only: { type: "string" },
    },
  });
  const { only } = values;
  if (only !== undefined && !PARTS.some(({ name }) => name === only)) {
    process.stderr.write(`--only takes one of ${PARTS.map(({ name }) => name).join(", ")}\n`);
    process.exit(2);
  }
  leaveNothingBehind();
  const here = machine();
  const startedMs = performance.now();
  const findings = new Findings();
  const folder = mkdtempSync(join(tmpdir(), "pipit-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await measure(findings, folder, values.quick === true ? QUICK : FULL, only);
  const tookS = Math.round((performance.now() - startedMs) / 1000);
  const rows = findings
    .rows()
    .filter(({ reason }) => only === undefined || reason !== NOTHING_MEASURED);
  if (values.json === true) {
    process.stdout.write(`${JSON.stringify({ machine: here, took_s: tookS, rows }, null, 2)}\n`);
    return;
  }
  const { cpu, cores, node, load } = here;
  const busy = load > BUSY_SHARE * cores ? " (others are using it)" : "";
  const about = `${cpu}, ${cores} cores, Node ${node}, load ${load} at the start${busy}; ${tookS} s`;
  process.stdout.write(`${about}\n\n${table(rows)}\n`);
}

await main();
