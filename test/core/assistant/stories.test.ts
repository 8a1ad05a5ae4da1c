/** The machines of the assistant, told as stories: events in, state and what is sent out. */

import { test } from "node:test";
import { STORIES } from "../../helpers/assistant-stories.ts";

for (const [name, play] of STORIES) test(name, play);
