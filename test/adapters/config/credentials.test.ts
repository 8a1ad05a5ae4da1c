/** Keys from files: systemd's folder, root's folder, and what may not be read by others. */

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  CREDENTIAL_MAX_BYTES,
  exposedSecrets,
  hideSecrets,
  withCredentials,
} from "../../../src/adapters/config/credentials.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

test("a credential that is not empty wins over the variable, without its newline", (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, "OPENAI_API_KEY"), "sk-from-file\r\n");
  writeFileSync(join(folder, "PICOVOICE_ACCESS_KEY"), "\n"); // the unit's default
  writeFileSync(join(folder, "not-a-variable"), "x");
  writeFileSync(join(folder, "HUGE"), "x".repeat(CREDENTIAL_MAX_BYTES + 1));
  mkdirSync(join(folder, "FOLDER"));
  symlinkSync("/nowhere", join(folder, "BROKEN"));
  const env = {
    CREDENTIALS_DIRECTORY: folder,
    OPENAI_API_KEY: "sk-from-env",
    PICOVOICE_ACCESS_KEY: "from-env",
  };
  assert.deepEqual(withCredentials(env), { ...env, OPENAI_API_KEY: "sk-from-file" });
});

test("outside the unit, the owner's folder is taken where it can be read", (t) => {
  const folder = tempFolder(t);
  const places = { folder, environmentFile: join(folder, "none") };
  assert.deepEqual(withCredentials({ A: "1" }, places), { A: "1" });
  writeFileSync(join(folder, "OPENAI_API_KEY"), "sk-file");
  assert.deepEqual(withCredentials({ A: "1" }, places), { A: "1", OPENAI_API_KEY: "sk-file" });
  const gone = { folder: join(folder, "gone"), environmentFile: "" };
  assert.deepEqual(withCredentials({ A: "1" }, gone), { A: "1" });
});

test("a file that others can read is named, with the remedy; never its content", (t) => {
  const folder = tempFolder(t);
  const places = {
    folder: join(folder, "credentials"),
    environmentFile: join(folder, "pipit.env"),
  };
  mkdirSync(places.folder);
  const key = join(places.folder, "OPENAI_API_KEY");
  for (const path of [key, places.environmentFile])
    writeFileSync(path, "sk-secret", { mode: 0o600 });
  assert.deepEqual(exposedSecrets(places), []);
  chmodSync(key, 0o640);
  chmodSync(places.environmentFile, 0o604);
  assert.deepEqual(
    exposedSecrets(places),
    [key, places.environmentFile].map(
      (path) => `Others can read the secrets in ${path}. Run: sudo chmod 600 ${path}`,
    ),
  );
});

test("whatever a secret is made of leaves the environment that children inherit", () => {
  const own = { PATH: "/bin", OPENAI_API_KEY: "sk-long-secret", PART: "secret", N: "1" };
  hideSecrets(own, ["sk-long-secret"]);
  assert.deepEqual(own, { PATH: "/bin", N: "1" });
});
