/** The voices of the Realtime API, the newest last: the one list of them. */

export const ALL_VOICES = [
  "alloy",
  "ash",
  "ballad",
  "coral",
  "echo",
  "sage",
  "shimmer",
  "verse",
  "marin",
  "cedar",
] as const;

export type Voice = (typeof ALL_VOICES)[number];

/** The voices of the preview models; `marin` and `cedar` came with gpt-realtime. */
export const PREVIEW_VOICES: readonly Voice[] = ALL_VOICES.slice(0, 8);
