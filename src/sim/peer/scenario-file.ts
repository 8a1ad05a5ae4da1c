/**
 * A scenario from text: YAML or JSON, strict. Every problem is named with file, line and column.
 * `parseScenario` is the only way in, for files and for tests alike. The language: src/sim/README.md.
 */

import { LineCounter, parseDocument } from "yaml";
import type { JsonObject, JsonValue } from "./json.ts";
import { isObject } from "./json.ts";
import type { Field } from "./reading.ts";
import {
  anything,
  flag,
  list,
  made,
  nullable,
  number,
  oneOf,
  optional,
  Reading,
  record,
  text,
} from "./reading.ts";
import type { RemoteServerPlan } from "./remote-tools.ts";
import type { ConnectionPlan, Gone, ModelOffer, ModelsReply, Scenario, Turn } from "./scenario.ts";
import { DEFAULT_MODELS, DEFAULT_PACE, offer, SESSION_MAX_S, speaking } from "./scenario.ts";
import { faultField } from "./scenario-faults.ts";
import { delay, turnField } from "./scenario-turns.ts";

const GONE: readonly Gone[] = ["http-404", "http-403", "error", "response"];
/** A longer life than this is no session. */
const EXPIRES_MAX_S = 1_000_000;

const modelRecord = made(
  record({
    id: text(""),
    shutdown_date: nullable(text<string | null>(null)),
    gone: oneOf<Gone, null>(null, GONE),
    voices: list<string, null>(null, text("")),
    reasoning: flag<boolean | null>(null),
  }),
  (values, fail): ModelOffer => {
    if (values.id === "") fail("expected 'id'");
    const usual = offer(values.id, values.shutdown_date);
    return {
      ...usual,
      gone: values.gone,
      voices: values.voices ?? usual.voices,
      reasoning: values.reasoning ?? usual.reasoning,
    };
  },
);

/** A model by its name alone, or with what is special about it. */
const modelField: Field<ModelOffer> = {
  absent: offer("", null),
  read: (node, reading, path) => {
    const value = reading.json(node);
    return typeof value === "string" ? offer(value, null) : modelRecord.read(node, reading, path);
  },
};

const connectionField: Field<ConnectionPlan> = made(
  record({
    handshake_ms: delay(null),
    created_ms: delay(null),
    updated_ms: delay(null),
    expires_in_s: number<number | null>(null, 0.01, EXPIRES_MAX_S),
    turns: list<Turn, null>(null, turnField),
  }),
  (values) => ({
    handshakeMs: values.handshake_ms,
    createdMs: values.created_ms,
    updatedMs: values.updated_ms,
    expiresInS: values.expires_in_s,
    turns: values.turns,
  }),
);

interface NamedServer {
  readonly label: string;
  readonly plan: RemoteServerPlan;
}

const remoteServerField: Field<NamedServer> = made(
  record({
    label: text("docs"),
    tools: list<string, readonly string[]>(["search"], text("search")),
    listing_ms: delay(50),
    fails: flag(false),
  }),
  ({ label, tools, listing_ms: listingMs, fails }) => ({
    label,
    plan: { tools, listingMs, fails },
  }),
);

const modelsReplyField: Field<ModelsReply> = made(
  record({ status: number(200, 200, 599), body: anything(), delay_ms: delay(0) }),
  ({ status, body, delay_ms: delayMs }) => ({ status, body: body ?? null, delayMs }),
);

const scenarioFields = {
  protocol: oneOf<Scenario["protocol"], Scenario["protocol"]>("ga", ["ga", "beta", "both"]),
  key: text<string | null>(null),
  wrong_key: oneOf<Scenario["wrongKey"], Scenario["wrongKey"]>("http-401", [
    "http-401",
    "close-3000",
  ]),
  strict: flag(true),
  models: list<ModelOffer, readonly ModelOffer[]>(DEFAULT_MODELS, modelField),
  unknown_model: oneOf<Gone, Gone>("response", GONE),
  models_reply: optional(modelsReplyField),
  session: anything(),
  expires_in_s: number(SESSION_MAX_S, 0.01, EXPIRES_MAX_S),
  settle_within_ms: delay(null),
  handshake_ms: delay(0),
  created_ms: delay(0),
  updated_ms: delay(0),
  conversation_created: flag(false),
  pace: number(DEFAULT_PACE, 0.1, 1000),
  mcp: list<NamedServer, readonly NamedServer[]>([], remoteServerField),
  turns: list<Turn, readonly Turn[]>([], turnField),
  otherwise: turnField,
  connections: list<ConnectionPlan, readonly ConnectionPlan[]>([], connectionField),
  faults: list(null, faultField),
};

const scenarioField: Field<Scenario> = made(record(scenarioFields), (values, fail) => {
  const { session } = values;
  if (session !== undefined && !isObject(session)) fail("expected 'session' to be a map");
  return {
    protocol: values.protocol,
    key: values.key,
    wrongKey: values.wrong_key,
    strict: values.strict,
    models: values.models,
    unknownModel: values.unknown_model,
    modelsReply: values.models_reply,
    session: isObject(session) ? session : {},
    expiresInS: values.expires_in_s,
    settleWithinMs: values.settle_within_ms,
    handshakeMs: values.handshake_ms,
    createdMs: values.created_ms,
    updatedMs: values.updated_ms,
    conversationCreated: values.conversation_created,
    pace: values.pace,
    mcp: Object.fromEntries(values.mcp.map(({ label, plan }) => [label, plan])),
    turns: values.turns,
    otherwise: values.otherwise,
    connections: values.connections,
    faults: values.faults?.filter((rule) => rule !== null) ?? [],
  };
});

/** A scenario that cannot be used: each problem as `file:line:column key: what`. */
export class ScenarioError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ScenarioError";
    this.problems = problems;
  }
}

/**
 * Reads a scenario from YAML or JSON text; `file` names it in messages.
 * Throws a ScenarioError with every problem when there is one.
 */
export function parseScenario(source: string, file: string): Scenario {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const reading = new Reading(file, document, lines);
  for (const error of document.errors) {
    const { line, col } = lines.linePos(error.pos[0]);
    reading.problems.push(`${file}:${line}:${col} ${error.message}`);
  }
  const scenario =
    document.contents === null || reading.problems.length > 0
      ? scenarioField.absent
      : scenarioField.read(document.contents, reading, "");
  if (reading.problems.length > 0) {
    throw new ScenarioError(reading.problems);
  }
  return speaking(scenario, scenario.protocol);
}

/** The same from a value, as tests write it: checked as strictly as a file. */
export function scenarioOf(value: JsonValue): Scenario {
  return parseScenario(JSON.stringify(value, null, 1), "scenario");
}

/** One fault from a value, for `peer.act`. */
export function faultOf(value: JsonObject): Scenario["faults"][number] {
  const [only] = scenarioOf({ faults: [{ at: "connect", ...value }] }).faults;
  if (only === undefined) throw new Error("a fault that reads as none");
  return only;
}
