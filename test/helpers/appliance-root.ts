/**
 * A throw-away appliance: a root folder, stand-ins for the programs that would change the machine, and
 * built trees of Pipit small enough to copy in no time. The scripts themselves are the real ones.
 *
 * Invariant: nothing outside the folder is touched; the stand-in systemctl acts as the release in force
 * behaves.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { STAND_INS } from "./appliance-stand-ins.ts";
import { type Ended, MAIN, outputOf } from "./pipit.ts";
import { tempFolder } from "./temp-folder.ts";

// Compiled, this file is in dist/test/helpers.
const SCRIPTS = fileURLToPath(new URL("../../../scripts/", import.meta.url));
const SHIPPED = fileURLToPath(new URL("../../../config/config.yaml", import.meta.url));
/** A script that says nothing for this long is killed, milliseconds; generous for a loaded machine. */
const RUN_MAX_MS = 120_000;

/** What a release does when it is started: `good` stays; the others fail, each in its own way. */
export type Behaviour = "good" | "exits" | "flaps" | "hangs";

export interface TreeOptions {
  readonly behaviour?: Behaviour;
  /** Refuses a configuration that contains this. */
  readonly refuses?: string;
  readonly commands?: string;
  /** Has the shipped configuration, and migrate-config as it is. */
  readonly migrates?: boolean;
}

/** The program of a built tree. */
function program(options: TreeOptions): string {
  const { refuses = "never-there", migrates = false } = options;
  const commands = `${options.commands ?? ""}${migrates ? "  migrate-config  migrates\\n" : ""}`;
  return `#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
const [command] = process.argv.slice(2);
const root = process.env.PIPIT_ROOT;
if (command === "--help") console.log("  run  runs\\n${commands}");
if (command === "migrate-config") process.exit(spawnSync(process.execPath, ["${MAIN}", ...process.argv.slice(2)], { stdio: "inherit" }).status);
if (command === "doctor") process.exit(1);
if (command === "status") process.stdout.write(readFileSync(root + "/fake/status", "utf8"));
if (command === "check-config") {
  const text = readFileSync(process.argv[4], "utf8");
  if (text.includes("${refuses}")) { console.error("config.yaml:1:1 ${refuses}: unknown key"); process.exit(2); }
  const key = process.env.CREDENTIALS_DIRECTORY + "/OPENAI_API_KEY";
  if (!process.env.OPENAI_API_KEY && !existsSync(key)) { console.error("config.yaml:1:1 OPENAI_API_KEY is not set"); process.exit(2); }
}
`;
}

export class ApplianceRoot {
  readonly root: string;
  readonly #bin: string;
  readonly #trees: string;
  /** More for the environment of the scripts. */
  readonly env: Record<string, string> = {};

  constructor(test: TestContext) {
    const folder = tempFolder(test);
    this.root = join(folder, "root");
    this.#bin = join(folder, "bin");
    this.#trees = join(folder, "trees");
    for (const path of ["run/systemd/system", "fake", "etc/udev/rules.d", "usr/lib/udev/rules.d"]) {
      mkdirSync(join(this.root, path), { recursive: true });
    }
    mkdirSync(this.#bin);
    this.write(
      "usr/lib/udev/rules.d/60-vendor.rules",
      'SUBSYSTEM=="*gpio*", GROUP="gpio" # gpiochip\n',
    );
    this.write("fake/group", "audio\ngpio\n");
    this.write("fake/status", "");
    for (const [name, text] of Object.entries(STAND_INS)) this.standIn(name, text);
    this.standIn("node", `exec ${process.execPath} "$@"`);
  }

  /** Makes or replaces a stand-in program: a line or more of bash. */
  standIn(name: string, text: string): void {
    writeFileSync(join(this.#bin, name), `#!/bin/bash\nF=$PIPIT_ROOT/fake\n${text}\n`, {
      mode: 0o755,
    });
  }

  write(path: string, content: string): void {
    writeFileSync(this.path(path), content);
  }

  read(path: string): string {
    return readFileSync(this.path(path), "utf8");
  }

  path(path: string): string {
    return join(this.root, path);
  }

  has(path: string): boolean {
    return existsSync(this.path(path));
  }

  /** What has been asked of the stand-ins, a line each. */
  get log(): string {
    return this.has("fake/log") ? this.read("fake/log") : "";
  }

  /** The version of the release that a link leads to; null when there is no link. */
  release(link: "current" | "previous"): string | null {
    if (!this.has(`opt/pipit/${link}`)) return null;
    return basename(readlinkSync(this.path(`opt/pipit/${link}`))).replace(/-.*/, "");
  }

  /** A built tree of this version; its path. */
  tree(version: string, options: TreeOptions = {}): string {
    const tree = join(this.#trees, version);
    for (const path of ["dist/src", "node_modules", "config", "systemd", "scripts"]) {
      mkdirSync(join(tree, path), { recursive: true });
    }
    const files = {
      "package.json": `{\n  "name": "pipit",\n  "version": "${version}",\n  "type": "module"\n}\n`,
      "dist/src/main.js": program(options),
      "dist/src/behaviour": options.behaviour ?? "good",
      "config/config.yaml": options.migrates ? readFileSync(SHIPPED, "utf8") : "openai:\n",
      "systemd/pipit.service": `[Service]\nExecStart=/usr/bin/node run # ${version}\n`,
      "systemd/pipit-tools.service": "[Service]\nExecStart=/usr/bin/node tools\n",
      "systemd/pipit-tools.socket": "[Socket]\n",
      "systemd/pipit-poweroff.rules": "// power off\n",
    };
    for (const [path, text] of Object.entries(files)) writeFileSync(join(tree, path), text);
    return tree;
  }

  get #environment(): Record<string, string> {
    return {
      PATH: `${this.#bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
      PIPIT_ROOT: this.root,
      PIPIT_SETTLE_S: "1",
      PIPIT_IDLE_MAX_S: "1",
      ...this.env,
    };
  }

  /** Starts one of the scripts. */
  start(
    script: string,
    ...args: readonly string[]
  ): ChildProcess & { readonly ended: Promise<Ended> } {
    const child = spawn("bash", [join(SCRIPTS, script), ...args], {
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: RUN_MAX_MS,
      killSignal: "SIGKILL",
    });
    return Object.assign(child, { ended: outputOf(child) });
  }

  /** Runs one of the scripts at a terminal, at which this is typed; all that is shown is in stdout. */
  type(typed: string, script: string, ...args: readonly string[]): Promise<Ended> {
    const line = ["bash", join(SCRIPTS, script), ...args].map((word) => `'${word}'`).join(" ");
    const child = spawn("script", ["-qec", line, "/dev/null"], {
      env: this.#environment,
      stdio: ["pipe", "pipe", "pipe"],
      timeout: RUN_MAX_MS,
      killSignal: "SIGKILL",
    });
    child.stdin.end(typed);
    return outputOf(child);
  }

  /** Runs one of the scripts to its end. */
  run(script: string, ...args: readonly string[]): Promise<Ended> {
    return this.start(script, ...args).ended;
  }
}
