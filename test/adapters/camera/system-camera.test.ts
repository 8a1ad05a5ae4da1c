/**
 * Pictures by programs: stubs on PATH play what the real ones do. Real processes, a moved clock where
 * time matters.
 */

import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { CAMERA_MAX_MS, SystemCamera } from "../../../src/adapters/camera/system-camera.ts";
import { webcams } from "../../../src/adapters/camera/webcams.ts";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { startLocal } from "../../../src/adapters/programs/local.ts";
import type { Clock, ProgramRequest, ProgramSink } from "../../../src/ports.ts";
import { FastClock } from "../../helpers/fast-clock.ts";
import { eventually } from "../../helpers/host.ts";
import { greyJpeg, type JpegOptions } from "../../helpers/jpeg.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const NEVER = new AbortController().signal;

/** A folder that is the whole PATH, but for the shell's own tools. */
class Programs {
  readonly folder: string;
  readonly #bin: string;

  constructor(t: TestContext) {
    this.folder = tempFolder(t);
    this.#bin = join(this.folder, "bin");
    mkdirSync(this.#bin);
  }

  /** `script`: what it does; $ARGS has its arguments, a line each, in the end. */
  put(name: string, script: string): this {
    const path = join(this.#bin, name);
    const note = `printf '%s\\n' "$@" > '${this.folder}/${name}.args'`;
    writeFileSync(path, `#!/bin/sh\nPATH=/usr/bin:/bin\n${note}\n${script}\n`);
    chmodSync(path, 0o755);
    return this;
  }

  /** The path of a picture for `cat`. */
  picture(options: JpegOptions = {}, from = 0, to?: number): string {
    const path = join(this.folder, `picture-${JSON.stringify(options).length}-${to ?? ""}.jpg`);
    writeFileSync(path, greyJpeg(options).subarray(from, to));
    return path;
  }

  args(name: string): string[] {
    const path = `${this.folder}/${name}.args`;
    return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
  }

  camera(
    source: string,
    devices: readonly string[] = [],
    clock: Clock = new SystemClock(),
  ): SystemCamera {
    const start = (request: ProgramRequest, sink: ProgramSink) =>
      startLocal(request, sink, { clock });
    const options = { clock, runner: { start }, source: () => source, path: this.#bin };
    return new SystemCamera({ ...options, webcams: () => devices });
  }

  async fails(source: string, devices: readonly string[] = []): Promise<string> {
    const shot = await this.camera(source, devices).take(NEVER);
    assert.ok(!shot.ok, "no picture");
    return `${shot.fault.message} | ${shot.fault.remedy}`;
  }
}

test("the ribbon cable's program, by whichever name: a picture through the pipe", async (t) => {
  for (const name of ["rpicam-still", "rpicam-jpeg", "libcamera-still"]) {
    const programs = new Programs(t);
    programs.put(name, `cat '${programs.picture()}'; echo 'ignored' >&2`);
    const shot = await programs.camera("auto").take(NEVER);
    assert.ok(shot.ok);
    assert.deepEqual([shot.by, shot.jpeg.width, shot.jpeg.height], [name, 1024, 768]);
    assert.match(
      programs.args(name).join(" "),
      /^-n -t 500 --width 1024 --height 768 -q 70 .* -o -$/,
    );
  }
});

/** What the programs say, word for word, and what comes of it. */
const TEXTS: readonly (readonly [string, RegExp])[] = [
  ["ERROR: *** no cameras available ***", /is not found \| .*ribbon cable/],
  ["No cameras available!", /is not found \| .*ribbon cable/],
  ["ERROR: *** selected camera is not available ***", /is not found/],
  [
    "ERROR: *** failed to acquire camera /base/soc/i2c0mux/i2c@1/imx708@1a ***",
    /is used by another/,
  ],
  ["ERROR Camera camera.cpp:1033 Pipeline handler in use by another process", /is used by another/],
  ["ERROR: *** camera manager failed to start, code 13 ***", /cannot be started by the system \| /],
  ["Failed to open /dev/video0: Permission denied", /may not be used \| .*scripts\/install/],
  ["Cannot open device /dev/video0, exiting.", /is not there any more \| Plug/],
  ["VIDIOC_STREAMON returned -1 (Device or resource busy)", /is used by another program \| End/],
  ["VIDIOC_STREAMON returned -1 (No space left on device)", /shares its USB port/],
  ["Unable to find a source module that can read /dev/video0.", /is not there any more/],
  ["something new", /gave no picture: rpicam-still failed \(255\): something new/],
];

for (const [text, says] of TEXTS) {
  test(`told: ${text}`, async (t) => {
    const programs = new Programs(t).put("rpicam-still", `echo '${text}' >&2; exit 255`);
    assert.match(await programs.fails("rpicam"), says);
  });
}

test("half a picture, none, raw sound of pixels, more than a picture", async (t) => {
  const programs = new Programs(t);
  programs.put("rpicam-still", `cat '${programs.picture({}, 0, 5_000)}'`);
  assert.match(await programs.fails("rpicam"), /cannot be used: it is cut short/);
  programs.put("rpicam-still", "exit 0");
  assert.match(await programs.fails("rpicam"), /rpicam-still printed no picture/);
  programs.put("rpicam-still", "head -c 90000 /dev/zero");
  assert.match(await programs.fails("rpicam"), /cannot be used: it is no JPEG/);
  programs.put("rpicam-still", "cat /dev/zero");
  assert.match(await programs.fails("rpicam"), /printed more than a picture/);
});

test("a loose cable restarts for ever: the whole group is ended, and another look may follow", async (t) => {
  const programs = new Programs(t);
  const script = `sleep 60 & echo $! > '${programs.folder}/child'
    trap '' TERM
    while :; do echo 'Device timeout detected, attempting a restart!!!' >&2; sleep 0.2; done`;
  programs.put("rpicam-still", script);
  const clock = new FastClock(10);
  t.after(clock.hold());
  const camera = programs.camera("rpicam", [], clock);
  const beganMs = clock.nowMs();
  const [shot, second] = await Promise.all([camera.take(NEVER), camera.take(NEVER)]);
  assert.ok(!shot.ok && !second.ok);
  assert.match(shot.fault.message, /gives no pictures: its cable is loose/);
  assert.match(second.fault.message, /is taking a picture already/);
  assert.ok(clock.nowMs() - beganMs < CAMERA_MAX_MS + 1_000);
  const child = Number(readFileSync(`${programs.folder}/child`, "utf8"));
  await eventually("its child ends", () => !existsSync(`/proc/${child}`) || isZombie(child));
  programs.put("rpicam-still", `cat '${programs.picture()}'`);
  assert.ok((await camera.take(NEVER)).ok);
});

function isZombie(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
}

test("given up in the middle: it ends at once", async (t) => {
  const programs = new Programs(t).put("rpicam-still", "exec sleep 60");
  const controller = new AbortController();
  const beganMs = Date.now();
  const shot = programs.camera("rpicam").take(controller.signal);
  await eventually("it runs", () => programs.args("rpicam-still").length > 0);
  controller.abort();
  assert.ok(!(await shot).ok);
  assert.ok(Date.now() - beganMs < 3_000);
});

test("USB: too large a frame is asked for smaller; no JPEG from one program, so the other", async (t) => {
  const programs = new Programs(t);
  const large = programs.picture({ width: 1280, height: 720 });
  const small = programs.picture({ width: 640, height: 480, tables: false });
  programs.put("v4l2-ctl", `case "$*" in *width=640*) cat '${small}' ;; *) cat '${large}' ;; esac`);
  const shot = await programs.camera("usb", ["/dev/video2"]).take(NEVER);
  assert.ok(shot.ok && shot.jpeg.width === 640 && shot.by === "v4l2-ctl");
  const args = programs.args("v4l2-ctl").join(" ");
  assert.match(args, /^-d \/dev\/video2 --set-fmt-video=width=640,height=480,pixelformat=MJPG /);
  programs
    .put("v4l2-ctl", "head -c 90000 /dev/zero")
    .put("fswebcam", `cat '${programs.picture()}'`);
  const other = await programs.camera("usb", ["/dev/video2"]).take(NEVER);
  assert.ok(other.ok && other.by === "fswebcam");
  assert.match(
    programs.args("fswebcam").join(" "),
    /-d \/dev\/video2 -S 10 .*-r 1024x768 --jpeg 70 -$/,
  );
});

test("auto: no camera at the ribbon cable, so the one at USB; what there is not is told", async (t) => {
  const programs = new Programs(t);
  assert.match(await programs.fails("auto"), /no program for a camera here \| .*apt install/);
  programs.put("rpicam-still", "echo 'ERROR: *** no cameras available ***' >&2; exit 255");
  programs.put("v4l2-ctl", `cat '${programs.picture()}'`);
  assert.match(await programs.fails("auto"), /is not found/);
  assert.match(await programs.fails("usb"), /no camera at the USB ports/);
  const shot = await programs.camera("auto", ["/dev/video0"]).take(NEVER);
  assert.ok(shot.ok && shot.by === "v4l2-ctl");
  assert.match(await programs.fails("off"), /is switched off/);
});

test("a file in place of a camera: whole, half, missing, no file at all", async (t) => {
  const programs = new Programs(t);
  const shot = await programs.camera(`file:${programs.picture()}`).take(NEVER);
  assert.ok(shot.ok && shot.by === "file");
  assert.match(await programs.fails(`file:${programs.picture({}, 0, 900)}`), /cut short \| camera/);
  assert.match(await programs.fails("file:/nowhere/x.jpg"), /cannot be read \(ENOENT\)/);
  assert.match(await programs.fails(`file:${programs.folder}`), /a file of at most \d+ kB/);
  const large = await programs.fails(`file:${programs.picture({ width: 4032, height: 3024 })}`);
  assert.match(large, /has 4032 × 3024 pixels; at most 1024 .* \| camera\.source.*scale=1024/);
});

test("webcams: the first node of each device at USB, in the order of their numbers", (t) => {
  const root = tempFolder(t);
  const put = (name: string, index: string, device: string): void => {
    mkdirSync(join(root, "class", name), { recursive: true });
    mkdirSync(join(root, device), { recursive: true });
    writeFileSync(join(root, "class", name, "index"), `${index}\n`);
    symlinkSync(join(root, device), join(root, "class", name, "device"));
  };
  put("video10", "0", "soc/bcm2835-codec");
  put("video12", "0", "pci/usb1/1-2/1-2:1.0");
  put("video2", "0", "pci/usb1/1-1/1-1:1.0");
  put("video3", "1", "pci/usb1/1-1/1-1:1.0");
  mkdirSync(join(root, "class", "v4l-subdev0"));
  assert.deepEqual(webcams(join(root, "class")), ["/dev/video2", "/dev/video12"]);
  assert.deepEqual(webcams(join(root, "none")), []);
});
