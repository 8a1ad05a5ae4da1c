/** What a card's mixer says of its capture level, from the words of `amixer scontents`. */

export interface CaptureControl {
  /** As amixer takes it: `Mic`. */
  readonly name: string;
  readonly percent: number;
}

/** The controls of a capture level, in the order of the card; none where it has none. */
export function parseCaptureControls(text: string): readonly CaptureControl[] {
  return text.split(/^(?=Simple mixer control )/m).flatMap((part) => {
    const name = /^Simple mixer control '([^']{1,64})'/.exec(part)?.[1];
    const hasLevel = /^ *Capabilities:.*\b(?:c?volume)\b/m.test(part);
    const percent = /\bCapture \d+ \[(\d{1,3})%\]/.exec(part)?.[1];
    if (name === undefined || !hasLevel || percent === undefined) return [];
    return [{ name, percent: Number(percent) }];
  });
}

/** A card's capture level as far as it is known: `unknown` where amixer could not be asked. */
export type CaptureLevel =
  | { readonly tag: "unknown" }
  | { readonly tag: "none" }
  | { readonly tag: "control"; readonly card: string; readonly control: CaptureControl };

const STORE = "then `sudo alsactl store`";
const NEARER =
  "come nearer or move the microphone; for the wake word Pipit amplifies by up to 20 dB itself";

/** What the owner of this very card can do about a voice that is too quiet. */
export function tooQuietRemedy(level: CaptureLevel): string {
  switch (level.tag) {
    case "unknown":
      return `Raise the capture level: \`alsamixer\` (F6 chooses the card, F4 the capture), ${STORE}`;
    case "none":
      return `This microphone has no capture level that could be raised: ${NEARER}`;
    case "control": {
      const { card, control } = level;
      const { name, percent } = control;
      if (percent >= 100) return `Its capture level is at 100 % already: ${NEARER}`;
      const command = `amixer -c ${card} sset '${name}' 100%`;
      return `Raise the capture level, which is at ${percent} %: \`${command}\`, ${STORE}`;
    }
  }
}
