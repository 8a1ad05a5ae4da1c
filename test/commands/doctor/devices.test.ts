/** What pipit doctor says of a camera and of the LEDs of a HAT. */

import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { judgeCamera } from "../../../src/commands/doctor/camera.ts";
import type { Finding } from "../../../src/commands/doctor/finding.ts";
import { judgeStrip, judgeUnlit } from "../../../src/commands/doctor/panel.ts";
import { trouble } from "../../../src/core/camera/programs.ts";
import { fault } from "../../../src/core/fault.ts";
import { greyJpeg } from "../../helpers/jpeg.ts";
import { runPipit } from "../../helpers/pipit.ts";
import { tempFile, tempFolder } from "../../helpers/temp-folder.ts";

function textOf({ grade, says, remedy }: Finding): string {
  return `${grade}: ${says}${remedy === "" ? "" : ` -> ${remedy}`}`;
}

test("camera: off, not tried, a picture, none, and one that the service may not take", () => {
  const jpeg = { bytes: greyJpeg(), width: 1024, height: 768 };
  const shot = { ok: true, jpeg, by: "v4l2-ctl" } as const;
  const tried = { tag: "tried", shot, ms: 1_440, allowed: "" } as const;
  assert.match(textOf(judgeCamera({ tag: "off" })), /^skip: Off/);
  const programs = ["rpicam-still", "fswebcam"];
  assert.match(
    textOf(judgeCamera({ tag: "not-tried", programs })),
    /^skip: .*there is rpicam-still, fswebcam$/,
  );
  assert.equal(
    textOf(judgeCamera(tried)),
    "ok: A picture of 1024 × 768, 10 kB in 1.4 s by v4l2-ctl, dropped at once",
  );
  const service = { ...tried, allowed: "char-alsa rw" };
  assert.match(
    textOf(judgeCamera(service)),
    /^warn: .*service may not use it -> Run scripts\/inst/,
  );
  assert.match(textOf(judgeCamera({ ...service, allowed: "char-video4linux rw" })), /^ok: /);
  const none = { ok: false, fault: trouble("is not found", "Push the cable in") } as const;
  const facts = { ...tried, shot: none };
  assert.equal(textOf(judgeCamera(facts)), "fail: The camera is not found -> Push the cable in");
});

test("leds of a HAT: a device that takes what is written, and one that is not there", () => {
  const there = { path: "/dev/spidev0.0", fault: null, hat: "Voice HAT", devices: [] };
  assert.match(textOf(judgeStrip(there)), /^ok: .*the board says it is Voice HAT; light them/);
  const away = fault("gpio", "report", "There is no /dev/spidev0.0", "Switch SPI on");
  const facts = { ...there, fault: away, hat: null, devices: ["/dev/spidev0.1"] };
  const says = "fail: There is no /dev/spidev0.0 (there are /dev/spidev0.1) -> Switch SPI on";
  assert.equal(textOf(judgeStrip(facts)), says);
});

test("a board whose LEDs nobody has configured is found by its name", () => {
  const cards = " 1 [seeed2micvoicec]: simple-card - seeed-2mic-voicecard";
  for (const names of [cards, "Adafruit Voice Bonnet\n", "ReSpeaker 4-Mic Array"]) {
    const found = judgeUnlit(names);
    assert.ok(found !== null, names);
    assert.match(textOf(found), /^skip: There is a board with .* -> Set leds\.backend: apa102/);
  }
  assert.equal(judgeUnlit(" 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones"), null);
});

test("the real command, with a camera's program on PATH and a file for the LEDs", async (t) => {
  const folder = tempFolder(t);
  const spi = tempFile(t, "spidev", "");
  const picture = tempFile(t, "kitchen.jpg", greyJpeg());
  writeFileSync(join(folder, "rpicam-still"), `#!/bin/sh\nexec cat '${picture}'\n`);
  chmodSync(join(folder, "rpicam-still"), 0o755);
  const settings = {
    openai: { api_key: "sk-test" },
    leds: { backend: "apa102", device: spi },
    camera: { source: "auto" },
  };
  const config = tempFile(t, "config.yaml", JSON.stringify(settings));
  const args = ["doctor", "--offline", "--json", "--config", config];
  const env = { PATH: `${folder}:${process.env["PATH"]}` };
  const { stdout } = await runPipit(args, env);
  assert.match(stdout, /"check":\s*"leds",\s*"grade":\s*"ok"/);
  assert.match(stdout, /A picture of 1024 × 768, 10 kB in \d+\.\d s by rpicam-still/);
});
