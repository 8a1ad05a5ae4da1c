/**
 * The sound card as others see it: shared by ALSA's own mixing, closed to the service, led astray by
 * /etc/asound.conf. What is wrong is named with its cause, and it works again when that is mended.
 */

import assert from "node:assert/strict";
import {
  assertConverses,
  assertReported,
  converseUnrecorded,
  peerOutside,
  press,
} from "./conversing.ts";
import { PIPEWIRE_DEFAULT } from "./install.ts";
import { hostUrl, type Machine } from "./machine.ts";
import { type Clean, type Note, onMachine } from "./promise.ts";

const ASOUND = "/etc/asound.conf";
/** What ALSA's own `default` of a USB card is: its mixing in front of the card. */
const MIXED =
  'pcm.!default { type asym playback.pcm { type plug slave.pcm "dmix:Loopback" } capture.pcm "plughw:Loopback" }\n';
/** Somebody who may use sound, and is not the service. */
const OTHER = "listener";
/** Plays silence for two seconds as that user; fails when the card is not shared with them. */
const OTHER_PLAYS = `runuser -u ${OTHER} -- timeout 60 aplay -q -D default -d 2 -t raw -f S16_LE -r 48000 -c 2 /dev/zero`;

/** An ALSA file of the owner's, for as long as the proof takes. */
async function withAsound(machine: Machine, clean: Clean, text: string): Promise<void> {
  clean.after(async () => {
    await machine.run(`rm -f ${ASOUND}`);
  });
  await machine.write(ASOUND, text);
}

async function makeListener(machine: Machine): Promise<void> {
  await machine.run(`id -u ${OTHER} >/dev/null 2>&1 || useradd -M -G audio ${OTHER}`);
}

/** ALSA's shared memory and semaphores are of the group audio, so that its other members may join. */
async function assertOfAudio(machine: Machine, note: Note): Promise<void> {
  const audio = (await machine.run("getent group audio | cut -d: -f3")).trim();
  const groups = await machine.run("awk 'NR > 1 { print $6 }' /proc/sysvipc/sem | sort -u");
  note(`groups of the semaphores: ${groups.trim()}; audio is ${audio}`);
  assert.equal(groups.trim(), audio);
}

/** The speaker fails with these words in the journal, and works again once `mend` was called. */
async function assertNamed(
  machine: Machine,
  note: Note,
  says: RegExp,
  mend: () => Promise<unknown>,
): Promise<void> {
  const mark = await machine.mark();
  await machine.configure({ audio: { output_device: "default" } });
  await machine.run("systemctl restart pipit", 420_000);
  await machine.says(mark, "Speaker ", 240);
  const said = await machine.daemonSaidSince(mark);
  const lines = said.filter(
    (line) => line.startsWith("Speaker ") && !line.startsWith("Speaker by"),
  );
  note(lines.join(" | "));
  assert.match(lines.join("\n"), says);
  const mended = await machine.mark();
  await mend();
  await machine.says(mended, "The speaker works again", 240);
}

onMachine("a shared sound card", (they) => {
  they.holds(
    "Pipit first, then another of the group audio, by dmix",
    900,
    async (m, note, clean) => {
      await makeListener(m);
      await withAsound(m, clean, MIXED);
      const peer = await peerOutside(clean);
      await m.restart({
        openai: { base_url: hostUrl(peer.url) },
        audio: { output_device: "default" },
      });
      await assertOfAudio(m, note);
      await m.run(OTHER_PLAYS, 120_000);
      await assertConverses(m, note, clean);
      await m.run(OTHER_PLAYS, 120_000);
      await m.run("systemctl stop pipit", 180_000);
      await m.run(OTHER_PLAYS, 120_000);
    },
  );

  they.holds(
    "another of the group audio first, then Pipit, by dmix",
    900,
    async (m, note, clean) => {
      await makeListener(m);
      await withAsound(m, clean, MIXED);
      await m.run("systemctl stop pipit", 180_000);
      const long = OTHER_PLAYS.replace("timeout 60", "timeout 600").replace("-d 2", "-d 500");
      await m.run(`systemd-run -q --unit listener ${long}`);
      clean.after(async () => {
        await m.attempt("systemctl stop listener; systemctl reset-failed listener");
      });
      const peer = await peerOutside(clean);
      await m.restart({
        openai: { base_url: hostUrl(peer.url) },
        audio: { output_device: "default" },
      });
      // Two programs that mix are too much for an emulated processor to sound whole.
      await converseUnrecorded(m, clean, () => press(m));
      await assertReported(m, "button", note);
      assert.equal((await m.run("systemctl is-active listener")).trim(), "active");
    },
  );
});

