/** The camera. Facts in, findings out. */

import { kilobytes } from "../../core/camera/jpeg.ts";
import type { Shot } from "../../ports.ts";
import { type Finding, finding, fromFault } from "./finding.ts";

export type CameraFacts =
  | { readonly tag: "off" }
  /** Not tried; the programs that would be used. */
  | { readonly tag: "not-tried"; readonly programs: readonly string[] }
  | {
      readonly tag: "tried";
      readonly shot: Shot;
      readonly ms: number;
      /** What the service may use (DeviceAllow=); empty where there is no service to ask. */
      readonly allowed: string;
    };

export function judgeCamera(facts: CameraFacts): Finding {
  switch (facts.tag) {
    case "off":
      return finding("camera", "skip", "Off (camera.source)");
    case "not-tried": {
      const names = facts.programs.join(", ") || "no program for one";
      return finding("camera", "skip", `Not tried, with --quick; there is ${names}`);
    }
    case "tried": {
      const { shot, ms, allowed } = facts;
      if (!shot.ok) return fromFault("camera", "fail", shot.fault);
      const { bytes, width, height } = shot.jpeg;
      const size = `${width} × ${height}, ${kilobytes(bytes.length)} kB`;
      const says = `A picture of ${size} in ${(ms / 1000).toFixed(1)} s by ${shot.by}, dropped at once`;
      if (shot.by === "file" || allowed === "" || allowed.includes("video4linux")) {
        return finding("camera", "ok", says);
      }
      const remedy = "Run scripts/install again: it lets the service at the camera";
      return finding("camera", "warn", `${says}; but the service may not use it`, remedy);
    }
  }
}
