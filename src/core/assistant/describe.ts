/** The machines and the rules as a page for people: made from the same tables that decide. */

import { LINK_TABLE } from "./link.ts";
import { PLAYBACK_TABLE } from "./playback.ts";
import { RESPONSE_TABLE } from "./response.ts";
import { RULES } from "./rules.ts";
import { TOOLS_TABLE } from "./tools.ts";
import { TURN_TABLE } from "./turn.ts";

/** State → event → states. */
type AnyTable = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export const TABLES: Readonly<
  Record<"link" | "turn" | "response" | "playback" | "tools", AnyTable>
> = {
  link: LINK_TABLE,
  turn: TURN_TABLE,
  response: RESPONSE_TABLE,
  playback: PLAYBACK_TABLE,
  tools: TOOLS_TABLE,
};

/** Markdown: the rules in their order, then each machine as a drawing and as a table. */
export function describe(): string {
  const rules = RULES.map(({ name }, n) => `${n + 1}. ${name}`).join("\n");
  const machines = Object.entries(TABLES).map(([name, table]) => machine(name, table));
  return `**Rules**, looked at in this order after each input:\n\n${rules}\n\n${machines.join("\n")}`;
}

function machine(name: string, table: AnyTable): string {
  const rows = Object.entries(table).flatMap(([state, events]) =>
    Object.entries(events).map(([event, to]) => `| ${state} | ${event} | ${to.join(", ")} |`),
  );
  const head = "| state | event | to |\n| --- | --- | --- |";
  return `**${name}**\n\n${drawing(table)}\n${head}\n${rows.join("\n")}\n`;
}

/** Only what changes the state; events from one state to another share an arrow. */
function drawing(table: AnyTable): string {
  const arrows = Object.entries(table).flatMap(([state, events]) => {
    const targets = new Map<string, string[]>();
    for (const [event, to] of Object.entries(events)) {
      for (const one of to)
        if (one !== state) targets.set(one, [...(targets.get(one) ?? []), event]);
    }
    return [...targets].map(
      ([to, by]) => `  ${node(state)} --> ${to === "end" ? "[*]" : node(to)}: ${by.join(", ")}`,
    );
  });
  return `\`\`\`mermaid\nstateDiagram-v2\n${arrows.join("\n")}\n\`\`\`\n`;
}

function node(state: string): string {
  return state.replaceAll("-", "_");
}
