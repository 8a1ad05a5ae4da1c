/**
 * What was announced at which broker, as it outlives the process: what is not wanted any more can
 * then be cleared there. A broker that is not used any more cannot be asked: that is told.
 */

import { parseJson, record, text } from "../json.ts";
import { retainedOf, type Topics } from "./topics.ts";

export interface Announced {
  /** Host and port: never a name or a password. */
  readonly broker: string;
  /** Topics with something retained. */
  readonly topics: readonly string[];
}

/** More topics than this are none of ours. */
const TOPICS_MAX = 16;

export function announcedText(announced: Announced): string {
  return `${JSON.stringify({ schema: 1, ...announced })}\n`;
}

/** Null: nothing is announced, or the text is none of ours. */
export function announcedIn(stored: string): Announced | null {
  const row = record(parseJson(stored));
  const broker = row === null ? null : text(row, "broker");
  const topics: unknown = row?.["topics"];
  if (broker === null || broker === "" || !Array.isArray(topics)) return null;
  const ours = topics.slice(0, TOPICS_MAX).filter((one) => typeof one === "string" && one !== "");
  return { broker, topics: ours };
}

/** What is retained at this broker, and is not wanted there. */
export function staleAt(
  broker: string,
  before: Announced | null,
  wanted: Topics,
): readonly string[] {
  if (before === null || before.broker !== broker) return [];
  const kept = retainedOf(wanted);
  return before.topics.filter((topic) => !kept.includes(topic));
}
