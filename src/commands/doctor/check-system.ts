/** The checks of `pipit doctor` about the machine and the system around the daemon. */

import type { Settings } from "../../core/settings/table.ts";
import { startsPrograms } from "../own-programs.ts";
import type { Context } from "./context.ts";
import type { Finding } from "./finding.ts";
import { askPrograms } from "./io-ask-programs.ts";
import { folderOf, pathFrom, readText } from "./io-read-files.ts";
import { cardErrors, diskFacts, isSameDisk, isSynchronised, throttled } from "./io-read-machine.ts";
import { accountOf, journalFacts, secretFiles } from "./io-read-service.ts";
import {
  judgeCardHealth,
  judgeClock,
  judgeDisk,
  judgeMemory,
  judgeNode,
  judgePower,
} from "./machine.ts";
import { judgePrograms } from "./programs.ts";
import type { Check } from "./run-check.ts";
import { judgeGroups, judgeJournal, judgeSecrets, judgeUnit, propertyOf } from "./service.ts";

const SERVICE_USER = "pipit";
/** Above what the question itself may take. */
const UNIT_MAX_MS = 10_000;
const PROGRAMS_MAX_MS = 12_000;

export function machineChecks(context: Context): readonly Check[] {
  const { clock, unit } = context;
  return [
    { name: "service", maxMs: UNIT_MAX_MS, run: async () => judgeUnit(await unit()) },
    {
      name: "groups",
      run: async () => {
        const facts = await unit();
        const user = propertyOf(facts, "User") || SERVICE_USER;
        const extra = propertyOf(facts, "SupplementaryGroups").split(" ");
        const account = accountOf(user);
        const groups = [...account.groups, ...extra];
        return judgeGroups({ user, ...account, groups, needed: neededGroups(context.settings) });
      },
    },
    { name: "secrets", run: () => judgeSecrets(secretFiles(context.configPath)) },
    { name: "programs", maxMs: PROGRAMS_MAX_MS, run: () => programs(context) },
    { name: "journal", run: () => judgeJournal(journalFacts()) },
    {
      name: "clock",
      run: async () => {
        const { serverMs, askedMs } = context.api;
        const behindMs = serverMs === null ? null : serverMs - askedMs;
        const [wallMs, isSynced] = [clock.wallMs(), await isSynchronised()];
        return judgeClock({ wallMs, isSynchronised: isSynced, behindMs });
      },
    },
    { name: "disk", run: async () => (await disks(context)).map(judgeDisk) },
    { name: "card health", run: () => judgeCardHealth(cardErrors()) },
    { name: "memory", run: () => judgeMemory(readText("/proc/meminfo") ?? "") },
    { name: "power", run: async () => judgePower(await throttled()) },
    { name: "node", run: () => judgeNode(process.version, clock.wallMs()) },
  ];
}

async function programs({ clock, settings }: Context): Promise<Finding> {
  const wanted = settings !== null && startsPrograms(settings);
  const sandbox = settings?.["tools.sandbox"] ?? "auto";
  const isAsked = wanted && sandbox === "auto";
  return judgePrograms({
    wanted,
    sandbox,
    helper: isAsked ? await askPrograms(clock) : { tag: "absent" },
  });
}

/** Without a configuration, what most have is needed. */
function neededGroups(settings: Settings | null): readonly string[] {
  if (settings === null) return ["audio", "gpio"];
  const isFile = (key: "audio.input_device" | "audio.output_device"): boolean =>
    settings[key].startsWith("file:");
  const pins = [settings["leds.listening_pin"], settings["leds.status_pin"]];
  const ledBackend = settings["leds.backend"];
  const usesPins = (backend: string): boolean => !["none", "panel", "apa102"].includes(backend);
  const hasLed = pins.some((pin) => pin !== "none") && usesPins(ledBackend);
  const hasButton = settings["button.pin"] !== "none" && usesPins(settings["button.backend"]);
  const hasSound = !isFile("audio.input_device") || !isFile("audio.output_device");
  const hasCamera = !/^(?:off$|file:)/i.test(settings["camera.source"]);
  return [
    ...(hasSound ? ["audio"] : []),
    ...(hasLed || hasButton ? ["gpio"] : []),
    ...(ledBackend === "apa102" ? ["spi"] : []),
    ...(hasCamera ? ["video"] : []),
  ];
}

/** The root, and where the metrics go, if that is another disk. */
async function disks({ settings, unit }: Context) {
  const root = diskFacts("/", false);
  if (settings === null) return [root];
  const dir = settings["metrics.dir"];
  const start = propertyOf(await unit(), "WorkingDirectory");
  const path = pathFrom(start, dir);
  // A folder of another user's says nothing about what that user may do.
  const { exists } = accountOf(SERVICE_USER);
  const metrics = diskFacts(path, !exists && process.getuid?.() !== 0);
  const isSame = isSameDisk("/", path) || isSameDisk("/", folderOf(path));
  const isFine = metrics.freeBytes !== null && !metrics.isReadOnly && metrics.isWritable !== false;
  return isSame && isFine ? [{ ...root, path: "/" }] : [root, metrics];
}