/** Where the package leaves it for those who want it. */
const PIPEWIRE_SHIPPED = "/usr/share/alsa/alsa.conf.d/99-pipewire-default.conf";

/** What the fault's remedy says to set this key to. */
function advised(said: string, key: string): string {
  const name = new RegExp(`set audio\\.${key}: (\\S+), or`).exec(said)?.[1];
  assert.ok(name !== undefined, said);
  return name;
}

onMachine("a sound server that a service cannot reach", (they) => {
  they.holds("is named, and the devices that Pipit names work", 1200, async (m, note, clean) => {
    const peer = await peerOutside(clean);
    const openai = { base_url: hostUrl(peer.url) };
    clean.after(async () => {
      await m.run(`rm -f ${PIPEWIRE_DEFAULT}`);
    });
    await m.run(`test -e ${PIPEWIRE_SHIPPED} && ln -s ${PIPEWIRE_SHIPPED} ${PIPEWIRE_DEFAULT}`);
    const mark = await m.mark();
    await m.configure({ openai, audio: { input_device: "default", output_device: "default" } });
    await m.run("systemctl restart pipit", 420_000);
    const why = "uses a sound server (PipeWire or PulseAudio) that does not answer";
    for (const who of ["Microphone", "Speaker"]) await m.says(mark, `${who} "default" ${why}`, 240);
    const told = await m.daemonSaidSince(mark);
    const lines = told.filter((line) => line.includes(why));
    note(lines.join(" | "));
    assert.equal(lines.length, 2, "one line for each, not one a try");
    const audio = {
      input_device: advised(lines.join("\n"), "input_device"),
      output_device: advised(lines.join("\n"), "output_device"),
    };
    const words = (await m.attempt("pipit doctor --quick --offline --json", 240_000)).stdout;
    for (const [key, name] of Object.entries(audio)) {
      assert.ok(words.includes(`set audio.${key}: ${name}`), words);
    }
    assert.match((await m.pipit("devices")).stdout, /`default` is PipeWire/);
    assert.match((await m.pipit("status")).stdout, /set audio\.output_device/);
    await m.restart({ openai, audio });
    await converseUnrecorded(m, clean, () => press(m));
    await assertReported(m, "button", note);
  });
});

onMachine("a sound card that cannot be opened", (they) => {
  they.holds(
    "a broken asound.conf is named, and mended while it runs",
    900,
    async (m, note, clean) => {
      await withAsound(m, clean, "pcm.!default { type plug slave.pcm\n");
      await assertNamed(m, note, /asound\.conf/, () => m.run(`rm -f ${ASOUND}`));
    },
  );

  they.holds("a HAT that was taken off is named with the file", 900, async (m, note, clean) => {
    const hat = 'pcm.!default { type plug slave.pcm "hw:seeed2micvoicec,0" }\n';
    await withAsound(m, clean, hat);
    await assertNamed(m, note, /seeed2micvoicec.*asound\.conf/, () => m.run(`rm -f ${ASOUND}`));
  });

  they.holds("no permission for the card is told as that", 900, async (m, note, clean) => {
    const open = "chgrp audio /dev/snd/* && chmod 660 /dev/snd/*";
    clean.after(async () => {
      await m.attempt(open);
    });
    await m.run("chgrp games /dev/snd/pcm* /dev/snd/control*");
    await assertNamed(m, note, /no permission for \/dev\/snd\/.*usermod -aG games pipit/, () =>
      m.run(open),
    );
  });
});
