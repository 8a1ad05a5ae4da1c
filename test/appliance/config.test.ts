/** A wrong configuration, at the start and while it runs: all of it is told, and nothing else suffers. */

import assert from "node:assert/strict";
import type { Machine } from "./machine.ts";
import { onMachine } from "./promise.ts";

const CONFIG = "/etc/pipit/config.yaml";
/** Two things wrong, of which none may be kept back. */
const WRONG = "audio:\n  volume: 7\nsesion:\n  max_turns: 3\n";
const PROBLEMS = [/config\.yaml:2:11 audio\.volume: /, /config\.yaml:3:1 sesion: .*session/];
/** Long enough for several restarts, were there any. */
const NOISE_S = 45;

function assertAllReported(said: readonly string[]): void {
  for (const problem of PROBLEMS) {
    const reported = said.filter((line) => problem.test(line));
    assert.equal(reported.length, 1, `${problem} once in:\n${said.join("\n")}`);
  }
}

async function goodConfig(machine: Machine): Promise<string> {
  await machine.restart();
  return await machine.run(`cat ${CONFIG}`);
}

onMachine("the configuration", (they) => {
  they.holds(
    "wrong at the start: reported at once and once, back when corrected",
    900,
    async (m, note) => {
      const good = await goodConfig(m);
      await m.run("systemctl stop pipit", 180_000);
      const mark = await m.mark();
      await m.write(CONFIG, WRONG);
      const { code } = await m.attempt("systemctl start pipit", 400_000);
      assert.notEqual(code, 0);
      assert.equal(await m.property("ExecMainStatus"), "2");
      assert.equal(await m.property("Result"), "exit-code");
      await m.run(`sleep ${NOISE_S}`);
      assertAllReported(await m.daemonSaidSince(mark));
      assert.equal(await m.property("ActiveState"), "failed");
      await m.write(CONFIG, good);
      await m.untilActive(400);
      note("started again by itself when the file was mended");
    },
  );

  they.holds("wrong while it runs: the previous one stays in force", 900, async (m, note) => {
    const good = await goodConfig(m);
    const pid = await m.property("MainPID");
    const mark = await m.mark();
    await m.write(CONFIG, WRONG); // Saving is enough.
    await m.says(mark, "the previous one stays in force");
    assertAllReported(await m.daemonSaidSince(mark));
    assert.equal((await m.status())["state"], "idle");
    const mended = await m.mark();
    await m.write(CONFIG, good.replace('"audio": {', '"audio": { "volume": 0.5,'));
    await m.says(mended, "Configuration reloaded: ");
    note((await m.daemonSaidSince(mended)).join(" | "));
    const asked = await m.mark();
    await m.write(CONFIG, good);
    await m.run("systemctl reload pipit");
    await m.says(asked, "Configuration reloaded: ");
    assert.equal(await m.property("MainPID"), pid);
  });
});
