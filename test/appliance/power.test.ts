/**
 * The power is cut at random instants while conversations begin and end and their files are
 * written. Each next boot is healthy, and what was written is whole.
 *
 * PIPIT_POWER_CUTS says how often (a cycle costs a boot), PIPIT_POWER_SEED begins another series.
 */

import assert from "node:assert/strict";
import { peerOutside } from "./conversing.ts";
import { hostUrl, type Machine, METRICS } from "./machine.ts";
import { type Note, onMachine } from "./promise.ts";
import { attempt } from "./rig.ts";

const CUTS = Number(process.env["PIPIT_POWER_CUTS"] ?? 3);
const SEED = Number(process.env["PIPIT_POWER_SEED"] ?? 1);
/** From the first press to the cut: some conversations, at an instant that nobody has chosen. */
const CUT_MIN_MS = 3_000;
const CUT_MAX_MS = 15_000;
/** A cycle, at worst, on a busy machine. */
const CYCLE_MAX_S = 900;
const TAPS_MAX_MS = 300_000;
const BUTTON = "/run/rig/gpio/sim_gpio17/pull";
/** Presses again and again, which begins a conversation and ends it; prints the names there are. */
const TAPS = `while :; do
  echo pull-down >${BUTTON}; sleep 0.15; echo pull-up >${BUTTON}; sleep 0.5
  for f in ${METRICS}/*; do echo "$f"; done; echo .
done`;

/** Numbers from 0 to 1, the same series for the same seed. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The names that had been seen, in the last listing but one: all of them were durable. */
function durable(listings: string): string[] {
  const all = listings.split(".\n").filter((one) => one.includes("session_"));
  const names = (all.at(-2) ?? "").split("\n").filter((name) => name.includes("session_"));
  // The folder is flushed after the rename: the newest may not have got so far.
  return names.sort().slice(0, -1);
}

interface Cut {
  readonly durable: readonly string[];
  readonly afterMs: number;
}

/** Conversations begin and end, and the power goes. */
async function cutDuring(machine: Machine, unit: number): Promise<Cut> {
  const taps = attempt("run", ["--", TAPS], { maxMs: TAPS_MAX_MS });
  const afterMs = Math.round(CUT_MIN_MS + unit * (CUT_MAX_MS - CUT_MIN_MS));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  await machine.powerCut();
  const { stdout } = await taps;
  return { durable: durable(stdout), afterMs };
}

/** What the next boot finds. */
async function assertHealthy(machine: Machine, cut: Cut, config: string): Promise<string> {
  await machine.untilActive(400);
  assert.equal(
    await machine.run("cat /etc/pipit/config.yaml"),
    config,
    "the configuration is intact",
  );
  const out = await machine.run(`node -e '
    const fs = require("fs"), all = fs.readdirSync("${METRICS}"), broken = [];
    for (const name of all.filter((one) => /^session_/.test(one))) {
      try { JSON.parse(fs.readFileSync("${METRICS}/" + name, "utf8")); } catch { broken.push(name); }
    }
    console.log(JSON.stringify({ all, broken }));'`);
  const { all, broken }: { all: string[]; broken: string[] } = JSON.parse(out);
  assert.deepEqual(broken, [], "every file is whole JSON");
  // What the daemon remembers of the models; `.new` is the one name under which it writes that anew.
  const known = /^(session_\d{8}_\d{6}_[\w-]+\.json|\.models\.json(\.new)?)$/;
  const others = all.filter((name) => !known.test(name));
  assert.deepEqual(others, [], "no leftovers");
  const there = new Set(all);
  const lost = cut.durable.filter((path) => !there.has(path.slice(METRICS.length + 1)));
  assert.deepEqual(lost, [], "no finished file is lost");
  return `cut ${cut.afterMs} ms after the first press: ${there.size} files, all whole`;
}

onMachine("the power", (they) => {
  const what = `cut ${CUTS} times at random instants (seed ${SEED})`;
  they.holds(what, 600 + CUTS * CYCLE_MAX_S, async (m, note: Note, clean) => {
    const peer = await peerOutside(clean);
    await m.runWith({ openai: { base_url: hostUrl(peer.url) }, metrics: { max_files: 10_000 } });
    await m.run("sync");
    const config = await m.run("cat /etc/pipit/config.yaml");
    const roll = dice(SEED);
    for (let nth = 1; nth <= CUTS; nth++) {
      const cut = await cutDuring(m, roll());
      const beganMs = performance.now();
      await m.bootAgain();
      const found = await assertHealthy(m, cut, config);
      const healthyS = Math.round((performance.now() - beganMs) / 1000);
      note(`${nth}: ${found}; healthy after ${healthyS} s`);
    }
    assert.match(await m.run("systemctl is-active pipit"), /^active/);
  });
});
