/** What the machine's facts mean: one row a case. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Finding,
  finding,
  findingText,
  summary,
} from "../../../src/commands/doctor/finding.ts";
import {
  type ClockFacts,
  type DiskFacts,
  judgeCardHealth,
  judgeClock,
  judgeDisk,
  judgeMemory,
  judgeNode,
  judgePower,
} from "../../../src/commands/doctor/machine.ts";

const NOW_MS = Date.UTC(2026, 10, 26, 5, 4);

/** The grade and the sentence, and the remedy after an arrow. */
function textOf({ grade, says, remedy }: Finding): string {
  return `${grade}: ${says}${remedy === "" ? "" : ` -> ${remedy}`}`;
}

test("node: too old, ended, mended", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["v18.20.4", /^fail: Node v18\.20\.4 is too old; 20\.19 is the oldest -> Install Node\.js 24/],
    ["v20.18.1", /^fail: .*too old/],
    ["v20.19.2", /^warn: .*no updates from its makers since 2026-04-30 -> .*Debian/],
    ["v22.23.3", /^ok: Node v22\.23\.3$/],
    ["v99.0.0", /^ok: /],
  ];
  for (const [version, expected] of cases) {
    assert.match(textOf(judgeNode(version, NOW_MS)), expected, version);
  }
});

test("clock: before this version was made, not synchronised, away from the server's", () => {
  const good: ClockFacts = { wallMs: NOW_MS, isSynchronised: true, behindMs: 300 };
  const cases: readonly (readonly [Partial<ClockFacts>, RegExp])[] = [
    [{}, /^ok: 2026-11-26 05:04 UTC, synchronised$/],
    [{ isSynchronised: null, behindMs: null }, /^ok: .*is unknown/],
    [{ isSynchronised: false }, /^warn: .*not synchronised -> .*timedatectl set-ntp true/],
    [{ wallMs: 0 }, /^fail: The clock says 1970-01-01 00:00 UTC, which is before/],
    [{ wallMs: Date.UTC(2024, 1, 29, 23, 59) }, /^fail: The clock says 2024-02-29 23:59 UTC/],
    [{ behindMs: 3_600_000 }, /^fail: The clock is 60 min behind the API's/],
    [
      { behindMs: -600_000, isSynchronised: false },
      /^fail: The clock is 10 min ahead of the API's/,
    ],
  ];
  for (const [changes, expected] of cases) {
    assert.match(textOf(judgeClock({ ...good, ...changes })), expected);
  }
});

test("memory and power, as Linux and the firmware report them", () => {
  const meminfo = (free: number) =>
    `MemTotal:  948000 kB\nMemFree: 1 kB\nMemAvailable: ${free} kB\n`;
  assert.equal(textOf(judgeMemory(meminfo(512_000))), "ok: 500 MB free of 926 MB");
  assert.match(textOf(judgeMemory(meminfo(50_000))), /^warn: 48 MB free .*-> Stop other programs/);
  assert.match(textOf(judgeMemory(meminfo(9_000))), /^fail: 8 MB free/);
  assert.match(textOf(judgeMemory("")), /^skip: /);
  const power: readonly (readonly [string | null, RegExp])[] = [
    [null, /^skip: /],
    ["throttled=0x0\n", /^ok: /],
    ["0\n", /^ok: /],
    [
      "throttled=0x50005",
      /^fail: .*supply voltage is too low now -> Use the official power supply/,
    ],
    ["throttled=0x50000", /^warn: The voltage was too low since/],
    ["80008\n", /^warn: The processor is throttled now -> Improve the cooling/],
    ["throttled=0xe0000", /^warn: .*throttled since/],
    ["VCHI initialization failed", /^skip: /],
  ];
  for (const [text, expected] of power)
    assert.match(textOf(judgePower(text)), expected, String(text));
});

test("disk: full, read-only, not ours, out of inodes, worn", () => {
  const megabyte = 1_048_576;
  const good: DiskFacts = {
    path: "/data",
    freeBytes: 5_000 * megabyte,
    totalBytes: 30_000 * megabyte,
    freeFiles: 100_000,
    trouble: "",
    isReadOnly: false,
    isWritable: true,
  };
  const cases: readonly (readonly [Partial<DiskFacts>, RegExp])[] = [
    [{}, /^ok: \/data: 5000 MB free of 30000 MB$/],
    [{ isWritable: null, freeFiles: null }, /^ok: /],
    [{ freeBytes: 100 * megabyte }, /^warn: \/data: 100 MB free .*-> Free some space/],
    [{ freeBytes: 0 }, /^fail: \/data: 0 MB free/],
    [{ isReadOnly: true }, /^fail: \/data is mounted read-only -> .*dmesg/],
    [{ isWritable: false }, /^warn: \/data is not writable for this user/],
    [{ freeFiles: 3 }, /^warn: .*only 3 more files/],
    [{ freeBytes: null, trouble: "cannot be looked at (EIO)" }, /^fail: \/data: cannot .*\(EIO\)/],
  ];
  for (const [changes, expected] of cases) {
    assert.match(textOf(judgeDisk({ ...good, ...changes })), expected);
  }
  assert.match(textOf(judgeCardHealth([])), /^skip: /);
  const cards = [
    { device: "mmcblk0p2", errors: 3 },
    { device: "sda1", errors: 0 },
  ];
  assert.match(
    textOf(judgeCardHealth(cards)),
    /^warn: mmcblk0p2 has 3 errors -> Back up the config/,
  );
  assert.equal(textOf(judgeCardHealth(cards.slice(1))), "ok: No errors on sda1");
});

test("a finding is a line, its remedy another; the end is a count", () => {
  const bad = finding("clock", "fail", "Wrong\nby years", "Set it");
  assert.equal(
    findingText(bad),
    "fail  clock          Wrong by years\n                     Set it\n",
  );
  assert.equal(findingText(finding("key", "ok", "Set")), "ok    key            Set\n");
  assert.equal(
    findingText(finding("key", "ok", "Set"), (_, text) => `<${text}>`).slice(0, 6),
    "<ok  >",
  );
  assert.equal(
    summary([bad, finding("a", "ok", ""), finding("b", "skip", "")]),
    "1 ok, 1 failed, 1 skipped",
  );
});

test("in a narrow terminal a finding goes on below its column", () => {
  const long = finding(
    "speaker",
    "warn",
    "a sentence that is longer than the terminal is wide",
    "and a remedy that is quite as long as the sentence",
  );
  const lines = findingText(long, undefined, 50).trimEnd().split("\n");
  for (const line of lines) assert.ok(line.length <= 50, line);
  for (const line of lines.slice(1)) assert.match(line, /^ {21}\S/);
});
