import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchable } from "../../../site/compare/sources.js";

test("the page about a file on a forge leads to the file; other schemes are refused", () => {
  assert.equal(
    fetchable("https://github.com/o/r/blob/main/a%20b/x.json", "https://here.org/compare/").href,
    "https://raw.githubusercontent.com/o/r/main/a%20b/x.json",
  );
  assert.equal(
    fetchable("https://huggingface.co/o/r/blob/main/x.json", "https://here.org/").href,
    "https://huggingface.co/o/r/resolve/main/x.json",
  );
  assert.equal(fetchable("../x.json", "https://here.org/a/compare/").href, "https://here.org/a/x.json");
  assert.throws(() => fetchable("javascript:alert(1)", "https://here.org/"), /cannot be opened/);
  assert.throws(() => fetchable("http://[", "https://here.org/"), /not a valid URL/);
});
