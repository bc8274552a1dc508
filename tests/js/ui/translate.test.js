import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { textsOf, translatePage, translatePart } from "../../../site/ui/translate.js";

function pageOf(body, title = "") {
  return new JSDOM(`<!doctype html><title>${title}</title><body>${body}</body>`).window.document;
}

function textsIn(body) {
  return [...textsOf(pageOf(body))].map(({ text }) => text).filter(Boolean);
}

test("text and the attributes that are read out are found, each once", () => {
  const texts = textsIn(
    '<h1>Storage</h1><button aria-label="Delete all" title="Now">Delete</button><input placeholder="Ask">' +
      '<img alt="A goose"><p> 12 × </p>',
  );
  assert.deepEqual(texts, ["Storage", "Delete all", "Now", "Delete", "Ask", "A goose"]);
});

test("a sentence with markup is one text with numbered tags", () => {
  assert.deepEqual(textsIn('<p>See the <a href="x">guide for <b>hosts</b></a>,\n or <kbd>Esc</kbd>.</p>'), [
    "See the <1>guide for <2>hosts</2></1>, or <3>Esc</3>.",
  ]);
});

test("a control beside or inside a sentence has texts of its own", () => {
  assert.deepEqual(textsIn('<label><input type="checkbox"> Keep files</label>'), ["Keep files"]);
  assert.deepEqual(textsIn("<label>Write <select><option>one</option></select> of these</label>"), [
    "Write <1/> of these",
    "one",
  ]);
});

test("what is not the interface's words is left out", () => {
  assert.deepEqual(
    textsIn(
      '<script>let text</script><textarea>typed text</textarea><pre>code text</pre><p lang="fr">Bonjour</p>' +
        '<p translate="no">Name here</p><svg><text>drawn text</text></svg>',
    ),
    [],
  );
});

test("a field or code is named, whatever is in it", () => {
  assert.deepEqual(
    textsIn('<textarea placeholder="Ask">typed</textarea><pre aria-label="Style">code</pre>'),
    ["Ask", "Style"],
  );
});

test("a translated sentence keeps its elements, and may order them anew", () => {
  const page = pageOf(
    '<p id="p">Open <a href="x">the file</a> or <em>wait</em>. <input id="i"></p>',
    "A · B",
  );
  const [link, input] = [page.querySelector("a"), page.querySelector("input")];
  translatePage(page, {
    "Open <1>the file</1> or <2>wait</2>.": "<2>Warten</2> oder <1>die Datei</1> öffnen.",
    A: "Ä",
  });
  const sentence = page.getElementById("p");
  assert.equal(sentence.textContent?.trim(), "Warten oder die Datei öffnen.");
  assert.equal(page.querySelector("a"), link);
  assert.equal(page.querySelector("input"), input);
  assert.equal(link?.getAttribute("href"), "x");
  assert.equal(page.title, "Ä · B");
});

test("markup in a translation stays text", () => {
  const page = pageOf("<p>Hello there</p>");
  translatePage(page, { "Hello there": '<img src=x onerror="alert(1)"> <1>x</1> <script>1</script>' });
  assert.equal(page.body.querySelectorAll("p *").length, 0);
  assert.match(page.body.textContent, /<img src=x/);
});

test("a text without a translation stays English", () => {
  const page = pageOf("<p>One <b>two</b></p><p>constructor</p>");
  translatePage(page, { "Other text": "x" });
  assert.equal(page.body.innerHTML, "<p>One <b>two</b></p><p>constructor</p>");
});

test("a part of a page is translated alone", () => {
  const page = pageOf("<header><a>Home</a></header><main><p>Home</p></main>");
  translatePart(page.querySelector("header"), { Home: "Start" });
  assert.equal(page.body.textContent, "StartHome");
});
