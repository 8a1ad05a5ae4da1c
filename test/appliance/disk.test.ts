/** The disk of the metrics full, or read-only: conversations go on, and nothing is half-written. */

import assert from "node:assert/strict";
import { chat, peerOutside } from "./conversing.ts";
import { hostUrl, type Machine, METRICS } from "./machine.ts";
import { type Note, onMachine } from "./promise.ts";

/** To the last block: what the file system had set aside while it wrote is free after a sync. */
const FILL = `for n in 1 2 3; do cat /dev/zero >/data/fill$n; sync; done 2>/dev/null
  dd if=/dev/zero of=/data/fill4 bs=1k 2>/dev/null; sync`;

/** Every file in the folder is a whole one of ours. */
async function assertWhole(machine: Machine): Promise<number> {
  const hidden = (await machine.run(`ls -A ${METRICS}`)).split("\n");
  assert.deepEqual(
    hidden.filter((name) => name.endsWith(".tmp")),
    [],
    "no leftovers",
  );
  const names = await machine.metricsFiles();
  for (const name of names) assert.match(name, /^session_\d{8}_\d{6}_[\w-]+\.json$/);
  const all = await machine.run(`for f in ${METRICS}/*; do cat $f; echo; echo ---; done`);
  const texts = all.split("---\n").filter((text) => text.trim() !== "");
  for (const text of texts) JSON.parse(text);
  assert.equal(texts.length, names.length);
  return names.length;
}

/** Two conversations while nothing can be written: they work, each is counted, and it is said. */
async function assertGoesOnWithout(machine: Machine, why: string, note: Note): Promise<void> {
  const before = Number((await machine.status())["metrics_files_lost"]);
  const files = await assertWhole(machine);
  const mark = await machine.mark();
  await chat(machine);
  await chat(machine);
  await machine.says(mark, why, 60);
  const status = await machine.status();
  const reported = (await machine.daemonSaidSince(mark)).filter((line) => line.includes(why));
  note(`told: ${reported.join(" | ")}`);
  assert.equal(reported.length, 1, "once, not for each file");
  assert.equal(status["metrics_files_lost"], before + 2);
  assert.equal(await assertWhole(machine), files);
}

async function assertWritesAgain(machine: Machine): Promise<void> {
  const files = await assertWhole(machine);
  await chat(machine);
  await machine.untilMetricsFiles(files + 1);
  await machine.run("sleep 2"); // for the fsync
  assert.equal(await assertWhole(machine), files + 1);
}

onMachine("the disk", (they) => {
  they.holds("full, and then not", 900, async (m, note, clean) => {
    const peer = await peerOutside(clean);
    await m.runWith({ openai: { base_url: hostUrl(peer.url) } });
    await assertWritesAgain(m);
    await m.run(FILL);
    assert.equal((await m.run("df --output=avail /data | tail -n 1")).trim(), "0");
    await assertGoesOnWithout(m, "the disk is full (ENOSPC)", note);
    await m.run("rm /data/fill* && sync");
    await assertWritesAgain(m);
  });

  they.holds("read-only, and then not", 900, async (m, note, clean) => {
    const peer = await peerOutside(clean);
    await m.runWith({ openai: { base_url: hostUrl(peer.url) } });
    await assertWritesAgain(m);
    await m.run("mount -o remount,ro /data");
    await assertGoesOnWithout(m, "the file system is read-only (EROFS)", note);
    await m.run("mount -o remount,rw /data");
    await assertWritesAgain(m);
  });
});
