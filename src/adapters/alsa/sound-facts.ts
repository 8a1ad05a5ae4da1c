/** What the kernel and ALSA's files say at the moment a device could not be opened. Never throws. */

import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import type { ClosedNode, SoundFacts } from "../../core/alsa/cause.ts";
import { CARD_FOLDERS, type CardFolders, readCards } from "./card-finder.ts";

const GROUP_FILE = "/etc/group";
/** The group's rights to read and write. */
const GROUP_RW = 0o060;

export function soundFacts(folders: CardFolders = CARD_FOLDERS): SoundFacts {
  const own = process.env["ALSA_CONFIG_PATH"] ?? "";
  const files = [own, "/etc/asound.conf", join(homeOf(), ".asoundrc")];
  return {
    cards: readCards(folders),
    closed: closedNode(folders.dev),
    files: files.filter((path) => path !== "" && existsSync(path)),
  };
}

function homeOf(): string {
  try {
    return homedir();
  } catch {
    return "/"; // a user without an entry in the password file
  }
}

function closedNode(folder: string): ClosedNode | null {
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => /^(control|pcm)C\d/.test(name));
  } catch {
    return null; // no sound at all
  }
  const path = names.map((name) => join(folder, name)).find((one) => !isOpen(one));
  return path === undefined ? null : aboutNode(path);
}

function isOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function aboutNode(path: string): ClosedNode | null {
  try {
    const { gid, mode } = statSync(path);
    const lines = readFileSync(GROUP_FILE, "utf8")
      .split("\n")
      .map((line) => line.split(":"));
    const [group = "", , , members = ""] = lines.find((line) => Number(line[2]) === gid) ?? [];
    const user = userName();
    const isMember = members.split(",").includes(user);
    return { path, group: (mode & GROUP_RW) === GROUP_RW ? group : "", isMember, user };
  } catch {
    return null; // gone meanwhile
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 0}`; // a user without an entry
  }
}
