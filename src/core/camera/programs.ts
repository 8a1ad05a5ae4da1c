/**
 * The programs that take a picture and print it, and what they say when there is none. Names and texts as
 * of rpicam-apps 1.12 (the `libcamera-` names went with 1.9.1), v4l-utils 1.22 and fswebcam.
 */

import { type Fault, fault, oneLine } from "../fault.ts";
import { PICTURE_MAX_PIXELS } from "./jpeg.ts";

/** Cameras on the ribbon cable; the first one that is installed is taken. */
export const RIBBON_PROGRAMS = ["rpicam-still", "rpicam-jpeg", "libcamera-still"] as const;
/** Webcams, which those do not know: both are tried. */
export const WEBCAM_PROGRAMS = ["v4l2-ctl", "fswebcam"] as const;

export type CameraProgram = (typeof RIBBON_PROGRAMS)[number] | (typeof WEBCAM_PROGRAMS)[number];

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A webcam gives the nearest size that it has, which may be too large: then the one that all have. */
export const WEBCAM_SIZES: readonly Size[] = [
  { width: PICTURE_MAX_PIXELS, height: 768 },
  { width: 640, height: 480 },
];
/** Frames that a webcam needs until its exposure has settled. */
const SETTLING_FRAMES = 5;
const QUALITY = 70;

/** Half a second lets the exposure settle; with --immediate the picture would be dark. */
export function ribbonArguments(): readonly string[] {
  const size = ["--width", `${PICTURE_MAX_PIXELS}`, "--height", "768"];
  const how = ["-q", `${QUALITY}`, "--thumb", "none", "--verbose=0"];
  return ["-n", "-t", "500", ...size, ...how, "-o", "-"];
}

export function webcamArguments(
  program: (typeof WEBCAM_PROGRAMS)[number],
  device: string,
  { width, height }: Size,
): readonly string[] {
  if (program === "fswebcam") {
    const skip = `${2 * SETTLING_FRAMES}`;
    const how = ["--no-banner", "-r", `${width}x${height}`, "--jpeg", `${QUALITY}`];
    return ["-q", "-d", device, "-S", skip, ...how, "-"];
  }
  const format = `width=${width},height=${height},pixelformat=MJPG`;
  const stream = [`--stream-skip=${SETTLING_FRAMES}`, "--stream-count=1", "--stream-to=-"];
  return ["-d", device, `--set-fmt-video=${format}`, "--stream-mmap", ...stream];
}

/** How a program that should have printed a picture ended. */
export interface CameraEnd {
  readonly program: CameraProgram;
  /** Null: it was ended, or never ran. */
  readonly code: number | null;
  readonly stderr: string;
  /** It was ended because its time was over. */
  readonly late: boolean;
}

const RIBBON =
  "Switch off, push the ribbon cable in at both ends, and look with: rpicam-still --list-cameras. If that finds it, run scripts/install again";
const OTHER = "End what uses it, such as another picture program or motion";
const RIGHTS =
  "Run scripts/install again: it lets the service at the camera; for another user: sudo usermod -aG video USER";

interface Trouble {
  readonly text: RegExp;
  readonly message: string;
  readonly remedy: string;
}

/** The first that fits counts. */
const TROUBLES: readonly Trouble[] = [
  {
    text: /permission denied|EACCES|operation not permitted/i,
    message: "may not be used",
    remedy: RIGHTS,
  },
  {
    text: /in use by another process|failed to acquire camera|resource busy/i,
    message: "is used by another program",
    remedy: OTHER,
  },
  {
    text: /device timeout detected/i,
    message: "gives no pictures: its cable is loose",
    remedy: RIBBON,
  },
  {
    text: /no cameras available|selected camera is not available/i,
    message: "is not found",
    remedy: RIBBON,
  },
  {
    text: /camera manager failed to start/i,
    message: "cannot be started by the system",
    remedy: "Restart the machine; if it stays: sudo apt full-upgrade",
  },
  {
    text: /no such (?:file|device)|cannot open device|unable to find a source module/i,
    message: "is not there any more",
    remedy: "Plug the camera in again, and look with: v4l2-ctl --list-devices",
  },
  {
    text: /no space left on device|not enough bandwidth/i,
    message: "shares its USB port with too much",
    remedy: "Plug it into another USB port, not into a hub",
  },
];

/** What went wrong, for the owner. What `message` says, the model may say, too. */
export function cameraFault({ program, code, stderr, late }: CameraEnd): Fault {
  const known = TROUBLES.find(({ text }) => text.test(stderr));
  if (known !== undefined) return trouble(known.message, known.remedy);
  if (late) return trouble("did not answer in time", `Try it by hand: ${program} --help`);
  const words = oneLine(stderr.trim().split("\n").at(-1) ?? "", 160);
  const how = code === 0 ? "printed no picture" : `failed (${code === null ? "ended" : code})`;
  return trouble(`gave no picture: ${program} ${how}${words === "" ? "" : `: ${words}`}`);
}

/** What is wrong goes on from "the camera ". */
export function trouble(what: string, remedy = ""): Fault {
  return fault("camera", "report", `The camera ${what}`, remedy);
}

export const NO_PROGRAM = fault(
  "camera",
  "report",
  "There is no program for a camera here",
  "Install one: sudo apt install rpicam-apps (ribbon cable), or v4l-utils (USB)",
);
export const NO_WEBCAM = fault(
  "camera",
  "report",
  "There is no camera at the USB ports",
  "Plug one in, and look with: v4l2-ctl --list-devices",
);
