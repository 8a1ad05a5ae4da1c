/**
 * One virtual appliance with Pipit installed on it, as the owner would have it: its service, its
 * configuration, its journal. What is asked of the machine is asked over the rig's own network, so
 * that the appliance's may be cut.
 *
 * Invariant: waiting is done inside, by outcome; nothing here depends on how fast the machine is.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { record } from "../../src/core/json.ts";
import { attempt, type Ended, ROOT, verb } from "./rig.ts";

/** Sections of the configuration file, by name. */
export type Config = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export const METRICS = "/data/metrics";
/** The owner's key in these tests. It must never be seen. */
export const KEY = "sk-rig-never-to-be-seen";
/** How the appliance reaches a server on this machine's loopback interface. */
export const hostUrl = (url: string): string => url.replace("127.0.0.1", "10.0.2.2");

const BOOT_MAX_MS = 600_000;
const PUSH_MAX_MS = 300_000;
/** Above what the unit is given on the rig to stop and to start (install.ts). */
const START_MAX_MS = 420_000;
/** From "ready" to an open speaker: a Node process of its own. */
const SOUND_MAX_S = 180;
/** Inside the machine, between two looks: each costs an emulated processor much. */
const LOOK_EVERY_S = 0.7;

/**
 * Laid under the configuration of each test: the rig's card, metrics on the data disk; aplay, because
 * a second Node process is much for an emulated processor.
 */
const CONFIG: Config = {
  audio: { input_device: "Loopback", output_device: "Loopback", output_backend: "aplay" },
  wake_word: { enabled: false },
  session: { mode: "single_turn", no_speech_s: 60 },
  metrics: { dir: METRICS },
};

const CONFIG_FILE = "/etc/pipit/config.yaml";

/** A text as one word of the shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Where the journal was at one moment. */
export type Mark = string;

export class Machine {
  /** New disks, from the rig's snapshot. */
  async boot(): Promise<void> {
    await attempt("stop", ["--now"]);
    await verb("boot", ["--quick"], { maxMs: BOOT_MAX_MS });
  }

  /** Whether it runs, with a release in force. */
  async isInstalled(): Promise<boolean> {
    return (await this.attempt("test -e /opt/pipit/current")).code === 0;
  }

  /** All plugs in, all disks writable, whatever a proof that failed has left. */
  async mend(): Promise<void> {
    await verb("net", ["up"]);
    await attempt("net", ["mend"]);
    await verb("button", ["release"]);
    if (await this.run("grep -q Loopback /proc/asound/cards || echo none")) {
      await verb("mic", ["plug"]);
    }
    await this.run("rm -f /data/fill*; mount -o remount,rw /data; systemctl stop peer || true");
    await this.run("systemctl reset-failed pipit || true");
  }

  /** Boots with the disks as they were left. */
  async bootAgain(): Promise<void> {
    await verb("boot", [], { maxMs: BOOT_MAX_MS });
  }

  /** Takes the power away now. The data disk must be sound after a replay of its journal. */
  async powerCut(): Promise<void> {
    await verb("powercut", ["--check"]);
  }

  /** A line for the shell of root, which must succeed; what it printed. */
  async run(line: string, maxMs?: number): Promise<string> {
    return await verb("run", ["--", line], maxMs === undefined ? {} : { maxMs });
  }

  /** The same, whatever its exit code. */
  async attempt(line: string, maxMs?: number): Promise<Ended> {
    return await attempt("run", ["--", line], maxMs === undefined ? {} : { maxMs });
  }

  /** Waits inside the machine until a line for the shell succeeds. */
  async until(what: string, condition: string, maxS = 60): Promise<void> {
    const loop = `end=$((SECONDS + ${maxS})); until ${condition}; do [ $SECONDS -lt $end ] || exit 9; sleep ${LOOK_EVERY_S}; done`;
    const { code, stderr } = await this.attempt(`{ ${loop}; } >/dev/null`, maxS * 1000 + 60_000);
    if (code !== 0) throw new Error(`never happened within ${maxS} s: ${what}\n${stderr}`);
  }

  /** Puts a text into a file. */
  async write(path: string, text: string, mode = "644"): Promise<void> {
    const line = `install -D -m ${mode} /dev/stdin ${path}.new && mv ${path}.new ${path} && sync ${path}`;
    await verb("run", ["--", line], { input: text });
  }

  /** The built tree and its packages, without those that only we need. */
  async push(dest: string): Promise<void> {
    const list = join(ROOT, "dist", "not-for-the-appliance");
    writeFileSync(list, notForTheAppliance().join("\n"));
    const env = { RIG_TAR: `--anchored --exclude-from=${list}` };
    await verb("push", [ROOT, dest], { maxMs: PUSH_MAX_MS, env });
  }

  /** Writes the configuration: `more` laid over what suits the rig. */
  async configure(more: Config = {}): Promise<void> {
    await this.write(CONFIG_FILE, configText(more));
  }

  /** The service runs with this configuration, and has its sound; restarted only if it must be. */
  async runWith(more: Config = {}): Promise<void> {
    const { stdout } = await this.attempt(`systemctl -q is-active pipit && cat ${CONFIG_FILE}`);
    if (stdout === configText(more)) await this.untilSound();
    else await this.restart(more);
  }

  /** Restarts the service with this configuration; it has said that it is ready, and has its sound. */
  async restart(more: Config = {}): Promise<void> {
    await this.configure(more);
    await this.run("systemctl restart pipit", START_MAX_MS);
    await this.untilSound();
  }

