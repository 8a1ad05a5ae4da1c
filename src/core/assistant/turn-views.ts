/** What others ask of a turn: its deadline, whether somebody speaks, what a commit is to it. */

import type { Turn } from "./state.ts";

export function turnDeadlineMs(own: Turn): number | null {
  switch (own.tag) {
    case "speech":
      return Math.min(own.untilMs, own.confirmAtMs ?? own.untilMs);
    case "closed":
    case "open":
    case "ended":
    case "held":
    case "released":
      return own.untilMs;
    case "committed":
      return null;
  }
}

/** What a commit of the server's is to this turn. */
export function commitKind(own: Turn, itemId: string): "question" | "empty" | "own" | "late" {
  if (own.empty.includes(itemId)) return "empty";
  if (own.pushToTalk || own.lastItem === itemId) return "own";
  return own.tag === "closed" ? "late" : "question";
}

/** Is the user speaking for sure? A cough that is not over yet is not. */
export function isSpeaking(own: Turn): boolean {
  return (
    own.tag === "held" ||
    (own.tag === "ended" && !own.empty.includes(own.itemId)) ||
    (own.tag === "speech" && own.confirmAtMs === null)
  );
}
