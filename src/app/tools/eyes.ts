/**
 * The function `look`: one picture, when the model asks for it in a conversation, or the owner by
 * `pipit tools call look`.
 *
 * Invariants: the LEDs show the camera from before it is started until after it has ended; the
 * picture goes to the model and nowhere else; each look is a line in the journal.
 */

import { Buffer } from "node:buffer";
import { kilobytes } from "../../core/camera/jpeg.ts";
import { faultLine } from "../../core/fault.ts";
import type { ToolResult } from "../../core/functions/result.ts";
import { modelNamed } from "../../core/models/catalogue.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Camera, Journal } from "../../ports.ts";
import type { OverlaidLeds } from "../overlaid-leds.ts";

export interface EyesOptions {
  readonly camera: Camera;
  readonly leds: OverlaidLeds;
  readonly journal: Journal;
  readonly settings: () => Settings;
  /** Who would be shown the picture; null: nobody is talking. */
  readonly model: () => string | null;
}

export async function look(options: EyesOptions, signal: AbortSignal): Promise<ToolResult> {
  const { camera, leds, journal } = options;
  const blind = whyBlind(options);
  if (blind !== null) return { ok: false, error: blind };
  leds.overlay("looking", true);
  try {
    const shot = await camera.take(signal);
    if (signal.aborted) return { ok: false, error: "It was given up" };
    if (!shot.ok) {
      journal.log("warning", faultLine(shot.fault));
      return { ok: false, error: `${shot.fault.message}. Tell the user so in a few words` };
    }
    const { bytes, width, height } = shot.jpeg;
    const size = `${width} × ${height}, ${kilobytes(bytes.length)} kB`;
    journal.log("info", `The camera took a picture (${size}, ${shot.by})`);
    const picture = Buffer.from(bytes).toString("base64");
    const note = "picture taken; it is in the next message";
    return { ok: true, data: { note, width, height }, picture };
  } finally {
    leds.overlay("looking", false);
  }
}

/** A model that cannot see says so: nothing is taken for it. Null: it can. */
function whyBlind({ settings, model }: EyesOptions): string | null {
  const name = model();
  const isOld = name !== null && settings()["openai.protocol"] === "beta";
  if (name === null || (!isOld && (modelNamed(name)?.images ?? true))) return null;
  return "You cannot be shown pictures: this model takes none. Tell the user that another model (openai.model) is needed for that";
}
