import assert from "node:assert/strict";
import { test } from "node:test";
import { window } from "../dom.js";

globalThis.Element = window.Element;
const { TokenText } = await import("../../../site/decoder/tokens.js");

test("what cannot be seen has a sign, but an emoji whose parts are tokens has none", () => {
  const box = document.createElement("div");
  const text = new TokenText(box, () => {});
  for (const piece of ["👩", "", "", "\u200d", "", "💻", "a", "\u202e"])
    text.add({ token: 1, text: piece, logprob: null });
  const signs = [...box.querySelectorAll(".unseen")].map((sign) => sign.getAttribute("data-sign"));
  assert.deepEqual(signs, ["\\u202e"]);
  assert.equal(text.text, "👩\u200d💻a\u202e");
});