  /**
   * Both ends of the card are open: what happens next finds a microphone and a speaker. Only the
   * microphone's where something else is the speaker.
   */
  async untilSound(which: "both" | "microphone" = "both"): Promise<void> {
    const open = (pcm: string): string =>
      `grep -q RUNNING /proc/asound/Loopback/${pcm}/sub0/status`;
    await this.until("the microphone runs", open("pcm0c"), SOUND_MAX_S);
    if (which === "microphone") return;
    // Between replies the speaker waits in whatever state ALSA left it.
    const speaker = "! grep -q closed /proc/asound/Loopback/pcm0p/sub0/status";
    await this.until("the speaker is open", speaker, SOUND_MAX_S);
  }

  /** The wake-word engine listens: it loads while the daemon is ready already. */
  async untilWakeWord(): Promise<void> {
    const listens = `pipit status --json | grep -q '"wake_word": *"ok"'`;
    await this.until("the wake word is listened for", listens, SOUND_MAX_S);
  }

  /** One property of the unit, such as MainPID. */
  async property(name: string): Promise<string> {
    return (await this.run(`systemctl show -P ${name} pipit`)).trim();
  }

  async untilActive(maxS = 120): Promise<void> {
    await this.until("pipit.service is active", "systemctl -q is-active pipit", maxS);
  }

  /** The journal as it is now: later lines are those after the mark. */
  async mark(): Promise<Mark> {
    const out = await this.run("journalctl -n 0 --show-cursor");
    const cursor = /cursor: (\S+)/.exec(out)?.[1];
    if (cursor === undefined) throw new Error(`no cursor in: ${out}`);
    return cursor;
  }

  /** What Pipit, and systemd about it, have said since, a line each. */
  async saidSince(mark: Mark): Promise<string[]> {
    const out = await this.run(`${journal(mark)} || true`);
    return out.split("\n").filter((line) => line !== "" && !line.startsWith("-- "));
  }

  /** What the daemon itself has said since. */
  async daemonSaidSince(mark: Mark): Promise<string[]> {
    const out = await this.run(
      `journalctl -o cat --after-cursor='${mark}' _SYSTEMD_UNIT=pipit.service || true`,
    );
    return out.split("\n").filter((line) => line !== "" && !line.startsWith("-- "));
  }

  /** Waits for a line with `part` in it, of Pipit or of systemd about it. */
  async says(mark: Mark, part: string, maxS = 60): Promise<void> {
    // The journal is followed, not read again and again, which would take the whole processor.
    const follow = `exec 3< <(exec ${journal(mark)} -f -n all); follower=$!`;
    const find = `timeout ${maxS} grep -qm1 -F ${quoted(part)} <&3; found=$?`;
    const line = `${follow}; ${find}; kill $follower; exit $found`;
    const { code } = await this.attempt(line, maxS * 1000 + 60_000);
    if (code !== 0) throw new Error(`never said within ${maxS} s: '${part}'`);
  }

  /** `pipit ARGS` as the owner types it. */
  async pipit(args: string): Promise<Ended> {
    return await this.attempt(`pipit ${args}`);
  }

  async status(): Promise<Readonly<Record<string, unknown>>> {
    const { stdout, stderr } = await this.pipit("status --json");
    const status = stdout === "" ? null : record(JSON.parse(stdout));
    if (status === null) throw new Error(`no status: ${stderr}`);
    return status;
  }

  /** A press longer than most pauses of an emulated processor, in which sysfs loses a short one whole. */
  async tap(): Promise<void> {
    await verb("button", ["tap", "800"]);
  }

  /** The level of one LED's line. */
  async led(pin: number): Promise<string> {
    return (await verb("led", ["read", String(pin)])).trim();
  }

  /** The names of the metrics files, oldest first. */
  async metricsFiles(dir = METRICS): Promise<string[]> {
    const out = await this.run(`ls ${dir} 2>/dev/null || true`);
    return out.split("\n").filter((name) => name !== "");
  }

  /** The newest metrics file, parsed: it must be whole. */
  async newestMetrics(dir = METRICS): Promise<Readonly<Record<string, unknown>>> {
    const name = (await this.metricsFiles(dir)).at(-1);
    if (name === undefined) throw new Error("there is no metrics file");
    const file = record(JSON.parse(await this.run(`cat ${dir}/${name}`)));
    if (file === null) throw new Error(`${name} holds no object`);
    return file;
  }

  async untilMetricsFiles(count: number, maxS = 60): Promise<void> {
    const condition = `[ "$(ls ${METRICS} | wc -l)" -ge ${count} ]`;
    await this.until(`${count} metrics files`, condition, maxS);
  }
}

function configText(more: Config): string {
  const sections: Record<string, object> = { ...CONFIG };
  for (const [name, keys] of Object.entries(more)) sections[name] = { ...sections[name], ...keys };
  return JSON.stringify(sections, null, 2); // JSON is YAML.
}

function journal(mark: Mark): string {
  return `journalctl -o cat -u pipit --after-cursor='${mark}'`;
}

/** What a tar of this checkout leaves out, as patterns for GNU tar. */
function notForTheAppliance(): string[] {
  const lock = record(JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")));
  const packages = Object.entries(record(lock?.["packages"]) ?? {});
  const dev = packages.flatMap(([path, about]) => (record(about)?.["dev"] === true ? [path] : []));
  const ours = [".git", "src", "test", "dist/test", "dist/not-for-the-appliance", "metrics/*"];
  return [...ours, ...dev, "dist-*", "node_modules/.bin"].map((path) => `./${path}`);
}
