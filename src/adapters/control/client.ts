/**
 * Asks the running daemon one thing.
 *
 * Invariant: it ends within the time given, with the daemon's reply or with a FaultError that says
 * in one line what the owner can do.
 */

import { lstatSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { type ControlReply, type ControlRequest, controlFields } from "../../core/control.ts";
import { type Fault, FaultError, fault } from "../../core/fault.ts";
import { parseJson, record } from "../../core/json.ts";
import type { Clock } from "../../ports.ts";
import { SystemClock } from "../os/clock.ts";
import { errorCode } from "../os/files.ts";

/** A status has about a kilobyte. */
export const REPLY_MAX_BYTES = 262_144;

/** How the line begins that says so. */
export const NOT_RUNNING = "pipit is not running";

/** Sends `request`, resolves with the reply; rejects with a FaultError. */
export function askDaemon(
  socketPath: string,
  request: ControlRequest,
  timeoutMs: number,
  clock: Clock = new SystemClock(),
): Promise<ControlReply> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let text = "";
    const end = (say: () => void): void => {
      takeBack();
      socket.destroy();
      say();
    };
    const fail = (wrong: Fault, cause?: unknown): void => {
      end(() => reject(new FaultError(wrong, { cause })));
    };
    const takeBack = clock.after(timeoutMs, () => fail(late(timeoutMs)));
    socket.setEncoding("utf8");
    socket.on("connect", () => send(socket, request));
    socket.on("error", (error) => fail(unreachable(error, socketPath), error));
    socket.on("close", () => fail(garbled("ended without a reply", socketPath)));
    socket.on("data", (chunk) => {
      text += chunk;
      const at = text.indexOf("\n");
      if (at < 0 && text.length <= REPLY_MAX_BYTES) return;
      const reply = at < 0 ? null : parseReply(text.slice(0, at));
      if (reply === null) fail(garbled("sent something that is not a reply", socketPath));
      else end(() => resolve(reply));
    });
  });
}

function send(socket: Socket, request: ControlRequest): void {
  socket.write(`${JSON.stringify(controlFields(request))}\n`);
}

function parseReply(line: string): ControlReply | null {
  const reply = record(parseJson(line));
  if (reply === null) return null;
  const { ok, error } = reply;
  const data = record(reply["data"]);
  if (ok === true && data !== null) return { ok, data };
  return ok === false && typeof error === "string" ? { ok, error } : null;
}

function unreachable(error: unknown, path: string): Fault {
  const code = errorCode(error);
  switch (code) {
    case "ENOENT":
    case "ECONNREFUSED":
    case "ENOTDIR":
      if (isOther(path)) {
        const remedy =
          "Name the control socket (--socket); if this stands in its place, move it away, and pipit makes the socket anew";
        return fault("config", "report", `${path} is no socket`, remedy);
      }
      return fault(
        "config",
        "report",
        `${NOT_RUNNING} (nothing answers at ${path})`,
        "Start it: sudo systemctl start pipit (not installed yet: ./scripts/install)",
      );
    case "EACCES":
    case "EPERM":
      return fault(
        "config",
        "report",
        `No permission to talk to pipit at ${path}`,
        "Join its group and log in again: sudo usermod -aG pipit $USER; or use sudo",
      );
    default:
      return fault("config", "report", `pipit cannot be reached at ${path} (${code})`);
  }
}

/** Does something stand there that is no socket at all? */
function isOther(path: string): boolean {
  try {
    return !lstatSync(path).isSocket();
  } catch {
    return false;
  }
}

function garbled(what: string, path: string): Fault {
  const remedy = "See its journal: journalctl -u pipit -n 20";
  return fault("config", "report", `What listens at ${path} ${what}`, remedy);
}

function late(timeoutMs: number): Fault {
  const seconds = (timeoutMs / 1000).toFixed(1);
  const remedy = "See its journal, or restart it: systemctl restart pipit";
  return fault("timeout", "report", `pipit did not answer within ${seconds} s`, remedy);
}
