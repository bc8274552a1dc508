import assert from "node:assert/strict";
import { test } from "node:test";

import { Texts } from "../../../site/playground/texts.js";
import { hasWindowsLines, unixLines } from "../../../site/ui/line-ends.js";

test("each line end becomes one line feed", () => {
  assert.equal(unixLines("one\r\ntwo\rthree\n"), "one\ntwo\nthree\n");
  assert.equal(unixLines("\r\r\n\n\r"), "\n\n\n\n");
  assert.ok(hasWindowsLines("a\rb") && !hasWindowsLines("a\nb"));
});

test("a prompt in a file of branches has line feeds, the tokens after it stay as they were", () => {
  const texts = new Texts();
  const first = texts.begin({ prompt: "It\r\nwas", settings: {}, seed: 7 });
  first.tokens.push({ token: 5, text: "\r\n", logprob: -0.5 });
  const again = new Texts();
  again.fromValue(structuredClone(texts.toValue()));
  assert.equal(again.all[0].prompt, "It\nwas");
  assert.equal(again.all[0].tokens[0].text, "\r\n");
});
