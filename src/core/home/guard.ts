/**
 * What the user is asked about first: calls that may move a lock, a door, an alarm. The tools do not
 * tell, for one tool turns on a lamp and locks a door: it is the devices which a call may mean.
 *
 * Invariant: in doubt, it is asked.
 */

import { type Fields, text } from "../json.ts";
import type { Entity } from "./entities.ts";

/** Tools that move nothing. */
const HARMLESS_TOOL =
  /(?:^|[_.])(?:GetLiveContext|GetDateTime|todo_\w+|calendar_\w+|HassList\w+|HassMedia\w+|HassSetVolume\w*|HassBroadcast|HassLightSet|HassClimate\w+)$/;
/** Whatever such a device is called, it opens nothing. */
const HARMLESS_DOMAINS = [
  "light",
  "media_player",
  "sensor",
  "binary_sensor",
  "climate",
  "fan",
  "weather",
  "todo",
  "calendar",
  "camera",
  "person",
];

/** What is done to such a thing, as scripts are called. */
const RELATED: Readonly<Record<string, readonly string[]>> = {
  lock: ["unlock"],
  alarm: ["arm", "disarm"],
};

/** `words`: kinds of devices, or names of devices or tools, as `home_assistant.confirm` has them. */
export function mustConfirm(
  words: readonly string[],
  entities: readonly Entity[],
  tool: string,
  args: Fields,
): boolean {
  if (words.length === 0) return false;
  // A script by that name, or a tool that is named.
  if (hasWord(tool, words)) return true;
  if (HARMLESS_TOOL.test(tool)) return false;
  const named = [...textsOf(args, "domain"), ...textsOf(args, "device_class")];
  if (named.some((kind) => hasWord(kind, words))) return true;
  if (saysOne(words, entities, text(args, "text"))) return true;
  const meant = entities.filter((entity) => mayBeMeant(entity, args));
  const name = text(args, "name");
  // A name that is not known: it is all there is to go by.
  if (name !== null && meant.length === 0) return hasWord(name, words);
  const isAnywhere = name !== null || args["area"] !== undefined || args["floor"] !== undefined;
  return isAnywhere && meant.some((entity) => isGuarded(entity, words));
}

export function isGuarded(entity: Entity, words: readonly string[]): boolean {
  const { domain, deviceClass, names } = entity;
  if (hasWord(domain, words) || hasWord(deviceClass, words)) return true;
  if (names.some((name) => words.some((word) => fold(word) === fold(name)))) return true;
  return !HARMLESS_DOMAINS.includes(domain) && names.some((name) => hasWord(name, words));
}

/** A whole sentence for Home Assistant: it may mean whatever it names. */
function saysOne(words: readonly string[], entities: readonly Entity[], said: string | null) {
  if (said === null) return false;
  if (hasWord(said, words)) return true;
  const guarded = entities.filter((entity) => isGuarded(entity, words));
  return guarded.some(({ names }) => names.some((name) => fold(said).includes(fold(name))));
}

function mayBeMeant({ names, domain, areas }: Entity, args: Fields): boolean {
  const name = text(args, "name");
  if (name !== null && !names.some((own) => fold(own) === fold(name))) return false;
  const domains = textsOf(args, "domain");
  if (domains.length > 0 && !domains.includes(domain)) return false;
  const area = text(args, "area");
  return area === null || areas.length === 0 || areas.some((own) => fold(own) === fold(area));
}

/** One of the words stands in it by itself; `lock` is in `front_lock` and in `unlock_door`. */
function hasWord(value: string, words: readonly string[]): boolean {
  const parts = value
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  return words.some((word) => {
    const wanted = fold(word);
    if (fold(value) === wanted) return true;
    return parts.some((part) => part === wanted || relatedTo(wanted).includes(part));
  });
}

/** The owner's word may be one that every object has as a property. */
function relatedTo(word: string): readonly string[] {
  return Object.hasOwn(RELATED, word) ? (RELATED[word] ?? []) : [];
}

function textsOf(args: Fields, key: string): readonly string[] {
  const value = args[key];
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function fold(value: string): string {
  return value.trim().toLowerCase();
}
