/** The machines and the rules as a page for people: made from the same tables that decide. */

import { LINK } from "./link.ts";
import { PLAYBACK } from "./playback.ts";
import { RESPONSE } from "./response.ts";
import { RULES } from "./rules.ts";
import { TOOLS } from "./tools.ts";
import { TURN } from "./turn.ts";

type Targets = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** State → event → states. */
export const TABLES: Readonly<Record<string, Targets>> = {
  link: targets(LINK),
  turn: targets(TURN),
  response: targets(RESPONSE),
  playback: targets(PLAYBACK),
  tools: targets(TOOLS),
};

type Rows = Readonly<Record<string, Readonly<Record<string, readonly [unknown, ...string[]]>>>>;

/** Where none is named, the state stays. */
function targets(table: Rows): Targets {
  return mapped(table, (events, state) =>
    mapped(events, ([, ...to]) => (to.length === 0 ? [state] : to)),
  );
}

function mapped<A, B>(
  of: Readonly<Record<string, A>>,
  make: (value: A, key: string) => B,
): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, make(value, key)]));
}

/** Markdown: the rules in their order, then each machine as a drawing and as a table. */
export function describe(): string {
  const rules = RULES.map(({ name }, n) => `${n + 1}. ${name}`).join("\n");
  const machines = Object.entries(TABLES).map(([name, table]) => machine(name, table));
  return `**Rules**, looked at in this order after each input:\n\n${rules}\n\n${machines.join("\n")}`;
}

function machine(name: string, table: Targets): string {
  const rows = Object.entries(table).flatMap(([state, events]) =>
    Object.entries(events).map(([event, to]) => `| ${state} | ${event} | ${to.join(", ")} |`),
  );
  const head = "| state | event | to |\n| --- | --- | --- |";
  return `**${name}**\n\n${drawing(table)}\n${head}\n${rows.join("\n")}\n`;
}

/** Only what changes the state; events from one state to another share an arrow. */
function drawing(table: Targets): string {
  const arrows = Object.entries(table).flatMap(([state, events]) => {
    const by = new Map<string, string[]>();
    for (const [event, to] of Object.entries(events)) {
      for (const one of to) if (one !== state) by.set(one, [...(by.get(one) ?? []), event]);
    }
    return [...by].map(
      ([to, all]) => `  ${node(state)} --> ${to === "end" ? "[*]" : node(to)}: ${all.join(", ")}`,
    );
  });
  return `\`\`\`mermaid\nstateDiagram-v2\n${arrows.join("\n")}\n\`\`\`\n`;
}

function node(state: string): string {
  return state.replaceAll("-", "_");
}
