/**
 * Takes a picture with the programs of this system, or reads one from a file.
 *
 * Invariants: a picture never touches the disk: it comes through a pipe; one at a time, each over
 * a second after CAMERA_MAX_MS at the latest, whatever the programs do; nothing but a whole JPEG within
 * the limits of core/camera/jpeg.ts leaves here.
 */

import { accessSync, constants, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import {
  CAMERA_OUTPUT_MAX_BYTES,
  checkJpeg,
  kilobytes,
  PICTURE_MAX_BYTES,
  PICTURE_MAX_PIXELS,
} from "../../core/camera/jpeg.ts";
import {
  type CameraProgram,
  cameraFault,
  NO_PROGRAM,
  NO_WEBCAM,
  RIBBON_PROGRAMS,
  ribbonArguments,
  trouble,
  WEBCAM_PROGRAMS,
  WEBCAM_SIZES,
  webcamArguments,
} from "../../core/camera/programs.ts";
import { cameraSource } from "../../core/camera/source.ts";
import type { Fault } from "../../core/fault.ts";
import type { Camera, Clock, ProgramRunner, Shot } from "../../ports.ts";
import { errorCode } from "../os/files.ts";
import { printed } from "./printed.ts";
import { webcams } from "./webcams.ts";

/** All tries together; a program that hangs (a loose cable does that) is ended. */
export const CAMERA_MAX_MS = 5_800;

export interface CameraOptions {
  readonly clock: Clock;
  /** As `camera.source`. */
  readonly source: () => string;
  /** Runs programs as this user: another one would not have the camera. */
  readonly runner: Pick<ProgramRunner, "start">;
  /** Where programs are looked for, as $PATH. */
  readonly path: string;
  /** Others than the real ones, in tests. */
  readonly webcams?: () => readonly string[];
}

export class SystemCamera implements Camera {
  readonly #options: CameraOptions;
  #isBusy: boolean = false;

  constructor(options: CameraOptions) {
    this.#options = options;
  }

  async take(signal: AbortSignal): Promise<Shot> {
    if (this.#isBusy) return { ok: false, fault: trouble("is taking a picture already") };
    this.#isBusy = true;
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const cancel = this.#options.clock.after(CAMERA_MAX_MS, stop);
    try {
      return await this.#shoot(controller.signal);
    } finally {
      cancel();
      signal.removeEventListener("abort", stop);
      this.#isBusy = false;
    }
  }

  /** The programs that would be used, of those that are installed. */
  programs(): readonly CameraProgram[] {
    const { kind } = cameraSource(this.#options.source());
    const ribbon = kind === "auto" || kind === "rpicam" ? this.#installed(RIBBON_PROGRAMS) : [];
    const usb = kind === "auto" || kind === "usb" ? this.#installed(WEBCAM_PROGRAMS) : [];
    return [...ribbon.slice(0, 1), ...usb];
  }

  async #shoot(signal: AbortSignal): Promise<Shot> {
    const source = cameraSource(this.#options.source());
    if (source.kind === "off") return { ok: false, fault: trouble("is switched off") };
    if (source.kind === "file") return await fromFile(source.path);
    const programs = this.programs();
    const ribbon = RIBBON_PROGRAMS.find((name) => programs.includes(name));
    const usb = WEBCAM_PROGRAMS.filter((name) => programs.includes(name));
    if (programs.length === 0) return { ok: false, fault: NO_PROGRAM };
    if (ribbon === undefined) return await this.#webcam(usb, signal);
    const shot = await this.#run(ribbon, ribbonArguments(), signal);
    const hasOther = usb.length > 0 && this.#webcams().length > 0;
    return shot.ok || !hasOther || signal.aborted ? shot : await this.#webcam(usb, signal);
  }

  async #webcam(programs: readonly (typeof WEBCAM_PROGRAMS)[number][], signal: AbortSignal) {
    const [device] = this.#webcams();
    let shot: Shot = { ok: false, fault: NO_WEBCAM };
    if (device === undefined) return shot;
    for (const program of programs) {
      for (const size of WEBCAM_SIZES) {
        shot = await this.#run(program, webcamArguments(program, device, size), signal);
        if (shot.ok || signal.aborted) return shot;
        if (!shot.fault.message.includes("pixels")) break; // Another size would not help.
      }
    }
    return shot;
  }

  async #run(program: CameraProgram, args: readonly string[], signal: AbortSignal): Promise<Shot> {
    const { path, runner } = this.#options;
    const argv = [this.#pathOf(program) ?? program, ...args];
    const env = { PATH: path, LC_ALL: "C" };
    const request = { argv, env, cwd: "/", maxMs: CAMERA_MAX_MS };
    const { end, output, errors, isCut } = await printed(runner, request, signal);
    const checked = checkJpeg(output);
    if (checked.ok && end.code === 0) return { ok: true, jpeg: checked.jpeg, by: program };
    if (isCut) return { ok: false, fault: trouble("printed more than a picture") };
    const isSome = output.length > 0 && end.code === 0;
    if (isSome && !checked.ok) return { ok: false, fault: unusable(checked.why) };
    const stderr = end.error === null ? errors : `it cannot be started (${end.error})`;
    const fault = cameraFault({ program, code: end.code, stderr, late: signal.aborted });
    return { ok: false, fault };
  }

  #webcams(): readonly string[] {
    return this.#options.webcams?.() ?? webcams();
  }

  #installed<Name extends string>(names: readonly Name[]): readonly Name[] {
    return names.filter((name) => this.#pathOf(name) !== null);
  }

  #pathOf(name: string): string | null {
    const folders = this.#options.path.split(delimiter).filter((folder) => folder !== "");
    return folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function unusable(why: string): Fault {
  return trouble(`gave a picture that cannot be used: it ${why}`);
}

/** A file that is written just now may be half a picture: that is found out. */
async function fromFile(path: string): Promise<Shot> {
  const file = `camera.source: ${path}`;
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > CAMERA_OUTPUT_MAX_BYTES) {
      const most = `a file of at most ${kilobytes(PICTURE_MAX_BYTES)} kB is wanted`;
      return { ok: false, fault: trouble(`gave no picture: ${most}`, `${file}. ${SCALE}`) };
    }
    const checked = checkJpeg(await readFile(path));
    if (checked.ok) return { ok: true, jpeg: checked.jpeg, by: "file" };
    const remedy = /pixels|kB/.test(checked.why) ? `${file}. ${SCALE}` : file;
    return { ok: false, fault: { ...unusable(checked.why), remedy } };
  } catch (error) {
    const code = errorCode(error);
    if (code === "") throw error;
    return {
      ok: false,
      fault: trouble(`gave no picture: the file cannot be read (${code})`, file),
    };
  }
}

/** Nothing here decodes pictures: a library for that would cost more memory than the daemon has. */
const SCALE = `Have what writes it make it smaller, or: ffmpeg -i LARGE.jpg -vf scale=${PICTURE_MAX_PIXELS}:-2 -q:v 4 SMALL.jpg`;
