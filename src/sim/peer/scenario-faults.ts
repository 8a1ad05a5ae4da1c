/** How a fault stands in a scenario file: `at` a point, `do` something, and on whom. */

import { didYouMean } from "../../core/suggest.ts";
import type { Action, FaultRule, Point } from "./fault-desk.ts";
import { isObject } from "./json.ts";
import {
  anything,
  type Field,
  integer,
  list,
  made,
  number,
  record,
  text,
  variants,
} from "./reading.ts";
import { delay, errorField } from "./scenario-turns.ts";
import { CLIENT_EVENTS, SERVER_EVENTS } from "./wire.ts";

/** Short names of the points that are used most. */
const ALIASES: Readonly<Record<string, string>> = {
  created: "session.created",
  updated: "session.updated",
  delta: "response.output_audio.delta",
  speech_started: "input_audio_buffer.speech_started",
  speech_stopped: "input_audio_buffer.speech_stopped",
  committed: "input_audio_buffer.committed",
};

const POINT = /^(client:)?([a-z_.]+?)(?::(\d+))?$/;
/** A point that never comes: stands for one that could not be read. */
const NOWHERE: Point = { tag: "server", type: "", nth: null };

/** `handshake`, `connect`, `delta:3`, `response.done`, `client:response.create:2` … */
export function pointOf(said: string, fail: (message: string) => void): Point {
  const [, client, name = "", count] = POINT.exec(said) ?? [];
  const nth = count === undefined ? null : Number(count);
  if (nth === 0) fail("points are counted from 1");
  if (client === undefined && (name === "handshake" || name === "connect")) return { tag: name };
  const type = client === undefined ? (ALIASES[name] ?? name) : name;
  const known: readonly string[] = client === undefined ? SERVER_EVENTS : CLIENT_EVENTS;
  if (known.includes(type)) return { tag: client === undefined ? "server" : "client", type, nth };
  const names = [...known, ...Object.keys(ALIASES), "handshake", "connect"];
  fail(`'${said}' is not a point${didYouMean(name, names)}`);
  return NOWHERE;
}

const common = {
  at: text(""),
  do: text(""),
  after_ms: delay(0),
  connection: integer<number | null>(null, 1, 1_000_000),
  model: text<string | null>(null),
  turn: integer<number | null>(null, 1, 1_000_000),
  times: anything(),
};

type Common = {
  readonly at: string;
  readonly after_ms: number;
  readonly connection: number | null;
  readonly model: string | null;
  readonly turn: number | null;
  readonly times: unknown;
};

/** Actions that only make sense at one kind of point. */
const PLACES: Readonly<Partial<Record<Action["do"], readonly Point["tag"][]>>> = {
  refuse: ["handshake"],
  hang: ["handshake"],
  reject: ["client"],
  cut: ["server"],
  omit: ["server"],
  repeat: ["server"],
  skip: ["server", "client"],
  reset: ["handshake", "connect", "server", "client"],
  drop: ["handshake", "connect", "server", "client"],
};
const ELSEWHERE: readonly Point["tag"][] = ["connect", "server", "client"];

function rule(
  values: Common,
  action: Action,
  fail: (message: string) => void,
  where: string,
): FaultRule {
  // A default is made once without a place: there is nothing to report then.
  const at = where === "" ? NOWHERE : pointOf(values.at, fail);
  if (where !== "" && at !== NOWHERE && !(PLACES[action.do] ?? ELSEWHERE).includes(at.tag)) {
    fail(`'${action.do}' is not possible at '${values.at}'`);
  }
  return {
    at,
    action,
    afterMs: values.after_ms,
    connection: values.connection,
    model: values.model,
    turn: values.turn,
    times: timesOf(values.times, fail),
    where: `${where} (${values.at}: ${action.do})`,
  };
}

function timesOf(times: unknown, fail: (message: string) => void): number | null {
  if (times === undefined) return 1;
  if (times === "always") return null;
  if (typeof times === "number" && Number.isInteger(times) && times >= 1) return times;
  fail("expected 'times' to be 'always' or a whole number from 1");
  return 1;
}

function plain(
  name: "hang" | "half-open" | "drop" | "reset" | "cut" | "skip" | "repeat" | "expire",
) {
  return made(record(common), (values, fail, where) => rule(values, { do: name }, fail, where));
}

const withError = record({ ...common, error: errorField });

const refuse = made(
  record({
    ...common,
    error: errorField,
    status: integer(500, 300, 599),
    body: anything(),
    retry_after_s: number<number | null>(null, 0, 100_000),
  }),
  (values, fail, where) => {
    const { status, error, body, retry_after_s: retryAfterS } = values;
    return rule(values, { do: "refuse", status, error, body, retryAfterS }, fail, where);
  },
);

const close = made(
  record({ ...common, code: integer<number | null>(null, 1000, 4999), reason: text("") }),
  (values, fail, where) => {
    const { code, reason } = values;
    if (code === 1004 || code === 1006 || code === 1015) {
      fail(`code ${code} cannot be sent; 'drop' and 'reset' end without one`);
    }
    const frame = { do: "close", code: code === 1005 ? null : code, reason } as const;
    return rule(values, frame, fail, where);
  },
);

const send = made(
  record({
    ...common,
    event: anything(),
    text: text<string | null>(null),
    bytes: integer<number | null>(null, 0, 64 * 1024 * 1024),
  }),
  (values, fail, where) => {
    const event = isObject(values.event) ? values.event : null;
    const said = [event, values.text, values.bytes].filter((one) => one !== null);
    if (where !== "" && said.length !== 1) fail("expected exactly one of event, text, bytes");
    const action = { do: "send", event, text: values.text, bytes: values.bytes } as const;
    return rule(values, action, fail, where);
  },
);

const stall = made(record({ ...common, for_ms: delay(null) }), (values, fail, where) =>
  rule(values, { do: "stall", forMs: values.for_ms }, fail, where),
);

const huge = made(record({ ...common, mb: number(20, 0.001, 256) }), (values, fail, where) =>
  rule(values, { do: "huge", mb: values.mb }, fail, where),
);

const omit = made(
  record({ ...common, fields: list<string, readonly string[]>([], text("")) }),
  (values, fail, where) => rule(values, { do: "omit", fields: values.fields }, fail, where),
);

const error = made(withError, (values, fail, where) =>
  rule(values, { do: "error", error: values.error }, fail, where),
);

const reject = made(withError, (values, fail, where) =>
  rule(values, { do: "reject", error: values.error }, fail, where),
);

export const faultField: Field<FaultRule | null> = variants<FaultRule | null>(
  "do",
  {
    refuse,
    hang: plain("hang"),
    stall,
    "half-open": plain("half-open"),
    close,
    drop: plain("drop"),
    reset: plain("reset"),
    send,
    huge,
    cut: plain("cut"),
    omit,
    skip: plain("skip"),
    repeat: plain("repeat"),
    error,
    reject,
    expire: plain("expire"),
  },
  null,
);
