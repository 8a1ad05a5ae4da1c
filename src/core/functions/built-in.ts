/**
 * The functions that Pipit has by itself. Descriptions are for the model: what the function does,
 * when to call it, what to say. Names are a contract: `tools.disabled` and the metrics have them.
 */

import { type FunctionRow, type Parameters, USUAL } from "./registry.ts";

const LABEL = {
  type: "string",
  maxLength: 60,
  description: "What it is for, in the user's own words and language; empty if not said.",
};
const DAYS = {
  type: "array",
  items: { type: "string", enum: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] },
  description: "Weekdays on which it repeats; empty for once.",
};
const WHICH = {
  type: "string",
  maxLength: 60,
  description: "Its number or label, as listed; empty when there is only one.",
};
const AT = {
  type: "string",
  description: "Local time, 07:00, or with a date, 2026-11-29T07:00.",
};

function row(
  name: string,
  description: string,
  properties: Parameters = {},
  required: readonly string[] = [],
): FunctionRow {
  const parameters = { type: "object", properties, required, additionalProperties: false };
  return { ...USUAL, name, description, parameters, where: "built-in" };
}

const TIME = row(
  "get_time",
  "Tells the time and date of now, here or in another time zone. Call it whenever the time or the date matters.",
  {
    zone: {
      type: "string",
      maxLength: 60,
      description: "IANA zone such as Asia/Tokyo; empty for here.",
    },
  },
);

const TIMERS: readonly FunctionRow[] = [
  row(
    "set_timer",
    "Sets a timer that rings after a while. Say in one short sentence what was set.",
    { seconds: { type: "number", minimum: 1, maximum: 604_800 }, label: LABEL },
    ["seconds"],
  ),
  row(
    "set_alarm",
    "Sets an alarm at a time of day, once or on weekdays. Without a date it is the next such time.",
    { at: AT, days: DAYS, label: LABEL },
    ["at"],
  ),
  row("list_timers", "Lists timers and alarms with the time left, and those that were missed."),
  row(
    "change_timer",
    "Gives a timer more time (add_seconds, negative for less), or moves an alarm to another time (at, days). If several fit, the result says so: ask which one.",
    { which: WHICH, add_seconds: { type: "number" }, at: AT, days: DAYS },
  ),
  row(
    "cancel_timer",
    "Cancels a timer or an alarm, or all of them. If several fit, the result says so: ask which one.",
    { which: { ...WHICH, description: `${WHICH.description} "all" for all.` } },
  ),
  row("snooze_timer", "What has just rung rings again in some minutes.", {
    minutes: { type: "number", minimum: 1, maximum: 120, default: 5 },
  }),
];

const REST: readonly FunctionRow[] = [
  row(
    "set_volume",
    "Makes the answers louder or softer, or sets their volume in percent; without arguments tells it. Half a sentence is enough as an answer.",
    {
      percent: { type: "number", minimum: 0, maximum: 100 },
      change: { type: "string", enum: ["louder", "softer"] },
    },
  ),
  row(
    "get_status",
    "Tells how this device is: model, microphone, speaker, last fault, and what it has cost today.",
  ),
];

/** Its answer is the last reply once more, and no response of the model's (assistant/tools.ts). */
export const REPEAT = "repeat_answer";

const SELF: readonly FunctionRow[] = [
  row(
    REPEAT,
    "Plays your last spoken answer again, exactly as it was. Call it, and say nothing yourself, when the user did not hear or understand you and asks what you said.",
  ),
  row(
    "mute",
    "Stops listening for good, when the user asks you to mute yourself, to switch your microphone off or to stop listening until told otherwise. It takes effect after your next sentence: say what the result says.",
  ),
];

const MEMORY: readonly FunctionRow[] = [
  row(
    "remember",
    "Keeps a fact for later conversations. Call it only when the user asks you to remember something; never for passwords.",
    { fact: { type: "string", minLength: 1, maxLength: 300, description: "One plain sentence." } },
    ["fact"],
  ),
  row(
    "forget",
    "Forgets facts that were to be remembered. Call it when the user asks you to forget something.",
    {
      about: { type: "string", minLength: 1, maxLength: 300, description: "Words of it, or all." },
    },
    ["about"],
  ),
];

/** Just above the camera's own limit, and below what a call may take before it is reported as begun. */
const LOOK_MAX_MS = 6_900;

const LOOK: FunctionRow = {
  ...row(
    "look",
    "Takes a picture with this device's camera and shows it to you. Call it only when the user asks what you see or about something in front of the device. You keep no picture after your answer: look again for the next question about it.",
  ),
  timeLimitMs: LOOK_MAX_MS,
};

/** What the owner has switched on. */
export interface Abilities {
  readonly memory: boolean;
  readonly camera: boolean;
}

export function builtInRows({ memory, camera }: Abilities): readonly FunctionRow[] {
  return [TIME, ...TIMERS, ...REST, ...SELF, ...(memory ? MEMORY : []), ...(camera ? [LOOK] : [])];
}

/** The one whose meaning is the conversation's own; the session names it, and a test compares. */
export const GOODBYE = "end_conversation";

/** Every name that `tools.disabled` may have. */
export const BUILT_IN_NAMES: readonly string[] = [
  GOODBYE,
  ...builtInRows({ memory: true, camera: true }).map(({ name }) => name),
];
