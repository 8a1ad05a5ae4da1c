/** Which sound tells of which fault. The recordings are spoken WAVs, made at build time. */

import type { FaultCode } from "../fault.ts";

export const FAULT_SOUNDS = {
  "no-network": "I cannot reach the internet.",
  "bad-key": "The key of this device was refused.",
  "no-credit": "There is no credit left.",
  busy: "The service is busy. Please try again in a moment.",
  "model-retired": "No model answers any more. The settings need a new one.",
  "no-microphone": "I cannot hear the microphone.",
  "budget-near": "Most of today's budget is spent.",
  "budget-spent": "Today's budget is spent.",
  error: "Something went wrong. The journal says more.",
} as const;

export type FaultSound = keyof typeof FAULT_SOUNDS;

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
    case "gpio":
    case "power":
    case "metrics-lost":
    case "metrics-disk":
    case "not-stored":
    case "config":
      return "error";
  }
}
