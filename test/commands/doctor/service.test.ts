/** What systemd, accounts, journald and file modes mean: one row a case. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../../src/commands/doctor/finding.ts";
import {
  judgeDaemon,
  judgeGroups,
  judgeJournal,
  judgeSecrets,
  judgeUnit,
  parseProperties,
  propertyOf,
  storageOf,
  type UserFacts,
} from "../../../src/commands/doctor/service.ts";

function textOf({ grade, says, remedy }: Finding): string {
  return `${grade}: ${says}${remedy === "" ? "" : ` -> ${remedy}`}`;
}

test("the unit, as systemctl show prints it", () => {
  const good =
    "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNRestarts=0\nResult=success\n";
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /^ok: pipit\.service is active \(running\) and enabled$/],
    ["NRestarts=2", /^ok: .*, restarted 2 times$/],
    ["NRestarts=7", /^warn: .*restarted 7 times -> See why: journalctl -u pipit/],
    ["UnitFileState=disabled", /^warn: .*runs, but is disabled -> .*systemctl enable/],
    ["ActiveState=inactive\nSubState=dead", /^warn: .*inactive \(dead\) -> Start it/],
    ["ActiveState=failed\nResult=exit-code", /^fail: .*has failed: exit-code -> .*journalctl/],
    ["ActiveState=activating\nSubState=auto-restart", /^warn: .*activating \(auto-restart\)/],
    ["LoadState=not-found", /^warn: .*not installed/],
  ];
  for (const [changes, expected] of cases) {
    assert.match(textOf(judgeUnit(parseProperties(`${good}${changes}`))), expected, changes);
  }
  assert.match(textOf(judgeUnit("no-systemd")), /^skip: /);
  assert.match(textOf(judgeUnit("no-answer")), /^fail: systemd does not answer/);
  assert.equal(propertyOf("no-answer", "User"), "");
  assert.equal(propertyOf(parseProperties("User=pipit\nEnvironment=A=b"), "Environment"), "A=b");
});

test("the running daemon speaks for itself", () => {
  const status = {
    state: "idle",
    uptime_s: 7_260,
    microphone: "ok",
    speaker: "ok",
    wake_word: "off",
  };
  const of = (changes: object): string =>
    textOf(judgeDaemon({ tag: "running", status: { ...status, last_fault: null, ...changes } }));
  assert.equal(of({}), "ok: Runs for 2 h 1 min, idle");
  assert.match(
    of({ speaker: 'Speaker "usb" has gone away' }),
    /^fail: .*Speaker "usb" has gone away ->/,
  );
  assert.match(of({ last_fault: "No credit left" }), /^ok: .*its last fault: No credit left$/);
  assert.match(of({ uptime_s: "x", state: 7 }), /^ok: Runs for \?, 7/);
  assert.match(
    textOf(judgeDaemon({ tag: "silent", why: "No permission", isThere: true })),
    /^warn: No perm/,
  );
  assert.match(
    textOf(judgeDaemon({ tag: "silent", why: "", isThere: false })),
    /^skip: pipit is not running/,
  );
});

test("groups: what is needed, exists and is lacking", () => {
  const good: UserFacts = {
    user: "pipit",
    exists: true,
    groups: ["pipit", "audio", "gpio"],
    known: ["audio", "gpio"],
    needed: ["audio", "gpio"],
  };
  const cases: readonly (readonly [Partial<UserFacts>, RegExp])[] = [
    [{}, /^ok: pipit is in audio, gpio$/],
    [{ groups: ["pipit"] }, /^fail: .*not in audio and gpio -> sudo usermod -aG audio,gpio pipit;/],
    [{ groups: ["audio"], known: ["audio"] }, /^ok: pipit is in audio$/],
    [{ needed: [] }, /^ok: pipit needs no further group$/],
    [{ exists: false }, /^skip: The user pipit/],
    [{ user: "root", groups: [] }, /^ok: root/],
  ];
  for (const [changes, expected] of cases) {
    assert.match(textOf(judgeGroups({ ...good, ...changes })), expected);
  }
});

/** As Raspberry Pi OS ships it since 2025. */
const PI_DROP_IN = {
  path: "/usr/lib/systemd/journald.conf.d/40-rpi-volatile-storage.conf",
  text: "[Journal]\nStorage=volatile\n",
};
const MAIN = { path: "/etc/systemd/journald.conf", text: "[Journal]\n#Storage=auto\n" };

test("the journal of Raspberry Pi OS is lost, until a later drop-in keeps it", () => {
  const of = (pieces: readonly { path: string; text: string }[], hasFolder = true): string =>
    textOf(judgeJournal({ pieces, hasFolder }));
  assert.match(
    of([MAIN, PI_DROP_IN]),
    /^warn: .*Storage=volatile in \/usr\/lib.*-> .*60-keep\.conf/,
  );
  const keep = (path: string) => ({ path, text: "[Journal]\nStorage = persistent\n" });
  const folder = "/etc/systemd/journald.conf.d";
  assert.match(of([PI_DROP_IN, keep(`${folder}/60-keep.conf`)]), /^ok: /);
  assert.match(
    of([PI_DROP_IN, keep(`${folder}/10-early.conf`)]),
    /^warn: /,
    "an earlier number loses",
  );
  assert.match(
    of([PI_DROP_IN, keep("/etc/systemd/journald.conf")]),
    /^warn: /,
    "the main file is first",
  );
  const masked = keep(`${folder}/40-rpi-volatile-storage.conf`);
  assert.match(of([PI_DROP_IN, masked]), /^ok: /, "the same name in /etc takes its place");
  assert.match(of([MAIN], false), /^warn: .*no \/var\/log\/journal/);
  assert.match(of([MAIN], true), /^ok: /);
  assert.match(textOf(judgeJournal({ pieces: null, hasFolder: false })), /^skip: /);
  assert.deepEqual(storageOf([]), { storage: "auto", path: "its default" });
});

test("secrets that others may read are named, with the command", () => {
  const open = { path: "/etc/pipit/pipit.env", mode: 0o644 };
  const shut = { path: "/etc/pipit/credentials", mode: 0o700 };
  assert.equal(
    textOf(judgeSecrets([open, shut])),
    "warn: Other users can read a key: /etc/pipit/pipit.env is 0644 -> sudo chmod 600 /etc/pipit/pipit.env",
  );
  assert.equal(textOf(judgeSecrets([shut])), "ok: /etc/pipit/credentials is 0700");
  assert.match(textOf(judgeSecrets([])), /^skip: /);
});
