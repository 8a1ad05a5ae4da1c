/** What the unit's hardening hides is said where the owner checks the file, not met at night. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../../src/adapters/os/project-root.ts";
import { hiddenPaths } from "../../../src/core/settings/hidden-paths.ts";
import { DEFAULTS } from "../../../src/core/settings/table.ts";

test("paths in the homes and in the temporary folders are named; all others are not", () => {
  const found = hiddenPaths({
    ...DEFAULTS,
    "audio.wake_sound": "file:/home/anna/pling.wav",
    "wake_word.model_path": ["/root/stop.json", "/var/lib/pipit/hey.json"],
    "metrics.dir": "/homes/metrics",
    "system.control_socket": "/tmp/pipit.sock",
  });
  assert.deepEqual(
    found.map(({ key }) => key),
    ["audio.wake_sound", "wake_word.model_path", "system.control_socket"],
  );
  assert.match(
    found[0]?.message ?? "",
    /^\/home\/anna\/pling\.wav: \/home is hidden .*ProtectHome=/,
  );
  assert.match(
    found[2]?.message ?? "",
    /a \/tmp of its own, which nobody else sees \(PrivateTmp=\)/,
  );
  assert.deepEqual(hiddenPaths(DEFAULTS), []);
});

test("the unit does hide them", () => {
  const unit = readFileSync(join(projectRoot(), "systemd/pipit.service"), "utf8");
  assert.match(unit, /^ProtectHome=yes$/m);
  assert.match(unit, /^PrivateTmp=yes$/m);
});
