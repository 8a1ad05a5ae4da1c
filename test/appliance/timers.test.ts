/** A timer that was set by voice rings, whatever happens to the daemon or to the power before it is due. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask } from "../helpers/question.ts";
import { LISTENING_PIN, peerOutside, untilLed } from "./conversing.ts";
import { hostUrl, type Machine } from "./machine.ts";
import { type Clean, type Note, onMachine } from "./promise.ts";
import { verb } from "./rig.ts";

/** Long enough for an emulated machine to be back before it is due, or little later. */
const TIMER_S = 240;
/** What is late by more than ten minutes is not rung any more, but told. */
const LATE_MAX_S = 600;
/** Two words of the model's: the call, and then what it says. */
const SCENARIO = {
  pace: 4,
  turns: [
    {
      call: {
        name: "set_timer",
        arguments: { seconds: TIMER_S, label: "eggs" },
        call_id: "call_a",
      },
    },
    { tone: { hz: 440, ms: 800 } },
  ],
};

interface Listed {
  readonly timers: readonly { readonly label: string }[];
  readonly ringing: readonly string[];
}

async function listed(machine: Machine): Promise<Listed> {
  return JSON.parse((await machine.pipit("timers --json")).stdout);
}

/** A press, a question, and the model's call; when it is due, by the machine's clock, seconds. */
async function setByVoice(machine: Machine, clean: Clean): Promise<number> {
  const peer = await peerOutside(clean, SCENARIO);
  await machine.runWith({ openai: { base_url: hostUrl(peer.url) } });
  const folder = mkdtempSync(join(tmpdir(), "pipit-rig-"));
  clean.after(() => rmSync(folder, { recursive: true, force: true }));
  const question = join(folder, "question.wav");
  ask(question, 4_000);
  const mark = await machine.mark();
  await machine.tap();
  await untilLed(machine, LISTENING_PIN, 1);
  await verb("mic", ["play", question], { maxMs: 180_000 });
  await machine.says(mark, "Conversation over", 120);
  const { timers } = await listed(machine);
  assert.deepEqual(
    timers.map(({ label }) => label),
    ["eggs"],
  );
  return Number(await machine.run("date +%s")) + TIMER_S;
}

/** It rings, at its time or as soon as the machine is back; the button ends it. */
async function assertRings(machine: Machine, dueS: number, note: Note): Promise<void> {
  const waitS = TIMER_S + LATE_MAX_S;
  await machine.until("the ringing", 'pipit timers --json | grep -q \'"ringing": *\\[ *"\'', waitS);
  const lateS = Number(await machine.run("date +%s")) - dueS;
  note(`seen ringing ${lateS} s after its time`);
  assert.ok(lateS > -TIMER_S && lateS < LATE_MAX_S, `${lateS} s`);
  await machine.tap();
  const { ringing, timers } = await listed(machine);
  assert.deepEqual({ ringing, timers }, { ringing: [], timers: [] }, "rung once, and over");
}

onMachine("timers", (they) => {
  they.holds("a timer set by voice rings after kill -9", 1800, async (m, note, clean) => {
    const dueS = await setByVoice(m, clean);
    const pid = await m.property("MainPID");
    await m.run(`kill -9 ${pid}`);
    const another = `[ "$(systemctl show -P MainPID pipit)" != ${pid} ]`;
    await m.until("another process", `systemctl -q is-active pipit && ${another}`, 400);
    await assertRings(m, dueS, note);
  });

  they.holds("a timer set by voice rings after a power cut", 2400, async (m, note, clean) => {
    const dueS = await setByVoice(m, clean);
    await m.powerCut();
    await m.bootAgain();
    await m.untilActive(400);
    await assertRings(m, dueS, note);
  });
});
