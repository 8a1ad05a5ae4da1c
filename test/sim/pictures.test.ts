/** What the simulated server makes of a picture: whole or not, and how many tokens. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pictureProblem, pictureTokens } from "../../src/sim/peer/pictures.ts";
import { greyJpeg } from "../helpers/jpeg.ts";

function part(width: number, height: number, detail = "auto") {
  const base64 = greyJpeg({ width, height }).toString("base64");
  return { type: "input_image", image_url: `data:image/jpeg;base64,${base64}`, detail };
}

test("tokens by the size of a picture", () => {
  const cases: readonly (readonly [number, number, number])[] = [
    [1024, 768, 765],
    [640, 480, 425],
    [64, 48, 255],
    [768, 1024, 765],
    [2048, 512, 765],
  ];
  for (const [width, height, tokens] of cases) {
    assert.equal(pictureTokens(part(width, height)), tokens, `${width} x ${height}`);
  }
  assert.equal(pictureTokens(part(1024, 768, "low")), 85);
});

test("a PNG is let in whole, and a JPEG that says it is one is not", () => {
  // One grey pixel.
  const png =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";
  assert.equal(pictureProblem(`data:image/png;base64,${png}`), null);
  assert.match(pictureProblem(`data:image/png;base64,${png.slice(0, 40)}`) ?? "", /decoded/);
  assert.match(pictureProblem(`data:image/jpeg;base64,${png}`) ?? "", /decoded/);
  assert.equal(pictureProblem(part(64, 48).image_url), null);
});
