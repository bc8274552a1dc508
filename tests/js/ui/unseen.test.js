import assert from "node:assert/strict";
import { test } from "node:test";
import "../dom.js";
import { growText, inLine, shownText, withSigns } from "../../../site/ui/unseen.js";

const range = (first, last) =>
  Array.from({ length: last - first + 1 }, (_, index) => String.fromCodePoint(first + index));

const UNSEEN = [
  ...range(0, 0x1f).filter((control) => control !== "\n" && control !== "\t"),
  ...range(0x7f, 0x9f),
  ...range(0x202a, 0x202e),
  ...range(0x2066, 0x2069),
  ..."\u200b\u2060\u2063\ufeff\ufff9\u180e",
  "\ud800",
  "\udfff",
  ...range(0xe0061, 0xe007a),
];

/** What a reader sees. */
const seen = (nodes) => nodes.map((node) => (typeof node === "string" ? node : node.dataset.sign)).join("");

/** What is copied. */
function copied(nodes) {
  const box = document.createElement("div");
  box.append(...nodes);
  return box.textContent;
}

test("what cannot be seen has a sign, and the original text is copied", () => {
  for (const character of UNSEEN) {
    const text = `a${character}b`;
    const shown = withSigns(text);
    assert.match(shown, /^a\\u\{?[0-9a-f]{4,5}\}?b$/, JSON.stringify(character));
    assert.equal(seen(shownText(text)), shown);
    assert.equal(copied(shownText(text)), text);
  }
});

test("line ends, tabs, letters of every script, joined emoji and flags stay as they are", () => {
  for (const text of [
    "one\n\ttwo\r\nthree",
    "مرحبا بالعالم می‌خواهم",
    "שלום עולם\u200f",
    "क्‍ष हिन्दी",
    "👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 ❤️‍🔥 👩🏽‍🚀",
    "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "日本語 한국어 é e\u0301",
    "",
  ]) {
    assert.equal(withSigns(text), text);
    assert.deepEqual(shownText(text), text ? [text] : []);
  }
});

test("a text that grows is one text node between two signs, and its signs do not depend on the pieces", () => {
  const flag = "🏴\u{e0067}\u{e0062}\u{e007f}";
  const whole = `A quill ${flag} pass\u200dword 👩\u200d💻 \u202eend${"la ".repeat(200)}`;
  const box = document.createElement("div");
  for (const piece of whole) growText(box, piece);
  const expected = shownText(whole);
  assert.deepEqual(
    [...box.childNodes].map((node) => node.outerHTML ?? node.data),
    expected.map((node) => node.outerHTML ?? node),
  );
  assert.equal(box.textContent, whole);
});

test("a joiner between plain letters, and tags without a flag, are shown", () => {
  assert.equal(withSigns("pass\u200dword\u200c"), "pass\\u200dword\\u200c");
  assert.equal(withSigns("a\u{e0041}"), "a\\u{e0041}");
});

test("a text that comes in pieces is shown as one that comes whole", () => {
  for (const text of ["👩‍💻", "a\u202eb\u200dc", "می‌خواهم", "🏴\u{e0067}\u{e0062}\u{e007f}x"]) {
    let before = "";
    let shown = "";
    for (const piece of text) {
      shown += seen(shownText(piece, before));
      before = piece === "" ? before : before + piece;
    }
    assert.equal(shown, withSigns(text));
  }
});

test("a message is one short line without anything that moves the cursor or turns the text around", () => {
  assert.equal(
    inLine("a\nb\u001b[2J\u202e\u2028\u200f\u200b"),
    "a\\u000ab\\u001b[2J\\u202e\\u2028\\u200f\\u200b",
  );
  assert.equal(inLine("x".repeat(1000)).length, 299);
  assert.ok(inLine("\0".repeat(1000)).length <= 299);
  assert.equal(inLine("y".repeat(1000), 20), `${"y".repeat(19)}…`);
});

test("the work for a long text is in proportion to its length", () => {
  const text = "\u{e0041}\u200d\u202e";
  assert.equal(shownText(text.repeat(10_000)).length, 30_000); // jsdom takes long for an element
  assert.equal(
    withSigns(text.repeat(100_000)).length,
    100_000 * ("\\u{e0041}".length + 2 * "\\u200d".length),
  );
});
