/**
 * What the daemon and a wake-word engine say to each other, both directions, parsed at the border,
 * which may be that of a process; and the engine's side of the conversation.
 *
 * Invariant: an engine host answers `start` with exactly one `ready` or `failed`, and every `ask` after
 * `ready` with one `taken` for all frames until then, preceded by `detected` for each keyword that was
 * completed in them; nothing follows `failed`. It is the messages that cost, not the sound in them.
 */

import { WAKE_FRAME_SAMPLES } from "../../core/audio/downsampler.ts";
import {
  type Fault,
  type FaultCode,
  FaultError,
  fault,
  type Recovery,
  thrownText,
} from "../../core/fault.ts";
import type { WakeWord } from "../../core/wake/plan.ts";

/** What an engine needs to open. Empty text: not given. */
export interface WakeSetup {
  readonly words: readonly WakeWord[];
  readonly accessKey: string;
  readonly modelPath: string;
}

export type HostRequest =
  | { readonly tag: "start"; readonly setup: WakeSetup }
  /** Looks for one of the words, or leaves it alone. */
  | { readonly tag: "listen-for"; readonly keyword: string; readonly on: boolean }
  /** One or more frames of 512 samples, and the end of each. */
  | { readonly tag: "frames"; readonly pcm: Int16Array; readonly endSamples: readonly number[] }
  /** How many frames were heard since this was asked last? */
  | { readonly tag: "ask" };

export type HostReply =
  | { readonly tag: "ready" }
  | { readonly tag: "taken"; readonly count: number }
  | { readonly tag: "detected"; readonly keyword: string; readonly endSample: number }
  | { readonly tag: "failed"; readonly fault: Fault };

/** An opened engine: returns the keyword that ends in this frame of 512 samples, or null. */
export interface Detector {
  process(frame: Int16Array): string | null;
  /** Looks for one of its words, or leaves it alone; where it cannot, it looks for all of them. */
  listenFor?(keyword: string, on: boolean): void;
}

const RECOVERIES: readonly Recovery[] = ["retry", "report"];
const CODES: readonly FaultCode[] = ["wake-word-failed", "config"];

function fields(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
}

/** Parses what came to the engine; null for what is no request. */
export function parseRequest(value: unknown): HostRequest | null {
  const map = fields(value);
  if (map.get("tag") === "start") {
    const setup = parseSetup(map.get("setup"));
    return setup === null ? null : { tag: "start", setup };
  }
  if (map.get("tag") === "ask") return { tag: "ask" };
  const [keyword, on] = [map.get("keyword"), map.get("on")];
  if (map.get("tag") === "listen-for") {
    if (typeof keyword !== "string" || typeof on !== "boolean") return null;
    return { tag: "listen-for", keyword, on };
  }
  const [pcm, ends] = [map.get("pcm"), map.get("endSamples")];
  if (map.get("tag") !== "frames" || !(pcm instanceof Int16Array)) return null;
  const endSamples = Array.isArray(ends) ? ends.filter((one) => typeof one === "number") : [];
  if (endSamples.length === 0 || pcm.length !== endSamples.length * WAKE_FRAME_SAMPLES) return null;
  return { tag: "frames", pcm, endSamples };
}

function parseSetup(value: unknown): WakeSetup | null {
  const map = fields(value);
  const words = map.get("words");
  const accessKey = map.get("accessKey");
  const modelPath = map.get("modelPath");
  if (!Array.isArray(words)) return null;
  if (typeof accessKey !== "string" || typeof modelPath !== "string") return null;
  return { words: words.flatMap(parseWord), accessKey, modelPath };
}

function parseWord(value: unknown): readonly WakeWord[] {
  const map = fields(value);
  const [keyword, manifest] = [map.get("keyword"), map.get("manifest")];
  const sensitivity = map.get("sensitivity");
  if (typeof keyword !== "string" || typeof manifest !== "string") return [];
  return typeof sensitivity === "number" ? [{ keyword, sensitivity, manifest }] : [];
}

/** Parses what came from the engine; null for what is no reply. */
export function parseReply(value: unknown): HostReply | null {
  const map = fields(value);
  const keyword = map.get("keyword");
  const endSample = map.get("endSample");
  switch (map.get("tag")) {
    case "ready":
      return { tag: "ready" };
    case "taken": {
      const count = map.get("count");
      return typeof count === "number" ? { tag: "taken", count } : null;
    }
    case "detected":
      if (typeof keyword !== "string" || typeof endSample !== "number") return null;
      return { tag: "detected", keyword, endSample };
    case "failed":
      return { tag: "failed", fault: parseFault(map.get("fault")) };
    default:
      return null;
  }
}

function parseFault(value: unknown): Fault {
  const map = fields(value);
  const code = CODES.find((known) => known === map.get("code")) ?? "wake-word-failed";
  const recovery = RECOVERIES.find((known) => known === map.get("recovery")) ?? "retry";
  const message = map.get("message");
  const remedy = map.get("remedy");
  return fault(
    code,
    recovery,
    typeof message === "string" ? message : "The wake-word engine failed",
    typeof remedy === "string" ? remedy : "",
  );
}

/** The engine's side, for requests of another process, which are parsed; what is none is passed over. */
export function serveWake(
  open: (setup: WakeSetup) => Detector,
  post: (reply: HostReply) => void,
): (message: unknown) => void {
  const take = takeRequests(open, post);
  return (message) => {
    const request = parseRequest(message);
    if (request !== null) take(request);
  };
}

/**
 * The engine's side: gives back the function that takes each request. `open` may throw a
 * FaultError; what else it or the engine throws becomes a fault to retry.
 */
export function takeRequests(
  open: (setup: WakeSetup) => Detector,
  post: (reply: HostReply) => void,
): (request: HostRequest) => void {
  let detector: Detector | null = null;
  let taken = 0;
  const fail = (thrown: unknown): void => {
    detector = null;
    const retry = fault("wake-word-failed", "retry", `Wake-word engine: ${thrownText(thrown)}`);
    post({ tag: "failed", fault: thrown instanceof FaultError ? thrown.fault : retry });
  };
  return (request) => {
    try {
      if (request.tag === "start") {
        detector = open(request.setup);
        post({ tag: "ready" });
      } else if (request.tag === "listen-for") {
        detector?.listenFor?.(request.keyword, request.on);
      } else if (request.tag === "ask") {
        if (detector === null) return;
        post({ tag: "taken", count: taken });
        taken = 0;
      } else if (detector !== null) {
        const { pcm, endSamples } = request;
        for (const [nth, endSample] of endSamples.entries()) {
          const from = nth * WAKE_FRAME_SAMPLES;
          const keyword = detector.process(pcm.subarray(from, from + WAKE_FRAME_SAMPLES));
          if (keyword !== null) post({ tag: "detected", keyword, endSample });
        }
        taken += endSamples.length;
      }
    } catch (thrown) {
      fail(thrown);
    }
  };
}
