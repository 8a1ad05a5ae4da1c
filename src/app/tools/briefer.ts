/**
 * What a conversation is told at its beginning, gathered from all who have something to say, and what of
 * it had no room: a line of the journal, once, until something else is left out.
 */

import { type Briefing, briefingOf, SESSION_MAX_TOKENS } from "../../core/functions/briefing.ts";
import {
  FUNCTIONS_MAX,
  type FunctionSpec,
  OFFER_MAX_TOKENS,
  type Registry,
} from "../../core/functions/registry.ts";
import type { Fields } from "../../core/json.ts";
import { ownInstructions } from "../../core/realtime/session.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Journal } from "../../ports.ts";
import type { AlarmClock } from "../timers/alarm-clock.ts";
import type { News } from "./calls.ts";
import type { Memory } from "./memory.ts";
import type { ServedTools } from "./served.ts";

export interface BrieferOptions {
  readonly journal: Journal;
  readonly settings: () => Settings;
  readonly served: Pick<ServedTools, "told">;
  readonly memory: Pick<Memory, "facts">;
  readonly alarmClock: Pick<AlarmClock, "now" | "missed" | "justRang">;
  readonly news: () => readonly News[];
}

export interface Context {
  readonly briefing: Briefing;
  readonly registry: Registry;
}

export class Briefer {
  readonly #options: BrieferOptions;
  /** What had no room, as the journal has it. */
  #surplusTold = "";
  #shortTold = "";

  constructor(options: BrieferOptions) {
    this.#options = options;
  }

  /** `own`: functions besides the registry's. */
  told(instructions: string, own: readonly FunctionSpec[], registry: Registry): Context {
    const briefing = this.#brief(instructions, [...own, ...registry.specs]);
    this.#tellSurplus(registry);
    this.#tellShort(briefing);
    return { briefing, registry };
  }

  /** For `pipit tools`. */
  figures(settings: Settings, registry: Registry): Fields {
    const { tokens, tokensMax, short } = this.#brief(ownInstructions(settings), registry.specs);
    return { tokens, tokens_max: tokensMax, left_out: short };
  }

  #brief(instructions: string, functions: readonly FunctionSpec[]): Briefing {
    const { settings, served, memory, alarmClock, news } = this.#options;
    const now = settings();
    const around = {
      now: alarmClock.now,
      location: now["system.location"],
      facts: now["tools.memory"] === "on" ? memory.facts : [],
      missed: alarmClock.missed(),
      rang: alarmClock.justRang(),
      news: news().map(({ text }) => text),
    };
    return briefingOf({ instructions, ...served.told, around, functions });
  }

  /** Once, until others are left out. */
  #tellSurplus({ surplus, tokens }: Registry): void {
    const names = surplus.join(", ");
    if (names !== this.#surplusTold && names !== "") {
      const room = `${FUNCTIONS_MAX} functions or about ${OFFER_MAX_TOKENS} tokens, of which ${tokens} are taken`;
      this.#options.journal.log(
        "notice",
        `Too many functions (there is room for ${room}); not offered to the model: ${names}. Leave some out: allow or deny, tools.disabled`,
      );
    }
    this.#surplusTold = names;
  }

  #tellShort({ short, tokensMax }: Briefing): void {
    const parts = short.join(", ");
    if (parts !== this.#shortTold && parts !== "") {
      const room = `about ${tokensMax} tokens beside the functions, ${SESSION_MAX_TOKENS} with them`;
      this.#options.journal.log(
        "warning",
        `Too much to tell the model (there is room for ${room}); left out: ${parts}. Shorten openai.instructions, forget something, expose fewer devices or offer fewer functions`,
      );
    }
    this.#shortTold = parts;
  }
}
