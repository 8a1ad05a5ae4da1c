/**
 * HDMI as the loudspeaker, on a card of the kernel's that takes what a Pi's takes: it is handed out by
 * the name that can play, a name that cannot is answered by the one that can, a socket without a
 * screen is called that, and nothing of an answer goes into an amplifier that sleeps.
 */

import assert from "node:assert/strict";
import { assertReported, converseUnrecorded, peerOutside, press, REPLY_MS } from "./conversing.ts";
import {
  CARD,
  makeHdmi,
  plugHdmi,
  type Screen,
  type Sounded,
  setScreen,
  sounded,
  unplugHdmi,
  untilHdmiOpen,
} from "./hdmi.ts";
import { hostUrl, type Machine } from "./machine.ts";
import { type Clean, type Note, onMachine } from "./promise.ts";

const START_MAX_MS = 420_000;
/** What plays to it. */
const GOOD = `sysdefault:CARD=${CARD}`;
/** What cannot, with every alsa-lib: it converts nothing. With that of Debian 13, plughw: converts to it, too. */
const BAD = `hw:CARD=${CARD},DEV=0`;
/** What the amplifier swallows, and what the owner sets against it. */
const WAKE_MS = 600;
const LEAD_IN_MS = 700;
/** Frames of a tone that happen to be 0, and those that a resampler makes at its ends. */
const TOLERANCE_MS = 60;

/**
 * The socket is there for as long as the proof takes, and then the daemon has the rig's card again;
 * where the peer is that answers.
 */
async function withHdmi(machine: Machine, clean: Clean, screen: Screen | null): Promise<string> {
  const peer = await peerOutside(clean);
  await makeHdmi(machine);
  clean.after(async () => {
    await machine.run("systemctl stop pipit", START_MAX_MS);
    await unplugHdmi(machine);
    await machine.configure();
    await machine.run("systemctl start pipit", START_MAX_MS);
  });
  await machine.run("systemctl stop pipit", START_MAX_MS);
  await unplugHdmi(machine);
  if (screen !== null) await plugHdmi(machine, screen);
  return hostUrl(peer.url);
}

/** The daemon starts with this name of a loudspeaker. */
async function startWith(
  machine: Machine,
  base_url: string,
  audio: { readonly output_device: string; readonly lead_in_ms?: number },
): Promise<void> {
  await machine.configure({ openai: { base_url }, audio });
  await machine.run("systemctl restart pipit", START_MAX_MS);
}

/** One conversation, which the daemon takes for whole; what the screen made of its answer. */
async function answerThrough(machine: Machine, clean: Clean, note: Note): Promise<Sounded> {
  await machine.untilSound("microphone");
  await untilHdmiOpen(machine);
  await sounded(machine);
  await converseUnrecorded(machine, clean, () => press(machine));
  await assertReported(machine, "button", note);
  const found = await sounded(machine);
  note(`the screen: ${found.heardMs} ms heard, ${found.swallowedMs} ms swallowed`);
  return found;
}

function assertWhole({ heardMs, swallowedMs }: Sounded): void {
  assert.equal(swallowedMs, 0, "nothing is swallowed");
  assert.ok(Math.abs(heardMs - REPLY_MS) < TOLERANCE_MS, `${heardMs} of ${REPLY_MS} ms heard`);
}

onMachine("HDMI", (they) => {
  they.holds(
    "listed by the name that plays, found by a part of its name",
    1500,
    async (m, n, t) => {
      const url = await withHdmi(m, t, {});
      const { stdout } = await m.pipit("devices");
      n(
        stdout
          .split("\n")
          .filter((line) => line.includes(CARD))
          .join(" | "),
      );
      assert.ok(stdout.includes(`audio.output_device: ${GOOD}\n`), stdout);
      assert.ok(!stdout.includes(`plughw:CARD=${CARD}`), stdout);
      assert.ok(stdout.includes("IEC958_SUBFRAME_LE"), "it takes no samples");
      assert.doesNotMatch(stdout, /cannot be opened/, "each name was opened");
      await startWith(m, url, { output_device: "vc4-hdmi" });
      assertWhole(await answerThrough(m, t, n));
    },
  );

  they.holds("plugged in after the start, it is found and plays", 1500, async (m, note, clean) => {
    const url = await withHdmi(m, clean, null);
    const mark = await m.mark();
    await startWith(m, url, { output_device: CARD });
    await m.says(mark, `Speaker "${CARD}"`, 240);
    await plugHdmi(m);
    await m.says(mark, "The speaker works again", 240);
    assertWhole(await answerThrough(m, clean, note));
  });

  they.holds("a name that cannot play is answered by the one that can", 1500, async (m, n, t) => {
    const url = await withHdmi(m, t, {});
    const mark = await m.mark();
    await startWith(m, url, { output_device: BAD });
    await m.says(mark, "which this name cannot play to", 240);
    const told = (await m.daemonSaidSince(mark)).find((line) => line.startsWith("Speaker "));
    n(told ?? "");
    const name = /is HDMI, .*Set audio\.output_device: (\S+)$/.exec(told ?? "")?.[1];
    assert.equal(name, GOOD);
    await startWith(m, url, { output_device: name });
    assertWhole(await answerThrough(m, t, n));
  });

  they.holds("without a screen it says so, and plays when there is one", 1500, async (m, n, t) => {
    const url = await withHdmi(m, t, { isDark: true });
    const mark = await m.mark();
    await startWith(m, url, { output_device: GOOD });
    await m.says(mark, "is an HDMI socket without a screen", 240);
    const listed = (await m.pipit("devices")).stdout;
    assert.match(listed, /cannot be opened just now: is an HDMI socket without a screen/);
    await setScreen(m, true);
    await m.says(mark, "The speaker works again", 240);
    assertWhole(await answerThrough(m, t, n));
  });
});

onMachine("an amplifier that sleeps", (they) => {
  they.holds("swallows the beginning, but with lead_in_ms none of it", 1800, async (m, n, t) => {
    const url = await withHdmi(m, t, { wakeMs: WAKE_MS });
    await startWith(m, url, { output_device: GOOD });
    const without = await answerThrough(m, t, n);
    assert.ok(
      Math.abs(without.swallowedMs - WAKE_MS) < TOLERANCE_MS,
      `it sleeps, or nothing is shown: ${without.swallowedMs} ms`,
    );
    await startWith(m, url, { output_device: GOOD, lead_in_ms: LEAD_IN_MS });
    assertWhole(await answerThrough(m, t, n));
  });
});
