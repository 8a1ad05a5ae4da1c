/** A way to a server of tools: messages out, messages in. Each transport is one; client.ts talks over it. */

import type { Message } from "../../core/mcp/messages.ts";
import type { Trouble } from "../../core/mcp/trouble.ts";

/**
 * One message at most. Longer ones are not kept: the call fails, the connection lives on. A result is
 * cut at some kilobytes anyway.
 */
export const MESSAGE_MAX_BYTES = 1_048_576;

export interface ChannelSink {
  message(value: unknown): void;
  /** This request gets no answer. */
  failed(id: number, why: Trouble): void;
  /** The end, said at most once; nothing follows it. */
  closed(why: Trouble): void;
}

export interface Channel {
  /** Null: messages may be sent. Ends with the signal. */
  open(sink: ChannelSink, signal: AbortSignal): Promise<Trouble | null>;
  send(message: Message): void;
  /** Nobody waits for this request any more. */
  drop(id: number): void;
  /** The version that was agreed upon: HTTP says it with each request. */
  speak(version: string): void;
  /** The last that was written to standard error; empty where there is none. */
  readonly lastWords: string;
  /** In bounded time; may be called twice. */
  close(): Promise<void>;
}
