/** Puts Pipit on the machine, and whatever Raspberry Pi OS has and the rig's Debian has not. */

import { HOME, KEY, type Machine, METRICS } from "./machine.ts";

/** As in Raspberry Pi OS's 99-com.rules: the header belongs to the group gpio. */
const GPIO_RULES = `SUBSYSTEM=="gpio", GROUP="gpio", MODE="0660"
SUBSYSTEM=="gpio", ACTION=="add", PROGRAM="/bin/sh -c 'chgrp -R gpio /sys/class/gpio && chmod -R g=u /sys/class/gpio; chgrp -R gpio /sys%p && chmod -R g=u /sys%p'"
`;

/**
 * An emulated processor starts Node in five to thirty seconds, where a Pi takes one: the unit's own
 * limits would judge the emulation.
 */
const EMULATED = `[Service]
TimeoutStartSec=300
TimeoutStopSec=60
WatchdogSec=120
`;

export async function install(machine: Machine): Promise<void> {
  await machine.push();
  await likeRaspberryPiOs(machine);
  await byHand(machine);
}

async function likeRaspberryPiOs(machine: Machine): Promise<void> {
  await machine.write("/etc/udev/rules.d/99-com.rules", GPIO_RULES);
  await machine.run(
    "groupadd -rf gpio && udevadm control --reload && udevadm trigger -c add -s gpio && udevadm settle",
  );
}

/** As the README describes it. */
async function byHand(machine: Machine): Promise<void> {
  await machine.run(`
    id pipit >/dev/null 2>&1 || useradd --system --groups audio pipit
    mkdir -p /etc/pipit
    ln -sf ${HOME}/dist/src/main.js /usr/local/bin/pipit
    install -d -o pipit -g pipit ${METRICS}
    cp ${HOME}/systemd/pipit.service /etc/systemd/system/
  `);
  await machine.write("/etc/pipit/pipit.env", `OPENAI_API_KEY=${KEY}\n`, "600");
  await machine.configure();
  await machine.write("/etc/systemd/system/pipit.service.d/emulated.conf", EMULATED);
  await machine.run("systemctl daemon-reload && systemctl enable --now pipit && sync", 420_000);
}
