/** The worked examples of config/examples: each is a sound configuration, and the script does its work. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseYaml } from "../../../src/adapters/config/yaml.ts";
import { OutsideHost } from "../../../src/adapters/functions/host.ts";
import { schemaTrouble } from "../../../src/adapters/functions/schema-check.ts";
import { SystemClock } from "../../../src/adapters/os/clock.ts";
import { projectRoot } from "../../../src/adapters/os/project-root.ts";
import { LocalPrograms } from "../../../src/adapters/programs/local-programs.ts";
import { type CustomFunction, customFunctions } from "../../../src/core/functions/custom.ts";
import { validate } from "../../../src/core/settings/validate.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const FOLDER = join(projectRoot(), "config", "examples");

function functionsOf(name: string): readonly CustomFunction[] {
  const { document, problems } = parseYaml(readFileSync(join(FOLDER, name), "utf8"));
  assert.deepEqual(problems, []);
  const checked = validate(document?.tree, { env: { OPENAI_API_KEY: "k" } });
  assert.ok(checked.ok, JSON.stringify(checked));
  return customFunctions(checked.settings["tools.custom"]).functions;
}

/** Examples that are not about functions. */
const OTHERS = [
  "mqtt.yaml",
  "camera.yaml",
  "respeaker.yaml",
  "home-assistant.yaml",
  "mcp-servers.yaml",
];

test("each example is a sound configuration with functions that can be offered", async () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));
  assert.equal(names.length, 4 + OTHERS.length);
  for (const name of names) {
    const functions = functionsOf(name);
    assert.equal(functions.length > 0, !OTHERS.includes(name), name);
    for (const { row } of functions) assert.equal(await schemaTrouble(row.parameters), null, name);
  }
});

test("the shopping list: added once, listed, removed, and whatever is said is only text", async (t) => {
  const [list] = functionsOf("shopping-list.yaml");
  assert.ok(list?.run.kind === "command");
  const [, , ...words] = list.run.argv;
  const script = join(FOLDER, "shopping-list.sh");
  const argv = [script, join(tempFolder(t), "list.txt"), ...words];
  const own = { ...list, run: { ...list.run, argv } };
  const host = new OutsideHost(
    new LocalPrograms({ clock: new SystemClock(), sandbox: () => "none" }),
  );
  const say = async (action: string, item = ""): Promise<string> =>
    JSON.stringify(await host.run(own, { action, item }, AbortSignal.timeout(9_000)));
  assert.match(await say("list"), /the list is empty/);
  assert.match(await say("add", "oat milk"), /the list:\\noat milk/);
  assert.match(await say("add", "Oat Milk"), /on the list already/);
  assert.match(await say("add", "$(id) ; * 'x'"), /oat milk\\n\$\(id\) ; \* 'x'/);
  assert.match(await say("remove", "OAT MILK"), /the list:\\n\$\(id\)/);
  assert.match(await say("remove", "bread"), /it is not on the list/);
  assert.match(await say("remove", "$(id) ; * 'x'"), /the list is empty/);
});
