import assert from "node:assert/strict";
import { test } from "node:test";
import { CodePoints, marked, markedTables } from "../../../site/search/marking.js";
import { window } from "../dom.js";

function html(nodes) {
  const box = window.document.createElement("div");
  box.append(...nodes);
  return box.innerHTML;
}

test("code points become UTF-16 offsets, in texts with and without surrogates", () => {
  assert.equal(new CodePoints("plain").index(3), 3);
  const text = `a😀b${"𝔾".repeat(3000)}c`;
  const points = new CodePoints(text);
  const all = [...text];
  for (const at of [0, 1, 2, 3, 1023, 1024, 1025, 2500, 3002, 3003]) {
    assert.equal(points.index(at), all.slice(0, at).join("").length, `code point ${at}`);
  }
});

test("offsets outside a text are its ends", () => {
  for (const text of ["plain", "a😀b"]) {
    assert.equal(new CodePoints(text).index(99), text.length);
    assert.equal(new CodePoints(text).index(-1), 0);
  }
  assert.equal(new CodePoints("").index(5), 0);
});

test("spans may overlap, and words are marks", () => {
  const spans = [
    { start: 0, end: 7, kind: "best" },
    { start: 4, end: 11, kind: "word" },
  ];
  assert.equal(
    html(marked("one two three", spans)),
    '<span class="best">one </span><mark class="best word">two</mark><mark class="word"> thr</mark>ee',
  );
});

test("two spans of one kind that overlap end with the later one", () => {
  const spans = [
    { start: 0, end: 2, kind: "word" },
    { start: 1, end: 4, kind: "word" },
  ];
  assert.equal(
    html(marked("abcdef", spans)).replaceAll('</mark><mark class="word">', ""),
    '<mark class="word">abcd</mark>ef',
  );
});

test("only the part that is asked for is returned", () => {
  assert.equal(
    html(marked("abcdef", [{ start: 0, end: 4, kind: "passage" }], 2, 5)),
    '<span class="passage">cd</span>e',
  );
  assert.equal(html(marked("abc", [{ start: 2, end: 1, kind: "word" }])), "abc");
});

test("a hostile text stays a text", () => {
  assert.equal(
    html(marked("<img src=x onerror=alert(1)>", [{ start: 0, end: 4, kind: "word" }])),
    '<mark class="word">&lt;img</mark> src=x onerror=alert(1)&gt;',
  );
});

/** The cells of the tables, by rows, and what is beside them. */
function shown(nodes) {
  return nodes.map((node) =>
    node.tagName === "TABLE"
      ? [...node.rows].map((row) => [...row.cells].map((cell) => `${cell.localName} ${cell.innerHTML}`))
      : (node.textContent ?? node),
  );
}

test("the rows of a table are one, with an empty cell in its place and words marked in theirs", () => {
  const text = "Sizes:\n| Name | Size |\n| a |  |\n| big b | 2 |\nThat is all | or not.";
  const at = text.indexOf("big");
  const nodes = markedTables(text, [
    { start: at, end: at + 3, kind: "word" },
    { start: at, end: text.length, kind: "best" },
  ]);
  assert.deepEqual(shown(nodes), [
    "Sizes:",
    [
      ["th Name", "th Size"],
      ["td a", "td "],
      ['td <mark class="word best">big</mark><span class="best"> b</span>', 'td <span class="best">2</span>'],
    ],
    "That is all | or not.",
  ]);
});

test("a text that may begin within a table has no head", () => {
  const rows = "| a | 1 |\n| b | 2 |";
  assert.deepEqual(shown(markedTables(rows, [])), [
    [
      ["td a", "td 1"],
      ["td b", "td 2"],
    ],
  ]);
  assert.deepEqual(shown(markedTables(`x ${rows}`, [], { from: 2, isWhole: true }))[0][0], ["th a", "th 1"]);
});

test("a hostile table is text, and bars of code are no table", () => {
  const row = "| <img src=x onerror=alert(1)> | <b>1</b> |";
  assert.deepEqual(shown(markedTables(row, []))[0][0], [
    "td &lt;img src=x onerror=alert(1)&gt;",
    "td &lt;b&gt;1&lt;/b&gt;",
  ]);
  const code = "cat a | sort | uniq\ncat b | sort |";
  assert.deepEqual(shown(markedTables(code, [])), [code]);
  const bars = "|".repeat(4000);
  const begun = performance.now();
  markedTables(`${bars}\n${bars}x\n`.repeat(3), []);
  assert.ok(performance.now() - begun < 3000);
});
