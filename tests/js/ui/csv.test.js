import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCsv } from "../../../site/reports/csv.js";
import { csvText } from "../../../site/ui/csv.js";

test("numbers keep every digit, and what is missing is empty", () => {
  assert.equal(csvText([[0.1 + 0.2, -3, null, undefined, Number.NaN]]), "0.30000000000000004,-3,,,\r\n");
});

test("texts with separators, quotes, line ends or outer spaces are read back as they were", () => {
  const texts = ["a,b", 'say "no"', "two\nlines", "cr\r\nlf", " spaced ", ""];
  assert.deepEqual(parseCsv(csvText([texts, ["x"]]), ",")[0].cells, texts);
});

test("a formula gets an apostrophe, a negative number does not", () => {
  assert.equal(csvText([["=1+1", "+a", "@b", "-c", "-5", "\t=d"]]), "'=1+1,'+a,'@b,'-c,-5,'\t=d\r\n");
});
