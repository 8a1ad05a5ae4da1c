/**
 * What changes on the machine while Pipit runs: the time zone, where a name leads, when udev opens
 * the pins. It is noticed without a restart.
 */

import assert from "node:assert/strict";
import { chat, LISTENING_PIN, peerOutside, untilLed } from "./conversing.ts";
import { hostUrl } from "./machine.ts";
import { onMachine } from "./promise.ts";

/** A look every 20 s, and a slow machine. */
const NOTICED_MAX_S = 120;
const HOSTS = "/etc/hosts";
const NAME = "realtime.pipit.test";

onMachine("changes while it runs", (they) => {
  they.holds("the time zone", 900, async (m, note, clean) => {
    await m.runWith();
    const pid = await m.property("MainPID");
    const mark = await m.mark();
    clean.after(async () => {
      await m.run("ln -sfn /usr/share/zoneinfo/Etc/UTC /etc/localtime");
    });
    await m.run("ln -sfn /usr/share/zoneinfo/Asia/Kolkata /etc/localtime");
    await m.says(mark, "The time zone of this machine is now Asia/Kolkata", NOTICED_MAX_S);
    assert.equal(await m.property("MainPID"), pid);
    note((await m.daemonSaidSince(mark)).join(" | "));
  });

  they.holds("where the name of the API leads", 900, async (m, note, clean) => {
    const peer = await peerOutside(clean);
    const at = hostUrl(peer.url).replace("10.0.2.2", NAME);
    const kept = await m.run(`cat ${HOSTS}`);
    clean.after(async () => {
      await m.write(HOSTS, kept);
    });
    await m.write(HOSTS, `${kept}\n127.0.0.1 ${NAME}\n`); // Nobody listens there.
    await m.restart({ openai: { base_url: at } });
    const pid = await m.property("MainPID");
    const mark = await m.mark();
    await m.tap();
    await m.says(mark, "Conversation over", 240);
    note((await m.daemonSaidSince(mark)).join(" | "));
    await m.write(HOSTS, `${kept}\n10.0.2.2 ${NAME}\n`);
    await chat(m);
    assert.equal(await m.property("MainPID"), pid);
    assert.deepEqual(peer.violations, []);
  });

  they.holds("pins that udev opens only after the start", 900, async (m, note, clean) => {
    const open = "chgrp gpio /dev/gpiochip0 && chmod 660 /dev/gpiochip0";
    clean.after(async () => {
      await m.attempt(open);
    });
    const peer = await peerOutside(clean);
    await m.run("systemctl stop pipit; chgrp root /dev/gpiochip0; chmod 600 /dev/gpiochip0");
    const mark = await m.mark();
    const pins = { backend: "gpiochip" };
    await m.restart({ openai: { base_url: hostUrl(peer.url) }, leds: pins, button: pins });
    await m.run(open);
    await m.run("sleep 20");
    note((await m.daemonSaidSince(mark)).join(" | "));
    await m.tap();
    await untilLed(m, LISTENING_PIN, 1);
    await m.says(mark, "Conversation over", 240);
  });
});
