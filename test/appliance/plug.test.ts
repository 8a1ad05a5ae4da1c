/** Plugs that are pulled while it runs: the sound card's, and the network's. It goes on by itself. */

import assert from "node:assert/strict";
import { assertConverses, chat, peerOutside } from "./conversing.ts";
import { hostUrl, type Machine, METRICS } from "./machine.ts";
import { type Clean, type Note, onMachine } from "./promise.ts";
import { verb } from "./rig.ts";

/** The same process as before: nothing was mended by a restart. */
async function assertSame(machine: Machine, pid: string): Promise<void> {
  assert.equal(await machine.property("MainPID"), pid);
  assert.equal(await machine.property("ActiveState"), "active");
}

onMachine("plugs", (they) => {
  for (const input_backend of ["arecord", "alsa"]) {
    they.holds(`the sound card pulled and put back, ${input_backend}`, 900, (m, note, clean) =>
      assertCardMayGo(m, note, clean, { input_backend }),
    );
  }

  for (const [pull, plug] of [
    ["down", "up"],
    ["cut", "mend"],
  ] as const) {
    they.holds(`the network ${pull}, then ${plug}`, 900, async (m, note, clean) => {
      const peer = await peerOutside(clean);
      await m.runWith({ openai: { base_url: hostUrl(peer.url) } });
      const pid = await m.property("MainPID");
      await chat(m);
      await verb("net", [pull]);
      clean.after(async () => {
        await verb("net", [plug]).catch(() => undefined);
      });
      await assertReportsNoNetwork(m, note);
      await verb("net", [plug]);
      await m.until("an address", "ip -4 -o addr show eth0 | grep -q 10.0.2", 60);
      await chat(m);
      await assertSame(m, pid);
    });
  }
});

async function assertReportsNoNetwork(machine: Machine, note: Note): Promise<void> {
  const mark = await machine.mark();
  const files = (await machine.metricsFiles()).length;
  await machine.tap();
  await machine.says(mark, "Conversation over", 240);
  // The line comes first, and then the file.
  await machine.until("its file", `[ "$(ls ${METRICS} | wc -l)" -gt ${files} ]`, 60);
  const said = await machine.daemonSaidSince(mark);
  note(`told: ${said.join(" | ")}`);
  assert.match(said.join("\n"), /Failed to connect with model/);
  assert.ok(said.length <= 12, "few lines");
  const file = await machine.newestMetrics();
  assert.notDeepEqual(file["errors"], []);
}

async function assertCardMayGo(
  m: Machine,
  note: Note,
  clean: Clean,
  audio: Readonly<Record<string, string>>,
): Promise<void> {
  const peer = await peerOutside(clean);
  await m.runWith({ openai: { base_url: hostUrl(peer.url) }, audio });
  const pid = await m.property("MainPID");
  const mark = await m.mark();
  clean.after(async () => {
    await verb("mic", ["plug"]).catch(() => undefined); // It is in already.
  });
  await verb("mic", ["unplug"]);
  await m.says(mark, 'Microphone "Loopback"', 60);
  // Longer than the watchdog's time: a microphone that is away is no hang.
  await m.run("sleep 40");
  await assertSame(m, pid);
  assert.match(String((await m.status())["microphone"]), /Microphone "Loopback"/);
  const lost = await m.daemonSaidSince(mark);
  note(`told: ${lost.join(" | ")}`);
  await verb("mic", ["plug"]);
  await m.says(mark, "The microphone works again", 90);
  await m.says(mark, "The speaker works again", 90);
  await assertConverses(m, note, clean);
  await assertSame(m, pid);
  assert.deepEqual(peer.violations, []);
  const isFault = (line: string): boolean => line.startsWith('Microphone "Loopback"');
  assert.equal(lost.filter(isFault).length, 1, "one line, not one a try");
}
