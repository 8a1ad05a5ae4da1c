/** Tries the camera as the daemon would: a picture, which is dropped. */

import { SystemCamera } from "../../adapters/camera/system-camera.ts";
import { startLocal } from "../../adapters/programs/local.ts";
import type { Settings } from "../../core/settings/table.ts";
import { type CameraFacts, judgeCamera } from "./camera.ts";
import type { Context } from "./context.ts";
import type { Check } from "./run-check.ts";
import { propertyOf } from "./service.ts";

/** Above what a camera may take. */
const CAMERA_CHECK_MAX_MS = 10_000;

export function cameraCheck(context: Context, settings: Settings): Check {
  return {
    name: "camera",
    maxMs: CAMERA_CHECK_MAX_MS,
    run: async () => judgeCamera(await cameraFacts(context, settings)),
  };
}

async function cameraFacts(context: Context, settings: Settings): Promise<CameraFacts> {
  const { clock, env, options, unit } = context;
  if (settings["camera.source"] === "off") return { tag: "off" };
  const camera = new SystemCamera({
    clock,
    runner: { start: (request, sink) => startLocal(request, sink, { clock }) },
    source: () => settings["camera.source"],
    path: process.env["PATH"] ?? env["PATH"] ?? "",
  });
  if (options.quick) return { tag: "not-tried", programs: camera.programs() };
  const beganMs = clock.nowMs();
  const shot = await camera.take(new AbortController().signal);
  const ms = clock.nowMs() - beganMs;
  return { tag: "tried", shot, ms, allowed: propertyOf(await unit(), "DeviceAllow") };
}
