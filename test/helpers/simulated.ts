/** `pipit simulate` as a child process, with its own log and the sound it received, for whoever judges. */

import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isObject, type JsonObject, parseJson, textAt } from "../../src/sim/peer/json.ts";
import { eventually } from "./host.ts";
import { MAIN } from "./pipit.ts";
import { tempFolder } from "./temp-folder.ts";

interface Cleanup {
  after(clean: () => void | Promise<void>): void;
}

/** One line of the peer's log: `ms` is monotonic, its own. */
export interface Logged {
  readonly ms: number;
  readonly connection: number;
  readonly from: string;
  readonly event: JsonObject;
}

export interface Simulated {
  readonly url: string;
  /** Events so far, notes left out. */
  log(): Logged[];
  /** What a connection has sent as sound. */
  received(connection: number): Int16Array;
}

export async function simulated(test: Cleanup, scenario: JsonObject): Promise<Simulated> {
  const folder = tempFolder(test);
  const script = join(folder, "scenario.json");
  const log = join(folder, "log.jsonl");
  writeFileSync(script, JSON.stringify(scenario));
  const args = ["--json", "--scenario", script, "--log", log, "--dump-audio", folder];
  const child = spawn(process.execPath, [MAIN, "simulate", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  test.after(() => void child.kill("SIGKILL"));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await eventually("the peer's address", () => said.includes("\n"));
  return {
    url: textAt(parseJson(said), "url") ?? "",
    log: () => readFileSync(log, "utf8").split("\n").flatMap(logged),
    received: (connection) => {
      const path = join(folder, `connection-${connection}-client.s16le`);
      const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
      return Int16Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(i * 2));
    },
  };
}

function logged(line: string): Logged[] {
  const entry = parseJson(line);
  if (!isObject(entry) || !isObject(entry["event"])) return [];
  const { ms, connection, from, event } = entry;
  return [{ ms: Number(ms), connection: Number(connection), from: String(from), event }];
}
