/** Puts Pipit on the machine with its own installer, as an owner does. */

import { KEY, type Machine, METRICS } from "./machine.ts";

/** Where the tree lies that is installed: built here, because an emulated processor builds for an hour. */
export const TREE = "/root/pipit";
/** Another tree, of another release, made of ours. */
export const OTHER = "/root/other";
/** For one of the scripts, or a copy of the tree. */
export const SCRIPT_MAX_MS = 900_000;
/** Prints the release in force. */
export const CURRENT = "readlink /opt/pipit/current";

/**
 * An emulated processor starts Node in five to thirty seconds, where a Pi takes one: the unit's own
 * limits would judge the emulation. The metrics are on the disk that can lose its power.
 */
const ON_THE_RIG = `[Service]
TimeoutStartSec=300
TimeoutStopSec=60
WatchdogSec=120
ReadWritePaths=-/data
`;

/** The package pipewire-alsa makes PipeWire everybody's `default` by this file; most Pis have no such thing. */
export const PIPEWIRE_DEFAULT = "/etc/alsa/conf.d/99-pipewire-default.conf";

/** Copies the tree of this checkout and installs it; what the installer said. */
export async function install(machine: Machine): Promise<string> {
  await machine.push(TREE);
  await machine.write("/etc/systemd/system/pipit.service.d/rig.conf", ON_THE_RIG);
  await machine.write("/root/key", `${KEY}\n`, "600");
  await machine.run(`rm -f ${PIPEWIRE_DEFAULT}`);
  await machine.configure();
  const options = `--from ${TREE} --key-file /root/key --yes --now`;
  const said = await machine.run(`cd ${TREE} && scripts/install ${options} 2>&1`, SCRIPT_MAX_MS);
  await machine.run(`install -d -o pipit -g pipit ${METRICS} && sync`);
  return said;
}
