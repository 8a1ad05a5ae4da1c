/**
 * What `pipit doctor` says of one thing: a grade, a sentence, and what to do. The files beside this
 * one judge; they know nothing of how the facts were come by.
 */

import { type Fault, oneLine } from "../../core/fault.ts";
import { wrapped } from "../columns.ts";

/** `skip`: could not be looked at here, which is no fault of the appliance. */
export type Grade = "ok" | "warn" | "fail" | "skip";

export interface Finding {
  /** What was looked at: `microphone`. */
  readonly check: string;
  readonly grade: Grade;
  readonly says: string;
  /** Empty where there is nothing to do. */
  readonly remedy: string;
}

/** Longest sentence, characters: foreign text may be in it. */
const SAYS_MAX_CHARS = 600;

export function finding(check: string, grade: Grade, says: string, remedy = ""): Finding {
  const line = oneLine(says, SAYS_MAX_CHARS);
  return { check, grade, says: line, remedy: oneLine(remedy, SAYS_MAX_CHARS) };
}

export function fromFault(check: string, grade: Grade, { message, remedy }: Fault): Finding {
  return finding(check, grade, message, remedy);
}

export function hasFailed(findings: readonly Finding[]): boolean {
  return findings.some(({ grade }) => grade === "fail");
}

/** `14 ok, 2 to look at, 1 failed, 3 skipped`. */
export function summary(findings: readonly Finding[]): string {
  const count = (grade: Grade): number => findings.filter((one) => one.grade === grade).length;
  const parts: readonly (readonly [number, string])[] = [
    [count("ok"), "ok"],
    [count("warn"), "to look at"],
    [count("fail"), "failed"],
    [count("skip"), "skipped"],
  ];
  return parts
    .filter(([number]) => number > 0)
    .map(([number, name]) => `${number} ${name}`)
    .join(", ");
}

const GRADE_WIDTH = 4;
export const CHECK_WIDTH = 13;

/**
 * `warn  clock          ...` and, below it, the remedy; `paint` colours the grade; `columns`: see
 * columns.ts.
 */
export function findingText(
  { check, grade, says, remedy }: Finding,
  paint: (grade: Grade, text: string) => string = (_, text) => text,
  columns: number | null = null,
): string {
  const indent = GRADE_WIDTH + CHECK_WIDTH + 4;
  const body = wrapped(says, columns, indent);
  const head = `${paint(grade, grade.padEnd(GRADE_WIDTH))}  ${check.padEnd(CHECK_WIDTH)}  ${body}`;
  if (remedy === "") return `${head}\n`;
  return `${head}\n${" ".repeat(indent)}${wrapped(remedy, columns, indent)}\n`;
}
