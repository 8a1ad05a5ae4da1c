/**
 * Why ALSA could not open a device. Its own words seldom hold the cause: without the right to open a
 * card it says that there is none, and so it does behind a sound server, a broken asound.conf, or a
 * HAT that was taken off. What the kernel and the files say is looked at, too.
 *
 * Invariant: a cause is given only where something besides a general text bears it out.
 */

import {
  type Card,
  cardNamed,
  findCard,
  plugName,
  type Role,
  stableName,
  takesNoPcm,
} from "./cards.ts";

/** What is known of the machine at the moment of the failure. */
export interface SoundFacts {
  readonly cards: readonly Card[];
  /** A device node of a card that this user may not open; null: all can be, or there are none. */
  readonly closed: ClosedNode | null;
  /** ALSA's own configuration files that are there: /etc/asound.conf, ~/.asoundrc. */
  readonly files: readonly string[];
}

export interface ClosedNode {
  readonly path: string;
  /** The group whose members may open it; empty: no group may. Nobody is to join `root`. */
  readonly group: string;
  /** The user is in that group, and this process is not: it was started before. */
  readonly isMember: boolean;
  readonly user: string;
}

export interface Cause {
  readonly what: string;
  readonly remedy: string;
}

/**
 * A file that ALSA rejects: `/etc/asound.conf may be old or corrupted`. Where alsa.conf loads
 * it, `config_file_open` says so; where $ALSA_CONFIG_PATH names it, `snd_config_update_r` does.
 */
