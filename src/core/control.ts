/** The owner's commands to the running daemon, and their replies: one JSON object a line each way. */

export type ControlRequest =
  | { readonly command: "status" }
  | { readonly command: "wake" }
  | { readonly command: "stop" }
  | { readonly command: "mute"; readonly on: boolean };

/** `ok: false` carries one sentence for the owner. */
export type ControlReply =
  | { readonly ok: true; readonly data: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly error: string };

const SHAPES =
  'expected {"command":"status"}, {"command":"wake"}, {"command":"stop"} or {"command":"mute","on":true|false}';

/** Reads one line of the control protocol; a string is the complaint. */
export function parseControlRequest(line: string): ControlRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `not JSON: ${SHAPES}`;
  }
  if (typeof value !== "object" || value === null) return SHAPES;
  const { command, on } = value as Readonly<Record<string, unknown>>;
  switch (command) {
    case "status":
    case "wake":
    case "stop":
      return { command };
    case "mute":
      return typeof on === "boolean" ? { command, on } : SHAPES;
    default:
      return SHAPES;
  }
}
