/** What the command line asks of the running appliance, other than its status. */

import { phase } from "../core/assistant/views.ts";
import type { ControlReply, ControlRequest } from "../core/control.ts";
import { faultLine } from "../core/fault.ts";
import type { Loop } from "./loop.ts";
import { isForTools, type Toolbox } from "./tools/toolbox.ts";

interface Parts {
  readonly loop: Loop;
  readonly tools: Toolbox;
  readonly isStopping: boolean;
}

export async function carryOut(
  request: Exclude<ControlRequest, { command: "status" }>,
  { loop, tools, isStopping }: Parts,
): Promise<ControlReply> {
  const { state } = loop;
  if (isStopping) return { ok: false, error: "pipit is stopping" };
  if (isForTools(request)) return await tools.answer(request);
  if (request.command === "stop") tools.ringer.silence();
  if (request.command === "wake" && state.rest.tag === "muted") {
    return { ok: false, error: "muted: pipit mute off" };
  }
  const command = request.command !== "mute" ? request.command : request.on ? "mute" : "unmute";
  loop.post({ tag: "command", command });
  const after = loop.state;
  if (command === "wake" && after.rest.tag === "fault") {
    return { ok: false, error: faultLine(after.rest.fault) };
  }
  return { ok: true, data: { state: phase(after) } };
}
