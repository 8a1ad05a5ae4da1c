/** `pipit devices`: the microphones and loudspeakers there are, and the line to paste for each. */

import { listSound } from "../../adapters/alsa/devices.ts";
import { listingData, listingText } from "../../core/alsa/listing.ts";
import { type CommandSpec, EXIT_FINE, readCommandLine } from "../args.ts";

export const SPEC: CommandSpec = {
  name: "devices",
  summary: "lists microphones and loudspeakers, by stable names",
  json: true,
};

/** Exit code 0, also where there is no sound card: that is an answer. */
export async function devices(argv: readonly string[]): Promise<number> {
  const line = readCommandLine(SPEC, argv);
  if (typeof line === "number") return line;
  const listing = await listSound();
  const text = line.json
    ? `${JSON.stringify(listingData(listing), null, 2)}\n`
    : listingText(listing);
  process.stdout.write(text);
  return EXIT_FINE;
}
