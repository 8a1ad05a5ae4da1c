/** Every way in which editors and tools change a file is noticed, on a real file system. */

import assert from "node:assert/strict";
import {
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  watch,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import {
  BLIND_LOOK_EVERY_MS,
  FolderWatch,
  LOOK_EVERY_MS,
  SWARM_MS,
  type WatchFolder,
} from "../../../src/adapters/config/watch.ts";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { eventually } from "../../helpers/host.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

interface Cleanup {
  after(clean: () => void | Promise<void>): void;
}

function watched(t: Cleanup, path: string, clock = new SystemClock(), watchFolder?: WatchFolder) {
  const seen = { changes: 0, blind: [] as string[] };
  const watcher = new FolderWatch({ path, clock, ...(watchFolder ? { watchFolder } : {}) });
  watcher.start({ changed: () => seen.changes++, blind: (line) => seen.blind.push(line) });
  t.after(() => watcher.close());
  return { seen, watcher };
}

function file(t: Cleanup): string {
  const path = join(tempFolder(t), "config.yaml");
  writeFileSync(path, "audio: {}\n");
  return path;
}

const WAYS: readonly [string, (path: string) => void][] = [
  ["saved in place", (path) => writeFileSync(path, "audio: {volume: 1}\n")],
  [
    "replaced by rename",
    (path) => {
      writeFileSync(`${path}.new`, "audio: {}\n");
      renameSync(`${path}.new`, path);
    },
  ],
  ["moved away", (path) => renameSync(path, `${path}~`)],
  ["touched", (path) => utimesSync(path, 1, 1)],
];

for (const [how, change] of WAYS) {
  test(`${how}: noticed, and the next change as well`, async (t) => {
    const path = file(t);
    const { seen, watcher } = watched(t, path);
    change(path);
    await eventually("the change", () => seen.changes === 1);
    writeFileSync(path, "something: else\n");
    await eventually("the next change", () => seen.changes === 2);
    await watcher.close();
    assert.deepEqual(seen.blind, []);
  });
}

test("a link that is turned to another file is noticed, and so is a change of that file", async (t) => {
  const folder = tempFolder(t);
  const [one, two, link] = ["one", "two", "link.yaml"].map((name) => join(folder, name));
  assert.ok(one !== undefined && two !== undefined && link !== undefined);
  for (const dir of [one, two]) {
    mkdirSync(dir);
    writeFileSync(join(dir, "c.yaml"), "audio: {}\n");
  }
  symlinkSync(join(one, "c.yaml"), link);
  const { seen } = watched(t, link);
  symlinkSync(join(two, "c.yaml"), `${link}.new`);
  renameSync(`${link}.new`, link);
  await eventually("the other file", () => seen.changes === 1);
  writeFileSync(join(two, "c.yaml"), "audio: {volume: 1}\n");
  await eventually("a change behind the link", () => seen.changes === 2);
});

test("changes of other files in the folder are ignored", async (t) => {
  const path = file(t);
  let events = 0;
  const counting: WatchFolder = (folder, options, listener) =>
    watch(folder, options, () => {
      events++;
      listener();
    });
  const { seen } = watched(t, path, new SystemClock(), counting);
  for (let i = 0; i < 50; i++) writeFileSync(`${path}.log`, String(i));
  await eventually("the events of the neighbour", () => events > 0);
  await new Promise((resolve) => new SystemClock().after(SWARM_MS * 3, () => resolve(null)));
  assert.equal(seen.changes, 0);
});

test("a recreated folder is found by polling, and watched again", (t) => {
  const path = file(t);
  const clock = new SimClock();
  const { seen } = watched(t, path, clock);
  rmSync(dirname(path), { recursive: true });
  clock.advance(LOOK_EVERY_MS);
  assert.equal(seen.changes, 1, "it is missing");
  mkdirSync(dirname(path));
  writeFileSync(path, "audio: {volume: 1}\n");
  clock.advance(LOOK_EVERY_MS);
  assert.equal(seen.changes, 2, "it is there again");
  assert.deepEqual(seen.blind, []);
});

test("no inotify: one line, and the file is polled", async (t) => {
  const path = file(t);
  const clock = new SimClock();
  const full: WatchFolder = () => {
    throw Object.assign(new Error("no space left for watches"), { code: "ENOSPC" });
  };
  const { seen, watcher } = watched(t, path, clock, full);
  clock.advance(10 * BLIND_LOOK_EVERY_MS);
  assert.equal(seen.blind.length, 1);
  assert.match(seen.blind[0] ?? "", /cannot be watched \(ENOSPC\).*systemctl reload pipit/);
  writeFileSync(path, "audio: {volume: 1}\n");
  clock.advance(BLIND_LOOK_EVERY_MS);
  assert.equal(seen.changes, 1);
  await watcher.close();
  assert.equal(clock.pending(), 0);
});
