/**
 * Trouble with the disk, told and counted. A full card stays full: the owner is told when it begins,
 * when its cause changes, and of its end, not with each file.
 */

import { type Fault, faultLine } from "../../core/fault.ts";
import type { Journal } from "../../ports.ts";

/** What was tried: one may work while another does not. */
export type DiskUse = "file" | "checkpoint" | "recovery";

export class DiskTrouble {
  readonly #journal: Journal;
  #lostFiles = 0;
  /** What would help, by what does not work: it names the cause. */
  readonly #remedies = new Map<DiskUse, string>();
  /** As it was told last. */
  #line = "";

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Files that could not be written, since the start. */
  get lostFiles(): number {
    return this.#lostFiles;
  }

  /** What is wrong by now; null: nothing. */
  get line(): string | null {
    return this.#remedies.size === 0 ? null : this.#line;
  }

  /** How a use of the disk went; null for well. */
  went(use: DiskUse, fault: Fault | null): void {
    if (fault === null) {
      this.#well(use);
      return;
    }
    if (fault.code === "metrics-lost") this.#lostFiles += 1;
    const isKnown = [...this.#remedies.values()].includes(fault.remedy);
    this.#remedies.set(use, fault.remedy);
    this.#line = faultLine(fault);
    if (!isKnown) this.#journal.log("error", this.#line);
  }

  #well(use: DiskUse): void {
    if (this.#remedies.size === 0) return;
    const remedy = this.#remedies.get(use);
    for (const [other, theirs] of this.#remedies) {
      // A cause that is gone is gone for all; and what is looked for once is not looked for again.
      if (other === use || theirs === remedy || other === "recovery") this.#remedies.delete(other);
    }
    if (this.#remedies.size > 0) return;
    const line = `Metrics files are written again; lost since the start: ${this.#lostFiles}`;
    this.#journal.log("notice", line);
  }
}
