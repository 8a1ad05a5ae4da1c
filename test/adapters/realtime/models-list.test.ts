/** The list of models from a real server: asked once a day, also across restarts. */

import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { ModelsList } from "../../../src/adapters/realtime/models-list.ts";
import { SimClock } from "../../../src/sim/clock.ts";
import { tempFolder } from "../../helpers/temp-folder.ts";

const DAY_MS = 24 * 3_600_000;
const LIST = JSON.stringify({ data: [{ id: "m", shutdown_date: "2027-01-20" }] });

async function served(t: TestContext, answer: RequestListener) {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const clock = new SimClock();
  const dir = tempFolder(t);
  const list = () =>
    new ModelsList({
      clock,
      dir,
      baseUrl: () => `ws://127.0.0.1:${port}/v1/`,
      apiKey: () => "sk-test-key",
    });
  return { clock, list, asked: () => asked };
}

test("asks once a day, with the key, and remembers across a restart", async (t) => {
  const seen: unknown[] = [];
  const { clock, list, asked } = await served(t, (request, response) => {
    seen.push([request.url, request.headers.authorization]);
    response.end(LIST);
  });
  assert.deepEqual(await list().shutdownDates(), { m: "2027-01-20" });
  assert.deepEqual(await list().shutdownDates(), { m: "2027-01-20" });
  assert.equal(asked(), 1);
  assert.deepEqual(seen, [["/v1/models", "Bearer sk-test-key"]]);
  clock.advance(DAY_MS);
  await list().shutdownDates();
  assert.equal(asked(), 2);
});

const hostile: readonly (readonly [string, RequestListener])[] = [
  ["no JSON", (_request, response) => response.end("<html>")],
  ["an error", (_request, response) => response.writeHead(500).end(LIST)],
  ["too much", (_request, response) => response.end("x".repeat(2_000_000))],
  ["a redirect", (_request, response) => response.writeHead(302, { location: "/" }).end()],
  ["a cut connection", (request) => request.socket.destroy()],
];

for (const [what, answer] of hostile) {
  test(`${what} changes nothing, and is not asked again that day`, async (t) => {
    const { list, asked } = await served(t, answer);
    assert.deepEqual(await list().shutdownDates(), {});
    const before = asked();
    assert.deepEqual(await list().shutdownDates(), {});
    assert.equal(asked(), before);
  });
}