const BROKEN_FILE = /\((?:config_file_open|snd_config_update_r)\) (\S+) may be old or corrupted/;
const BROKEN_AT = /\(_snd_config_load_with_include\) (?:_toplevel_)?:(\d+):/;
const NO_TYPE = /\(snd_pcm_open_conf\) (type is not defined|Unknown field \S+)/;
/** A card that something names: `Cannot get card index for Gone`, `Unknown card "x"`. */
const NAMED_CARD =
  /Cannot get card index for ([^\s"]+)|Invalid value for card|cannot find card '([^']+)'/;
const SERVER =
  /Host is down|Connection refused|PulseAudio|PipeWire|Unable to create stream|pa_context/i;
const NO_PCM_FORMAT = /IEC958_SUBFRAME/;
const NO_SCREEN = /Unknown error 524|ENOTSUPP/;
const SHARED = /unable to create IPC|IPC (?:semaphore|shm)|shmget|semget|snd_pcm_direct/i;

/** Null: the text has to do. */
export function soundCause(
  said: string,
  { device, role, key }: { readonly device: string; readonly role: Role; readonly key: string },
  facts: SoundFacts,
): Cause | null {
  return (
    hdmiCause(said, device, role, key, facts) ??
    fileCause(said, facts) ??
    sharedCause(said) ??
    permissionCause(said, facts) ??
    serverCause(said, role, key, facts) ??
    goneCardCause(said, device, facts) ??
    definitionCause(said, role, facts) ??
    unknownNameCause(said, device, key, facts)
  );
}

function hdmiCause(
  said: string,
  device: string,
  role: Role,
  key: string,
  { cards }: SoundFacts,
): Cause | null {
  if (NO_SCREEN.test(said)) {
    const what = "is an HDMI socket without a screen";
    return {
      what,
      remedy:
        "Connect the screen and switch it on, or choose another loudspeaker with `pipit devices`",
    };
  }
  if (!NO_PCM_FORMAT.test(said)) return null;
  const found = findCard(device, role, cards);
  const card = found.tag === "card" ? found.card : cardNamed(device, cards);
  const one = card ?? cards.find(takesNoPcm) ?? null;
  const name =
    one === null ? "sysdefault:CARD=vc4hdmi0" : plugName({ ...one, driver: "vc4-hdmi" }, role);
  return { what: "is HDMI, which this name cannot play to", remedy: `Set ${key}: ${name}` };
}

function fileCause(said: string, { files }: SoundFacts): Cause | null {
  const [, named] = BROKEN_FILE.exec(said) ?? [];
  const broken = named ?? (NO_TYPE.test(said) ? files[0] : undefined);
  if (broken === undefined) return null;
  const line = BROKEN_AT.exec(said)?.[1];
  const why = line === undefined ? (NO_TYPE.exec(said)?.[1] ?? "") : `at line ${line}`;
  const where = why === "" ? "" : ` (${why})`;
  const what = `cannot be opened: ALSA does not understand ${broken}${where}`;
  return { what, remedy: `Repair that file, or move it away: sudo mv ${broken} ${broken}.off` };
}

function sharedCause(said: string): Cause | null {
  if (!SHARED.test(said)) return null;
  const what = "is shared by another program in a way that excludes Pipit (dmix, dsnoop)";
  const remedy =
    "Find it with `fuser -v /dev/snd/*`; it must run with the group audio, or start after Pipit";
  return { what, remedy };
}

function permissionCause(said: string, { closed }: SoundFacts): Cause | null {
  if (closed === null) return null;
  if (!/Permission denied|No such|Cannot get card|cannot find card|Unknown PCM/.test(said))
    return null;
  const { path, group, isMember, user } = closed;
  const what = `cannot be opened: no permission for ${path}`;
  if (group === "" || group === "root")
    return { what, remedy: `Only root may open it: ls -l ${path}` };
  const remedy = isMember
    ? `${user} is in the group ${group}, but not yet in this session: log in again, or restart the service`
    : `Run: sudo usermod -aG ${group} ${user}; then log in again, or restart the service`;
  return { what, remedy };
}

function serverCause(said: string, role: Role, key: string, { cards }: SoundFacts): Cause | null {
  if (!SERVER.test(said)) return null;
  const what = "uses a sound server (PipeWire or PulseAudio) that does not answer";
  const card = likeliestCard(role, cards);
  const remedy =
    card === null
      ? `set ${key} to a device of \`sudo pipit devices\``
      : `set ${key}: ${stableName(card, role, cards)}, or another device of \`sudo pipit devices\``;
  return { what, remedy: `A service has no session and cannot reach it: ${remedy}` };
}

/** What was plugged in before what is soldered on, and HDMI last: few screens are loudspeakers. */
function likeliestCard(role: Role, cards: readonly Card[]): Card | null {
  const able = cards.filter((card) => card[role].length > 0);
  return (
    able.find(({ usbPort }) => usbPort !== null) ??
    able.find((card) => !takesNoPcm(card)) ??
    able[0] ??
    null
  );
}

/** The owner's ALSA file still speaks of a card that was taken off. */
function goneCardCause(said: string, device: string, { cards, files }: SoundFacts): Cause | null {
  const [, byIndex, byName] = NAMED_CARD.exec(said) ?? [];
  const name = byIndex ?? byName;
  const [file] = files;
  if (name === undefined || file === undefined || device.includes(name)) return null;
  // ALSA's own names speak of card 0, too: without any card no file is to blame.
  if (byIndex === undefined && cards.length === 0) return null;
  if (cards.some(({ id, index }) => id === name || String(index) === name)) return null;
  const what = `refers to the card "${name}", which does not exist (see ${file})`;
  return { what, remedy: `Repair that file, or move it away: sudo mv ${file} ${file}.off` };
}

const ONE_WAY = /\(_snd_pcm_asym_open\) (?:capture|playback) slave is not defined/;
const LOOPED = /definition levels \(looped\?\)/;

/** The device is one of the owner's ALSA file, and cannot be what it is wanted for. */
function definitionCause(said: string, role: Role, { files }: SoundFacts): Cause | null {
  const where = files[0] === undefined ? "" : ` (see ${files[0]})`;
  const remedy = "List the devices with `pipit devices`, or complete its definition";
  if (ONE_WAY.test(said)) {
    const isFor = role === "capture" ? "playing, not for recording" : "recording, not for playing";
    return { what: `is only for ${isFor}${where}`, remedy };
  }
  return LOOPED.test(said) ? { what: `is defined by itself${where}`, remedy } : null;
}

const UNKNOWN_PCM = /\(snd_pcm_open_noupdate\) Unknown PCM (\S+)/;
/** Names that packages bring, and which. */
const BRINGS: readonly (readonly [string, string])[] = [
  ["bluealsa", "libasound2-plugin-bluez"],
  ["pipewire", "pipewire-alsa"],
  ["pulse", "libasound2-plugins"],
  ["jack", "libasound2-plugins"],
];

/** No card is missing, but a definition: of the name itself, or of what the owner's file leads it to. */
function unknownNameCause(
  said: string,
  device: string,
  key: string,
  { files }: SoundFacts,
): Cause | null {
  const name = UNKNOWN_PCM.exec(said)?.[1];
  if (name === undefined || /[Cc]annot (?:find|get) card/.test(said)) return null;
  const [file] = files;
  if (name !== device && !device.startsWith(`${name}:`)) {
    if (file === undefined) return null;
    return {
      what: `leads to "${name}", which ALSA does not know (see ${file})`,
      remedy: "Repair that file, or choose another device with `pipit devices`",
    };
  }
  const wanted = BRINGS.find(([start]) => name.startsWith(start))?.[1];
  const choose = `set ${key} to a device of \`pipit devices\``;
  const remedy =
    wanted === undefined
      ? `S${choose.slice(1)}`
      : `Install it: sudo apt-get install ${wanted}; or ${choose}`;
  return { what: "is a name that ALSA does not know", remedy };
}
