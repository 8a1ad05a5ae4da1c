/** The rows about what Pipit can do besides talking: functions, memory, timers and alarms. */

import { int, list, number, oneOf, tree } from "./row.ts";

/** For editors; core/functions/custom.ts decides. */
const FUNCTION_SCHEMA = {
  type: "object",
  required: ["description"],
  additionalProperties: false,
  properties: {
    description: { type: "string", description: "For the model: what it does, when to call it." },
    parameters: {
      type: "object",
      description: "Names with JSON Schemas, such as place: {type: string}.",
      additionalProperties: { type: "object" },
    },
    required: { type: "array", items: { type: "string" }, description: "Absent: all parameters." },
    command: {
      type: "array",
      items: { type: "string" },
      minItems: 1,
      description: "A program and its words; {name} as a whole word stands for that argument.",
    },
    stdin: { type: "boolean", description: "The arguments go to standard input as JSON." },
    cwd: { type: "string", description: "The folder it runs in." },
    http: {
      type: "object",
      required: ["url"],
      additionalProperties: false,
      properties: {
        url: { type: "string", description: "{name} stands for that argument, encoded." },
        method: { enum: ["GET", "POST", "PUT", "PATCH", "DELETE"] },
        headers: { type: "object", additionalProperties: { type: "string" } },
        body: { type: "boolean", description: "The arguments are the body, as JSON." },
      },
    },
    timeout_s: { type: "number", minimum: 1, maximum: 600 },
    confirm: { type: "boolean", description: "The user is asked first." },
    long: { type: "boolean", description: "It takes long: its result is told when it is there." },
    after: { type: "boolean", description: "A result after the conversation may be spoken." },
  },
};

export const TOOLS_ROWS = {
  "tools.disabled": list({
    default: [],
    minItems: 0,
    maxItems: 64,
    loneText: true,
    pattern: {
      regex: /^[A-Za-z0-9_-]{1,64}$/,
      says: "the name of a function, as pipit tools lists it",
    },
    reload: "session",
    doc: "Functions that are not offered to the model; pipit tools lists them all.",
  }),
  "tools.memory": oneOf(["off", "on"], {
    default: "off",
    reload: "session",
    doc: "on lets it keep what you ask it to remember, in memory.yaml; pipit memory lists and edits that.",
  }),
  "tools.custom": tree({
    default: {},
    below: FUNCTION_SCHEMA,
    reload: "session",
    doc: "Functions of your own, by name: a program or an HTTP request. config/FUNCTIONS.md tells how, config/examples has four, pipit tools call NAME tries one.",
  }),
  "tools.sandbox": oneOf(["auto", "none"], {
    default: "auto",
    reload: "session",
    doc: "auto runs programs of tools.custom only where they cannot read the key; none runs them as Pipit's own user, which can.",
  }),
  "tools.patience_s": number({
    default: 2,
    min: 0,
    max: 10,
    unit: "s",
    reload: "live",
    doc: "After so long without an answer from a function it says one moment; 0 never says it.",
  }),
  "timers.volume": number({
    default: 0.8,
    min: 0.05,
    max: 1,
    reload: "live",
    doc: "Loudness of the ringing at its loudest; it begins softly. audio.volume does not matter for it.",
  }),
  "timers.ring_max_min": int({
    default: 15,
    min: 1,
    max: 60,
    unit: "min",
    reload: "live",
    doc: "How long it rings when nobody stops it; then it is reported as missed.",
  }),
} as const;
