/** Whatever kills or stops the daemon, systemd brings it back, and no LED tells of a life that is over. */

import assert from "node:assert/strict";
import { LISTENING_PIN, peerOutside, STATUS_PIN, untilLed } from "./conversing.ts";
import { hostUrl, type Machine } from "./machine.ts";
import { type Clean, onMachine } from "./promise.ts";

/** Proves the same as the unit's own, and leaves an emulated processor some time. */
const WATCHDOG_S = 30;

/** In a conversation, the microphone open and the LED lit. */
async function listening(machine: Machine, clean: Clean, backend: string): Promise<void> {
  const peer = await peerOutside(clean);
  const openai = { base_url: hostUrl(peer.url) };
  await machine.runWith({ openai, leds: { backend }, button: { backend } });
  await machine.tap();
  await untilLed(machine, LISTENING_PIN, 1);
}

/** Another process than `before` is ready, and both LEDs are dark. */
async function assertBack(machine: Machine, before: string): Promise<void> {
  const another = `[ "$(systemctl show -P MainPID pipit)" != ${before} ]`;
  await machine.until("another process", `systemctl -q is-active pipit && ${another}`, 400);
  assert.equal(await machine.led(LISTENING_PIN), "0");
  assert.equal(await machine.led(STATUS_PIN), "0");
}

onMachine("crashes", (they) => {
  for (const backend of ["gpiochip", "onoff"]) {
    they.holds(
      `kill -9 leaves no LED lit (${backend}), and it comes back`,
      600,
      async (m, note, t) => {
        await listening(m, t, backend);
        const pid = await m.property("MainPID");
        const mark = await m.mark();
        await m.run(`kill -9 ${pid}`);
        await untilLed(m, LISTENING_PIN, 0);
        await assertBack(m, pid);
        const said = (await m.saidSince(mark)).join("\n");
        assert.match(said, /Main process exited, code=killed, status=9\/KILL/);
        note(`restarts so far: ${await m.property("NRestarts")}`);
      },
    );
  }

  they.holds("the watchdog restarts a daemon that hangs", 600, async (m, note, clean) => {
    const dropIn = "/etc/systemd/system/pipit.service.d/zz-watchdog.conf";
    await m.write(dropIn, `[Service]\nWatchdogSec=${WATCHDOG_S}\n`);
    await m.run("systemctl daemon-reload && systemctl stop pipit", 420_000); // WatchdogSec counts from a start
    clean.after(async () => {
      await m.run(`rm ${dropIn} && systemctl daemon-reload && systemctl restart pipit`, 420_000);
    });
    await listening(m, clean, "onoff");
    const pid = await m.property("MainPID");
    const mark = await m.mark();
    // For longer than the watchdog's time nothing happens to one that works.
    await m.run(`sleep ${2 * WATCHDOG_S}`);
    assert.equal(await m.property("MainPID"), pid);
    await m.run(`kill -STOP ${pid}`);
    await m.says(mark, "Watchdog timeout", 5 * WATCHDOG_S);
    await untilLed(m, LISTENING_PIN, 0);
    await assertBack(m, pid);
    const said = (await m.saidSince(mark)).join("\n");
    assert.match(said, /Failed with result 'watchdog'/);
    note(`systemd: ${/.*Watchdog timeout.*/.exec(said)?.[0] ?? ""}`);
  });
});
