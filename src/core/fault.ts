/**
 * The closed list of expected trouble. A fault is a value, never a stack trace: it says what is
 * wrong, what to do about it, and what the appliance itself will do (the recovery). Anything that is
 * not in this list is a bug: it throws, reaches main, and systemd restarts us.
 */

/**
 * What the appliance does about a fault.
 * - `retry`: the part concerned tries again by itself, with backoff.
 * - `fall-back`: the next model of the chain is tried.
 * - `report`: nothing to try; the owner is told (LEDs, journal) and the appliance stays usable.
 * - `exit`: it cannot run at all; the process ends with exit code 2 (configuration) or 1.
 */
export type Recovery = "retry" | "fall-back" | "report" | "exit";

export type FaultCode =
  | "microphone-missing" // the device or the recorder program is not there
  | "microphone-lost" // capture ended or stalled; being restarted
  | "speaker-missing"
  | "speaker-lost"
  | "wake-word-failed" // the engine cannot run (licence key, model, crash)
  | "network" // DNS, TCP, TLS or a close code of a lost connection
  | "server" // 5xx, overload, server_error
  | "timeout" // a handshake or an answer did not come in time
  | "rate-limited"
  | "key-rejected"
  | "no-credit"
  | "model-unavailable"
  | "unheard" // a response ended without any sound
  | "protocol" // the peer said something that cannot be used, or refused our set-up
  | "gpio" // a pin cannot be had: no GPIO, no permission, taken
  | "power" // the machine could not be switched off
  | "metrics-lost" // a metrics file could not be written
  | "budget-near" // budget.warn_at of today's budget is spent
  | "budget" // today's budget is spent
  | "metrics-disk" // other trouble with the folder of the metrics; no file is lost
  | "camera" // no picture could be taken
  | "speech" // a text could not be spoken
  | "tool-server" // a server of tools cannot be used
  | "not-stored" // timers, memory or volume are not on the disk
  | "broker" // the MQTT broker cannot be reached, or refuses us
  | "config";

export interface Fault {
  readonly code: FaultCode;
  readonly recovery: Recovery;
  /** One line, no newline, no secret: what is wrong. */
  readonly message: string;
  /** One line: what the owner can do; empty where there is nothing to do. */
  readonly remedy: string;
}

/** A fault as one journal line. */
export function faultLine(fault: Fault): string {
  // A server's own words may end with their full stop.
  const { message, remedy } = fault;
  return remedy === "" ? message : `${message.replace(/\.$/, "")}. ${remedy}`;
}

/** Makes a fault; newlines and control characters in foreign text become blanks. */
export function fault(code: FaultCode, recovery: Recovery, message: string, remedy = ""): Fault {
  return { code, recovery, message: oneLine(message), remedy: oneLine(remedy) };
}

const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
/** Changes of direction, marks without width, tags: what makes a line read as something else. */
const UNSEEN =
  /[\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu;
const HALF_A_PAIR = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Foreign text made fit for one journal line, cut at `maxChars`. */
export function oneLine(text: string, maxChars = 400): string {
  // A little more than is kept: the rest of a megabyte is not worth looking at.
  const start = text.slice(0, maxChars * 4 + 64);
  const line = start
    .replace(CONTROL, " ")
    .replace(UNSEEN, "")
    .replace(HALF_A_PAIR, "\uFFFD")
    .trim();
  if (line.length <= maxChars) return line;
  return `${line.slice(0, maxChars - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** A fault carried where only an exception can go: start-up code and rejected promises. */
export class FaultError extends Error {
  readonly fault: Fault;
  constructor(cause: Fault, options?: ErrorOptions) {
    super(faultLine(cause), options);
    this.name = "FaultError";
    this.fault = cause;
  }
}

/** Words about anything thrown. */
export function thrownText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
