// helpIfAsked(import.meta.url): with --help, prints the comment at the head of the script, and ends.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export function helpIfAsked(url) {
  if (!process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) return;
  const lines = readFileSync(fileURLToPath(url), "utf8").split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  console.log(
    lines
      .slice(0, end)
      .map((line) => line.replace(/^\/\/ ?/, ""))
      .join("\n"),
  );
  process.exit(0);
}
