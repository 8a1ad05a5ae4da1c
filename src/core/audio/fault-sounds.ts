/** Which sound tells of which fault. The recordings are spoken WAVs, made at build time. */

import type { FaultCode } from "../fault.ts";

/** Names of the sentences about faults; their words are in sentences.ts. */
export const FAULT_SOUNDS = [
  "no-network",
  "bad-key",
  "no-credit",
  "busy",
  "model-retired",
  "no-microphone",
  "budget-near",
  "budget-spent",
  "error",
] as const;

export type FaultSound = (typeof FAULT_SOUNDS)[number];

export function soundOf(code: FaultCode): FaultSound {
  switch (code) {
    case "network":
      return "no-network";
    case "key-rejected":
      return "bad-key";
    case "no-credit":
      return "no-credit";
    case "server":
    case "timeout":
    case "rate-limited":
      return "busy";
    case "model-unavailable":
      return "model-retired";
    case "budget-near":
      return "budget-near";
    case "budget":
      return "budget-spent";
    case "microphone-missing":
    case "microphone-lost":
      return "no-microphone";
    case "speaker-missing":
    case "speaker-lost":
    case "wake-word-failed":
    case "protocol":
    case "unheard":
    case "gpio":
    case "power":
    case "metrics-lost":
    case "metrics-disk":
    case "not-stored":
    case "tool-server":
    case "speech":
    case "broker":
    case "camera":
    case "config":
      return "error";
  }
}
