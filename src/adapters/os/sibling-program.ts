/** A program of ours for a child process or a thread. */

/** The program beside the caller, compiled or not as the caller is. */
export function siblingProgram(callerUrl: string, name: string): URL {
  return new URL(`./${name}${callerUrl.endsWith(".ts") ? ".ts" : ".js"}`, callerUrl);
}
