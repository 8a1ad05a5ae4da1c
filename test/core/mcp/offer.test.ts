/** Servers as the file has them, and what they offer: names, lists, sizes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventStream } from "../../../src/core/mcp/event-stream.ts";
import { ownName, readTools, servedRows, TOOLS_MAX } from "../../../src/core/mcp/offer.ts";
import { matches, mcpServers, type ServerSpec } from "../../../src/core/mcp/servers.ts";
import { DEFAULTS, secretValues } from "../../../src/core/settings/table.ts";
import { validate } from "../../../src/core/settings/validate.ts";

const ENV = { OPENAI_API_KEY: "k", SHOP: "secret-of-the-shop" };

function problemsOf(servers: unknown): readonly string[] {
  const checked = validate({ mcp: { servers } }, { env: ENV });
  return checked.ok ? [] : checked.problems.map(({ key, message }) => `${key}: ${message}`);
}

function specOf(of: object): ServerSpec {
  const [spec] = mcpServers({ x: { url: "http://x.test/mcp", ...of } }).servers;
  assert.ok(spec);
  return spec;
}

function namesOf(of: object, tools: readonly unknown[]): readonly string[] {
  return servedRows(specOf(of), readTools(tools)).map(({ row }) => row.name);
}

test("a map and a list are the same servers; secrets are expanded, and known to be such", () => {
  const shop = { url: "https://shop.test/mcp", headers: { Authorization: `Bearer \${SHOP}` } };
  for (const servers of [{ shop }, [{ name: "shop", ...shop }]]) {
    const checked = validate({ mcp: { servers } }, { env: ENV });
    assert.ok(checked.ok, JSON.stringify(checked));
    const [spec] = mcpServers(checked.settings["mcp.servers"]).servers;
    assert.ok(spec?.reach.kind === "url");
    assert.equal(spec.reach.headers["authorization"], "Bearer secret-of-the-shop");
    assert.ok(secretValues(checked.settings).includes("secret-of-the-shop"));
  }
});

test("what cannot be is told with its place, all at once", () => {
  const wrong = {
    none: {},
    both: { url: "http://x.test", command: ["/bin/true"] },
    relative: { command: ["npx", "-y", "server"] },
    secret: { url: "http://me:password@x.test/mcp" },
    ftp: { url: "ftp://x.test" },
    slow: { url: "http://x.test", timeout_s: 0, headers: { "X-Key": "a\nb", "X Key": "a" } },
    odd: { url: "http://x.test", alow: ["a"] },
    env: { url: "http://x.test", env: { A: "b" } },
  };
  const told = problemsOf(wrong).join("\n");
  for (const part of [
    "servers.none: must have either command or url",
    "servers.both: must have either",
    "servers.relative.command: must be an absolute path",
    "servers.secret.url: must not have a user or password",
    "servers.ftp.url: must be an address",
    "servers.slow.headers.X-Key: must be one line",
    "servers.slow.headers.X Key: is no name of a header",
    "servers.slow.timeout_s: must be a number from 1 to 600",
    'servers.odd.alow: unknown key; did you mean "allow"?',
    "servers.env.env: goes with command",
  ]) {
    assert.ok(told.includes(part), `${part}\n${told}`);
  }
  assert.doesNotMatch(told, /password@/);
  assert.match(
    problemsOf([{ url: "http://x.test" }])[0] ?? "",
    /a list of blocks with a name each/,
  );
  assert.match(problemsOf([{ name: "a" }, { name: "a" }])[0] ?? "", /has "a" twice/);
  const taken = problemsOf({ home_assistant: { url: "http://x.test" } });
  assert.match(taken[0] ?? "", /servers\.home_assistant: is the name of the section/);
  assert.deepEqual(mcpServers(DEFAULTS["mcp.servers"]).servers, []);
});

test("names: within what the API takes, the same each time, never two that are one", () => {
  const long = "a".repeat(100);
  const names = namesOf({}, [
    { name: "get.it" },
    { name: "get it" },
    { name: "get_it" },
    { name: long },
    { name: `${long}b` },
  ]);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[A-Za-z0-9_-]{1,64}$/);
  assert.equal(names.at(1), "x_get_it", "one with a blank is no name of a tool");
  assert.equal(ownName("x_get.it"), ownName("x_get.it"));
});

test("allow, deny, confirm, trust: by name and by pattern", () => {
  const tools = ["read_a", "read_b", "write_a", "wipe"].map((name) => ({
    name,
    annotations: { destructiveHint: name === "wipe" || name === "write_a" },
  }));
  assert.deepEqual(namesOf({ allow: ["read_*", "wipe"], deny: ["*_b"], prefix: "" }, tools), [
    "read_a",
    "wipe",
  ]);
  const rows = servedRows(specOf({ confirm: ["read_b"], trust: ["write_*"] }), readTools(tools));
  const asked = rows.filter(({ row }) => row.confirm).map(({ tool }) => tool.name);
  assert.deepEqual(asked, ["read_b", "wipe"]);
  assert.ok(
    matches(["a*b*c"], "a1b2c") && !matches(["a*b*c"], "acb") && !matches(["ab*ba"], "aba"),
  );
});

test("whatever a server says is bounded", () => {
  const many = Array.from({ length: 500 }, (_, n) => ({
    name: `t${n}`,
    description: "d".repeat(1e5),
  }));
  const { tools, dropped } = readTools([...many, null, 7, { name: "" }, { name: "x\n" }]);
  assert.equal(tools.length, TOOLS_MAX);
  assert.equal(dropped, 504 - TOOLS_MAX);
  assert.ok(tools.every(({ description }) => description.length <= 1_024));
  assert.deepEqual(tools[0]?.parameters, { type: "object", properties: {} });
});

test("events, cut anywhere, with any line end; one that is too long is dropped, and counted", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = [":comment", "event: endpoint", "data: /a", "", "data:1", "data:2", "", "x"].join(
      end,
    );
    const stream = new EventStream(100);
    const events = [...text].flatMap((character) => stream.push(character));
    assert.deepEqual(events, [
      { name: "endpoint", data: "/a" },
      { name: "message", data: "1\n2" },
    ]);
  }
  const stream = new EventStream(100);
  assert.deepEqual(stream.push(`data: ${"y".repeat(1_000)}`), []);
  assert.deepEqual(stream.push("y\n\ndata: 3\n\n"), [{ name: "message", data: "3" }]);
  assert.equal(stream.dropped, 1);
});

test("a stream of events in the smallest pieces, and of lines without a letter, is bounded", () => {
  const small = new EventStream(1_000_000);
  for (let n = 0; n < 900_000; n++) small.push("a");
  assert.deepEqual(small.push("\ndata: x\n\n"), [{ name: "message", data: "x" }]);
  const empty = new EventStream(100);
  for (let n = 0; n < 101; n++) empty.push("data:\n");
  assert.equal(empty.dropped, 1);
  const endless = new EventStream(100);
  endless.push("x".repeat(101));
  assert.equal(endless.dropped, 1, "told before its end, which may never come");
});

test("a description is one line of whole characters, whatever a server writes", () => {
  const evil = `\u001b[31mred\u202e\n<info> fine\u0000 ${"\u{1F600}".repeat(500_000)}`;
  const { tools } = readTools([{ name: "x", description: evil, inputSchema: {} }]);
  const [{ description } = { description: "\n" }] = tools;
  assert.ok(description.length <= 1_024);
  assert.doesNotMatch(description, /[\p{Cc}\u202a-\u202e]/u);
  assert.doesNotMatch(description, /[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
});
