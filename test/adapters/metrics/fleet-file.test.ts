/** The text file on a real disk, and in a real node_exporter where one is installed. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { TextFleetFile } from "../../../src/adapters/metrics/fleet-file.ts";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { faultLine } from "../../../src/core/fault.ts";
import { readExposition } from "../../helpers/exposition.ts";
import { eventually } from "../../helpers/host.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";
import { settled, World } from "../../helpers/world.ts";

const EXPORTER = "prometheus-node-exporter";
const hasExporter = spawnSync(EXPORTER, ["--version"], { stdio: "ignore" }).status === 0;

test("whole, for everybody to read, replaced by a rename, and nothing beside it", async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, "pipit.prom");
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const file = new TextFleetFile(path, new SystemClock());
  assert.equal(await file.write("# HELP pipit_x one\n"), null);
  const { ino } = statSync(path);
  assert.equal(await file.write("# HELP pipit_x two\n"), null);
  assert.equal(readFileSync(path, "utf8"), "# HELP pipit_x two\n");
  assert.equal(statSync(path).mode & 0o777, 0o644);
  assert.notEqual(statSync(path).ino, ino, "another file under the same name");
  assert.deepEqual(readdirSync(folder), ["pipit.prom"]);
});

test("a folder that is not there, or not a folder, is a fault with a remedy; later it works", async (t) => {
  const folder = join(tempFolder(t), "fleet");
  const file = new TextFleetFile(join(folder, "pipit.prom"), new SystemClock());
  const why = await file.write("# HELP pipit_x one\n");
  assert.ok(why);
  assert.match(
    faultLine(why),
    /pipit\.prom was not written \(ENOENT\)\. Create the folder .*fleet$/,
  );
  mkdirSync(folder);
  assert.equal(await file.write("# HELP pipit_x one\n"), null);
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** What was counted in a simulated conversation. */
async function text(): Promise<string> {
  const world = await World.started();
  world.asked();
  world.delta("resp_1", "item_a", 800);
  world.listen(200);
  world.tap();
  await settled();
  world.listen(7000);
  await settled();
  return world.fleetFile.texts.at(-1) ?? "";
}

/** Asks until somebody answers. */
async function pageOf(url: string): Promise<string> {
  let page = "";
  let asking: boolean = false;
  await eventually("an answer of node_exporter", () => {
    if (!asking && page === "") {
      asking = true;
      void fetch(url)
        .then(async (reply) => {
          page = await reply.text();
        })
        .catch(() => undefined)
        .finally(() => {
          asking = false;
        });
    }
    return page !== "";
  });
  return page;
}

test("node_exporter's textfile collector takes every series, with its type", {
  skip: !hasExporter && "prometheus-node-exporter is not installed",
}, async (t) => {
  const folder = tempFolder(t);
  chmodSync(folder, 0o755);
  const said = await text();
  writeFileSync(join(folder, "pipit.prom"), said);
  const address = `127.0.0.1:${await freePort()}`;
  const args = ["--collector.disable-defaults", "--collector.textfile"];
  args.push(`--collector.textfile.directory=${folder}`, `--web.listen-address=${address}`);
  const child = spawn(EXPORTER, args, { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  const page = await pageOf(`http://${address}/metrics`);
  const served = page.split("\n");
  assert.ok(served.includes("node_textfile_scrape_error 0"), "no scrape error");
  assert.ok(page.includes("node_textfile_mtime_seconds{file="), "the file was seen");
  for (const [name, { type, series }] of readExposition(said)) {
    if (series.size === 0) continue;
    assert.ok(served.includes(`# TYPE ${name} ${type}`), `${name} is a ${type}`);
    for (const [key, value] of series) assertServed(served, key, value);
  }
});

/** The collector sorts labels and writes numbers in its own way. */
function assertServed(served: readonly string[], key: string, value: number): void {
  const [, name = "", labels = ""] = /^([^{]*)\{(.*)\}$/.exec(key) ?? [];
  const wanted = labels.split(",").filter((label) => label !== "");
  const line = served.find((one) => {
    const [, itsName, its = "", itsValue] = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/.exec(one) ?? [];
    const parts = its.split(",").filter((label) => label !== "");
    const same = (label: string): boolean => parts.includes(label) || isBound(label, parts);
    return itsName === name && parts.length === wanted.length && wanted.every(same)
      ? Number(itsValue) === value
      : false;
  });
  assert.ok(line, `${key} ${value}`);
}

/** `le="1.0"` is served as `le="1"`. */
function isBound(label: string, parts: readonly string[]): boolean {
  const [, bound] = /^le="(.*)"$/.exec(label) ?? [];
  return bound !== undefined && parts.includes(`le="${Number(bound)}"`);
}
