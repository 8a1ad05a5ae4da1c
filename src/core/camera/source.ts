/** Where pictures come from: `camera.source`. */

export type CameraSource =
  | { readonly kind: "off" | "auto" | "rpicam" | "usb" }
  /** A JPEG that something else writes, in place of a camera. */
  | { readonly kind: "file"; readonly path: string };

const FILE = "file:";

export const CAMERA_SOURCE = /^(?:off|auto|rpicam|usb|file:\S.*\.jpe?g)$/i;

/** `text`: fits CAMERA_SOURCE. */
export function cameraSource(text: string): CameraSource {
  if (text.toLowerCase().startsWith(FILE)) return { kind: "file", path: text.slice(FILE.length) };
  const kind = (["auto", "rpicam", "usb"] as const).find((known) => known === text.toLowerCase());
  return { kind: kind ?? "off" };
}
