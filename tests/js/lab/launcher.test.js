import assert from "node:assert/strict";
import { test } from "node:test";
import { letterBank, namesOf, typed, written } from "../../../site/lab/launcher-data.js";
import { Search, spelledNames, Templates } from "../../../site/lab/launcher-search.js";

const LINE = [[0, 0, 0, 10]];
const HOOK = [[0, 0, 0, 10, 6, 10]];
const WRITER = Array.from({ length: 26 }, (_, at) => (at % 2 ? HOOK : LINE));

test("typing finds names by their beginning, then by that of a word, then anywhere", () => {
  const names = ["Mary Ann Fox", "Anna Bell", "Joanna Reed", "Émile Anders"];
  assert.deepEqual(typed(names, "an"), ["Anna Bell", "Mary Ann Fox", "Émile Anders", "Joanna Reed"]);
  assert.deepEqual(typed(names, "EMI"), ["Émile Anders"]);
  assert.deepEqual(typed(["東京", "京都"], "東"), ["東京"]);
  assert.deepEqual(typed(names, "xyz"), []);
});

test("a list of one's own is trimmed and bounded", () => {
  assert.deepEqual(namesOf(" Ann \n\nBo\r\n"), ["Ann", "Bo"]);
  for (const wrong of ["", "\n \n", "x".repeat(81), "a\n".repeat(2001)])
    assert.throws(() => namesOf(wrong), /cannot be searched/);
});

test("a sample is written side by side; what no writer has drawn is not", () => {
  const strokes = written(WRITER, "Ab");
  assert.equal(strokes.length, 2);
  assert.ok(strokes[1][0][0] > strokes[0][0][0]);
  for (const wrong of ["", "a1", "abcdefghi"]) assert.equal(written(WRITER, wrong), null);
});

test("the letters of a writer can be left out, and capitals stand for small letters", () => {
  const files = { fonts: { plain: { A: LINE, a: LINE, 7: HOOK } }, writers: [WRITER, WRITER] };
  assert.equal(letterBank(files, -1).length, 54);
  assert.deepEqual(
    letterBank(files, 0)
      .slice(26)
      .map(({ label }) => label)
      .sort(),
    ["7", "a"],
  );
});

test("few distances rank the names as every distance does, also after a stroke is taken back", () => {
  const files = { fonts: {}, writers: [WRITER] };
  const templates = new Templates(letterBank(files, -1));
  const names = spelledNames(["ab", "ba", "a b c", "zz"]);
  const searches = [true, false].map((isFull) => new Search(templates, names, { isFull, kept: 2 }));
  const [line, hook] = written(WRITER, "ab");
  const [full, few] = searches.map((search) => {
    search.add(line);
    search.add(line);
    search.undo();
    return search.add(hook);
  });
  assert.deepEqual([few.order, few.scores, few.best], [full.order, full.scores, full.best]);
  assert.equal(full.distances, full.everything);
});
