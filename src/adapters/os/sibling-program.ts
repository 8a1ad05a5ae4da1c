/** A program of ours for a child process. */

/** The program beside the caller, compiled (to a file of this ending) or not as the caller is. */
export function siblingProgram(callerUrl: string, name: string, ending = ".js"): URL {
  return new URL(`./${name}${callerUrl.endsWith(".ts") ? ".ts" : ending}`, callerUrl);
}
