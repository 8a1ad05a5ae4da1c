/**
 * The manifest of a microWakeWord model: the JSON file beside it that says which word it knows, and
 * how sure it must be. Version 2 of type `micro`, as ESPHome and its community publish them.
 *
 * Invariant: foreign text is parsed once, here; a refusal is a sentence for the owner.
 */

export interface Manifest {
  /** The word as the model's author writes it: `Hey Jarvis`. */
  readonly word: string;
  /** Name of the model file, beside the manifest. */
  readonly modelFile: string;
  /** A word counts when the mean of the last probabilities is above this; above 0, below 1. */
  readonly cutoff: number;
  /** How many probabilities are averaged. */
  readonly window: number;
  readonly author: string;
  readonly languages: readonly string[];
}

export type ManifestReading =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly why: string };

/** A manifest has 400 bytes. */
export const MANIFEST_MAX_BYTES = 64_000;
/** The only distance of two slices that the front end makes. */
const STEP_MS = 10;
const WINDOW_DEFAULT = 5;
const WINDOW_MAX = 50;
const WORD_MAX_CHARS = 64;
const LANGUAGES_MAX = 20;
/** A file beside the manifest: no folder, nothing hidden. */
const PLAIN_FILE = /^[\w][\w .()+-]{0,120}\.tflite$/;

type Fields = ReadonlyMap<string, unknown>;

function fieldsOf(value: unknown): Fields {
  return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
}

/** Reads the text of a manifest. */
export function parseManifest(text: string): ManifestReading {
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch {
    return { ok: false, why: "it is no JSON" };
  }
  const root = fieldsOf(tree);
  const micro = fieldsOf(root.get("micro"));
  const why = firstWrong(root, micro);
  if (why !== null) return { ok: false, why };
  const languages = root.get("trained_languages");
  return {
    ok: true,
    manifest: {
      word: textOf(root.get("wake_word")).trim(),
      modelFile: textOf(root.get("model")),
      cutoff: Number(micro.get("probability_cutoff")),
      window: Number(micro.get("sliding_window_size") ?? WINDOW_DEFAULT),
      author: textOf(root.get("author")),
      languages: (Array.isArray(languages) ? languages : []).slice(0, LANGUAGES_MAX).map(textOf),
    },
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function firstWrong(root: Fields, micro: Fields): string | null {
  const [type, version] = [root.get("type"), root.get("version")];
  if (type !== "micro") return "its type is not micro";
  if (version !== 2) {
    return version === 1
      ? "it is of version 1, whose models hear half as well; look for version 2 of the same word"
      : "its version is not 2";
  }
  const word = textOf(root.get("wake_word")).trim();
  if (word === "" || word.length > WORD_MAX_CHARS || /\p{Cc}/u.test(word)) {
    return "wake_word is not a word";
  }
  if (!PLAIN_FILE.test(textOf(root.get("model")))) {
    return "model is not the name of a .tflite file beside it";
  }
  const cutoff = micro.get("probability_cutoff");
  if (typeof cutoff !== "number" || !(cutoff > 0 && cutoff < 1)) {
    return "micro.probability_cutoff is not between 0 and 1";
  }
  const window = micro.get("sliding_window_size") ?? WINDOW_DEFAULT;
  if (
    typeof window !== "number" ||
    !Number.isInteger(window) ||
    window < 1 ||
    window > WINDOW_MAX
  ) {
    return `micro.sliding_window_size is not a whole number from 1 to ${WINDOW_MAX}`;
  }
  const step = micro.get("feature_step_size");
  return step === STEP_MS ? null : `micro.feature_step_size is not ${STEP_MS}`;
}
