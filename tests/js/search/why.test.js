import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { whyFound } from "../../../site/search/why.js";
import { setWords } from "../../../site/ui/words.js";
import { hit } from "./page.js";

afterEach(() => setWords(null));

test("closeness, and the words that tell something, are said", () => {
  assert.equal(
    whyFound(hit("a", { shared: ["goose", "quill"] })),
    "Close in meaning. Shares the words ‘goose’ and ‘quill’.",
  );
  assert.equal(
    whyFound(hit("a", { closeness: "", shared: ["a", "b", "c", "d", "e", "f"] })),
    "Shares the words ‘a’, ‘b’, ‘c’, ‘d’, and 2 more.",
  );
});

test("words that tell nothing are not named, and none is said to be none", () => {
  const none = { closeness: "distant", shared: [] };
  assert.equal(
    whyFound(hit("a", { ...none, common: true })),
    "Distant in meaning. Shares only common words.",
  );
  assert.equal(
    whyFound(hit("a", { ...none, common: false })),
    "Distant in meaning. Shares none of your words.",
  );
});

test("German has its own words, quotation marks and lists", () => {
  const file = new URL("../../../site/ui/languages/de.json", import.meta.url);
  setWords({ language: "de", words: JSON.parse(readFileSync(file, "utf8")) });
  assert.match(
    whyFound(hit("a", { closeness: "", shared: ["gans", "feder"] })),
    /die Wörter ‚gans‘ und ‚feder‘/,
  );
});
