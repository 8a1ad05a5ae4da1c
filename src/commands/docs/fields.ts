/** The fields of the metrics file as a table for metrics/README.md. */

import { METRICS_FIELDS } from "../../core/metrics/fields.ts";

export function metricsFieldsMarkdown(): string {
  const lines = ["| field | unit | what it is | `null` means |", "| --- | --- | --- | --- |"];
  for (const { path, unit, formula, nullMeans } of METRICS_FIELDS) {
    const cells = [`\`${path}\``, orDash(unit), formula.replaceAll("|", "\\|"), orDash(nullMeans)];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}

function orDash(text: string): string {
  return text === "" ? "–" : text;
}
