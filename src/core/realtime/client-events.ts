/** What we can say to the Realtime server, in our own words; `encode.ts` puts it into the wire's. */

import type { SessionConfig } from "./session.ts";

/** The dialects: what is spoken today, and what servers spoke before 2026-05-12. */
export type Protocol = "ga" | "beta";

export type ClientEvent =
  | { readonly tag: "update-session"; readonly session: SessionConfig }
  /** Only how turns are found and who responds: a voice may not be sent again once it has spoken. */
  | { readonly tag: "update-turns"; readonly session: SessionConfig }
  | { readonly tag: "clear-input" }
  /** Push-to-talk: what was sent is a turn. */
  | { readonly tag: "commit-input" }
  | { readonly tag: "create-response" }
  /** Without an id: whatever response is in progress. */
  | { readonly tag: "cancel-response"; readonly responseId: string | null }
  /** The model forgets what lies after `audioEndMs` (whole ms, at most what it sent). */
  | {
      readonly tag: "truncate";
      readonly itemId: string;
      readonly contentIndex: number;
      readonly audioEndMs: number;
    }
  | { readonly tag: "delete-item"; readonly itemId: string }
  | { readonly tag: "tool-output"; readonly callId: string; readonly output: string }
  /** Whether the API may call a tool of a remote server. `reason` tells the model why not. */
  | {
      readonly tag: "answer-approval";
      readonly requestId: string;
      readonly approve: boolean;
      readonly reason: string;
    }
  /** The user shows it something: `jpeg` in base64. The item is named, so that it can be deleted. */
  | { readonly tag: "show-picture"; readonly itemId: string; readonly jpeg: string }
  /** What was said on an earlier connection of this conversation. */
  | {
      readonly tag: "add-message";
      readonly role: "assistant" | "user";
      readonly text: string;
    };
