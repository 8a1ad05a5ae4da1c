/**
 * The settings table as documents: the commented example file and the reference of
 * config/README.md.
 *
 * Invariants: the same table gives the same bytes; in the example, a setting put out of use begins
 * with `#` and no blank, a sentence with `# `, so that removing every such `#` leaves a valid file.
 */

import { allowed } from "../../core/settings/read-value.ts";
import type { Reload, Row, Value } from "../../core/settings/row.ts";
import { ROWS, SECTIONS, type SettingKey } from "../../core/settings/table.ts";

/** Widest line of the example file, characters. */
const WIDTH = 100;

/** Keys that the example sets; every other one is put out of use. */
const ACTIVE: readonly SettingKey[] = ["openai.api_key"];

const WHEN: Readonly<Record<Reload, string>> = {
  live: "at once",
  session: "next conversation",
  restart: "next start",
};

const HEADER = `# yaml-language-server: $schema=./config.schema.json
# The configuration of Pipit. Two lines are enough; every other line shows a default.
# To change a setting, remove the # before its name. "pipit check-config" checks the file.
# \${NAME} and \${NAME:-text} are taken from the environment; a plain \${ is written $\${.
# Made from the settings table by "npm run docs"; a test compares the two.
`;

/** The text of config/config.yaml. */
export function exampleYaml(): string {
  const lines: string[] = [];
  let section: readonly string[] = [];
  for (const [key, row] of ROWS) {
    const parents = key.split(".").slice(0, -1);
    for (const [depth, name] of parents.entries()) {
      const path = parents.slice(0, depth + 1);
      if (section.slice(0, depth + 1).join(".") === path.join(".")) continue;
      const about = SECTIONS[path.join(".")] ?? "";
      if (depth === 0) lines.push("");
      lines.push(...comment(about, depth), `${indent(depth)}${name}:`);
    }
    section = parents;
    lines.push(...setting(key, row));
  }
  return `${HEADER}${lines.join("\n")}\n`;
}

function setting(key: SettingKey, row: Row): readonly string[] {
  const depth = key.split(".").length - 1;
  const name = key.split(".").at(-1) ?? key;
  const off = ACTIVE.includes(key) ? "" : "#";
  return [
    ...comment(row.doc, depth),
    ...comment(`Allowed: ${allowed(row)}. Takes effect: ${WHEN[row.reload]}.`, depth),
    `${indent(depth)}${off}${name}: ${yaml(shownDefault(row))}`,
  ];
}

/** A list that may be a lone text is shown as one. */
function shownDefault(row: Row): Value {
  const [only, ...more] = row.kind === "list" ? row.default : [];
  const lone = row.kind === "list" && row.loneText && more.length === 0;
  return lone && only !== undefined ? only : row.default;
}

function indent(depth: number): string {
  return "  ".repeat(depth);
}

/** Sentences as comment lines no wider than WIDTH. */
function comment(sentences: string, depth: number): readonly string[] {
  const lines: string[] = [];
  let line = `${indent(depth)}#`;
  for (const word of sentences.split(" ").filter((piece) => piece !== "")) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = `${indent(depth)}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** Text that YAML reads back as the same text without quotes. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z$][\w$./{}-]*(?::[\w$./{}-]+)*$/i;

function yaml(value: Value): string {
  if (typeof value === "string") return PLAIN.test(value) ? value : JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  if (!isTexts(value)) return JSON.stringify(value);
  return `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
}

function isTexts(value: Exclude<Value, string | number | boolean>): value is readonly string[] {
  return Array.isArray(value);
}

/** The reference: a Markdown table for each section. */
export function markdownReference(): string {
  const parts: string[] = [];
  let section = "";
  for (const [key, row] of ROWS) {
    const [top = ""] = key.split(".");
    if (top !== section) {
      section = top;
      parts.push("", `**\`${top}\`**: ${SECTIONS[top] ?? ""}`, "");
      parts.push("| key | default | allowed | takes effect | what it does |");
      parts.push("| --- | --- | --- | --- | --- |");
    }
    const cells = [
      `\`${key}\``,
      `\`${yaml(shownDefault(row))}\``,
      cell(allowed(row)),
      WHEN[row.reload],
      cell(row.doc),
    ];
    parts.push(`| ${cells.join(" | ")} |`);
  }
  return `${parts.join("\n").trim()}\n`;
}

function cell(words: string): string {
  return words.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("*", "\\*");
}
