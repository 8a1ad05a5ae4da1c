/** What the checks of `pipit doctor` share: settings, the daemon's status, what the API said. */

import type { LoadedConfig } from "../../adapters/config/file.ts";
import type { Env } from "../../core/settings/expand-env.ts";
import type { Settings } from "../../core/settings/table.ts";
import type { Clock } from "../../ports.ts";
import type { ApiFacts } from "./api.ts";
import type { Screen } from "./screen.ts";
import type { DaemonFacts, UnitFacts } from "./service.ts";

export interface DoctorOptions {
  /** Nothing that takes long: no network, no sound. */
  readonly quick: boolean;
  readonly offline: boolean;
  readonly wake: boolean;
  readonly echo: boolean;
  readonly walk: boolean;
  readonly yes: boolean;
}

export interface Context {
  readonly clock: Clock;
  readonly env: Env;
  readonly screen: Screen;
  readonly options: DoctorOptions;
  readonly configPath: string;
  readonly loaded: LoadedConfig;
  /** Null: the configuration cannot be used. */
  readonly settings: Settings | null;
  readonly daemon: DaemonFacts;
  /** Asked for once. */
  readonly unit: () => Promise<UnitFacts>;
  /** Filled in by the check of the API, for those after it. */
  api: {
    facts: ApiFacts;
    readonly serverMs: number | null;
    /** Our clock when the server told its time. */
    readonly askedMs: number;
  };
}
