/**
 * Paths of the owner's that the service sees otherwise than the owner does: the unit hides the homes,
 * and gives the service temporary folders of its own.
 */

import type { SettingKey, Settings } from "./table.ts";

const FILE = "file:";
/** ProtectHome=yes. */
const HOMES = ["/home", "/root", "/run/user"];
/** PrivateTmp=yes. */
const TEMPORARY = ["/tmp", "/var/tmp"];
const PLACE =
  "use /var/lib/pipit (or /etc/pipit for what is only read), or see systemctl edit pipit";

export interface HiddenPath {
  readonly key: SettingKey;
  readonly message: string;
}

/** What the shipped unit keeps from the service, or the service's from everybody else. */
export function hiddenPaths(settings: Settings): readonly HiddenPath[] {
  return pathsOf(settings).flatMap(([key, path]): readonly HiddenPath[] => {
    const isBelow = (folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
    const home = HOMES.find(isBelow);
    if (home !== undefined) {
      return [
        { key, message: `${path}: ${home} is hidden from the service (ProtectHome=); ${PLACE}` },
      ];
    }
    const temporary = TEMPORARY.find(isBelow);
    if (temporary === undefined) return [];
    const advice =
      key === "system.control_socket" ? "remove the line; the default is in /run" : PLACE;
    const message = `${path}: the service has a ${temporary} of its own, which nobody else sees (PrivateTmp=); ${advice}`;
    return [{ key, message }];
  });
}

function pathsOf(settings: Settings): readonly (readonly [SettingKey, string])[] {
  const sounds = (["audio.input_device", "audio.output_device", "audio.wake_sound"] as const).map(
    (key) => [key, settings[key]] as const,
  );
  return [
    ...sounds
      .filter(([, value]) => value.startsWith(FILE))
      .map(([key, value]) => [key, value.slice(FILE.length)] as const),
    ...settings["wake_word.model_path"].map((path) => ["wake_word.model_path", path] as const),
    ...(["metrics.dir", "metrics.textfile", "system.control_socket", "mqtt.ca_file"] as const).map(
      (key) => [key, settings[key]] as const,
    ),
  ];
}
