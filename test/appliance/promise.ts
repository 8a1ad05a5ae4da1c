/**
 * The promises that hold on the appliance, one a test: `onMachine` boots a machine for a file of
 * them, `holds` proves one and leaves a row for the table at the end of the run.
 */

import { appendFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { install } from "./install.ts";
import { Machine } from "./machine.ts";

/** To boot, to copy everything and to install it. */
const SETUP_MAX_MS = 1_800_000;
/** Lines of the journal that are shown of a machine on which a promise did not hold. */
const LAST_WORDS = 40;

/** Says something for the table; the rig's times among it are no measure of anything. */
export type Note = (text: string) => void;

export interface Promises {
  /** One promise, and how long its proof may take on an emulated processor, seconds. */
  holds(
    what: string,
    maxS: number,
    prove: (machine: Machine, note: Note, clean: Clean) => Promise<void>,
  ): void;
}

/** What must be undone at the end of a proof, however it ends. */
export interface Clean {
  after(clean: () => void | Promise<void>): void;
}

/** The machine that an earlier file has left, else a new one. Whoever runs the files stops it. */
async function ready(machine: Machine): Promise<void> {
  if (await machine.isInstalled()) return await machine.mend();
  await machine.boot();
  await install(machine);
}

/** Proves the promises in order, on one machine with Pipit installed. */
export function onMachine(title: string, promises: (they: Promises) => void): void {
  const machine = new Machine();
  describe(title, () => {
    before(() => ready(machine), { timeout: SETUP_MAX_MS });
    promises({
      holds(what, maxS, prove) {
        report({ title, what }); // What is never tried must be missed at the end.
        test(what, { timeout: maxS * 1000 }, async (t) => {
          const notes: string[] = [];
          const beganMs = performance.now();
          const row = (ok: boolean): void => {
            const seconds = Math.round((performance.now() - beganMs) / 1000);
            report({ title, what, ok, seconds, notes });
          };
          try {
            await prove(machine, (text) => notes.push(text), t);
            row(true);
          } catch (error) {
            row(false);
            t.diagnostic(await lastWords(machine));
            throw error;
          }
        });
      },
    });
  });
}

/** What was promised, before its proof. */
interface Plan {
  readonly title: string;
  readonly what: string;
}

interface Row extends Plan {
  readonly ok: boolean;
  /** What the proof took on the rig. */
  readonly seconds: number;
  readonly notes: readonly string[];
}

function report(row: Row | Plan): void {
  const path = process.env["PIPIT_APPLIANCE_REPORT"];
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(row)}\n`);
}

async function lastWords(machine: Machine): Promise<string> {
  try {
    return await machine.run(`journalctl -o short-precise -n ${LAST_WORDS}`);
  } catch (error) {
    return `and the journal cannot be read: ${error instanceof Error ? error.message : error}`;
  }
}
