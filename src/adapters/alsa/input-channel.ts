/** Which channel of a card is listened to, by what the kernel tells of the card. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cardNamed } from "../../core/alsa/cards.ts";
import { parseStream } from "../../core/alsa/formats.ts";
import {
  type ChannelChoice,
  channelChoice,
  type InputChannel,
  MONO,
} from "../../core/alsa/input-channel.ts";
import { CARD_FOLDERS, type CardFolders, readCards } from "./card-finder.ts";

/** `name`: as ALSA takes it. A name that is no card's is left to whoever made it. */
export function channelOf(
  name: string,
  wanted: InputChannel,
  folders: CardFolders = CARD_FOLDERS,
): ChannelChoice {
  const card = cardNamed(name, readCards(folders));
  if (card === null) return wanted === "auto" ? MONO : { count: wanted, index: wanted - 1 };
  const text = streamText(join(folders.proc, `card${card.index}`, "stream0"));
  return channelChoice(wanted, `${card.name} ${card.longName}`, parseStream(text, "capture"));
}

/** Empty for cards that are no USB devices: the kernel tells nothing of theirs. */
function streamText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
