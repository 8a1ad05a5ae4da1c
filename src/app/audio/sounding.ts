/** What the microphone has heard last: how long sound may wait goes by it. */

import type { Sounding } from "../../core/assistant/views.ts";
import type { Echo } from "./echo.ts";
import type { WakePath } from "./wake-path.ts";

/** `wake`: null where no word is listened for; `echo`: null where no echo is taken out. */
export function soundingOf(wake: WakePath | null, echo: Echo | null): Sounding {
  return {
    isLoud: wake?.gateOpen === true,
    isMidWord: wake?.isMidWord === true,
    isAnswerAlone: echo?.path.isAnswerAlone === true,
  };
}
