/** A file that is too large is refused before it is read. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { withinBound } from "../../../site/ui/bounded-file.js";

test("a file of exactly the limit is given back, and a longer one refused with the limit", () => {
  const file = new Blob(["four"]);
  assert.equal(withinBound(file, 4, ""), file);
  assert.throws(() => withinBound(file, 3, "Split it."), {
    remedy: "Split it.",
    message: /limit is 3 bytes|limit is/,
  });
});
