import assert from "node:assert/strict";
import { test } from "node:test";

import { hasWindowsLines, unixLines } from "../../../site/ui/line-ends.js";

test("each line end becomes one line feed", () => {
  assert.equal(unixLines("one\r\ntwo\rthree\n"), "one\ntwo\nthree\n");
  assert.equal(unixLines("\r\r\n\n\r"), "\n\n\n\n");
  assert.ok(hasWindowsLines("a\rb") && !hasWindowsLines("a\nb"));
});
