import assert from "node:assert/strict";
import { before, test } from "node:test";
import { pieces } from "../../../../site/ui/render/code.js";
import { safeUrl, shownTarget } from "../../../../site/ui/render/links.js";
import { isInlineMath } from "../../../../site/ui/render/math.js";
import { markQuantity, tidyRecipe } from "../../../../site/ui/render/recipes.js";
import { showControls, stripSpecialTokens } from "../../../../site/ui/render/special.js";
import { markdownTree, prepareMarkdown, textOf } from "../../../../site/ui/render/tree.js";
import { pluck } from "../../pluck.js";

before(prepareMarkdown);

/** All elements of a tree, outermost first. */
function* elements(trees) {
  for (const tree of trees) {
    if (typeof tree === "string" || !tree.tag) continue;
    yield tree;
    yield* elements(tree.children);
  }
}

/** All formulas of a text. */
function formulas(text) {
  const found = [];
  const walk = (trees) => {
    for (const tree of trees) {
      if (tree.math) found.push(tree.math);
      if (tree.children) walk(tree.children);
    }
  };
  walk(markdownTree(text));
  return found;
}

const tags = (text) => [...elements(markdownTree(text))].map(({ tag }) => tag);
const find = (text, wanted) => [...elements(markdownTree(text))].filter(({ tag }) => tag === wanted);
const words = (text) => markdownTree(text).map(textOf).join("\n");

test("raw HTML is shown as text", () => {
  const hostile =
    "<script>alert(1)</script> <img src=x onerror=alert(1)> <b>bold</b>\n\n<div onclick=x>\n\n<!-- c -->";
  assert.deepEqual([...new Set(tags(hostile))], ["p"]);
  assert.match(words(hostile), /<img src=x onerror=alert\(1\)>/);
});

test("only the listed attributes ever appear", () => {
  const text =
    '# a {onclick=x}\n\n[l](https://a.org "t\\" onclick=x") ![i](https://a.org/i.png "x")\n\n|a|\n|:-|\n|b|\n\n1. x\n- [ ] y';
  const allowed = new Set(
    "dir href title rel target referrerpolicy class start type disabled aria-label tabindex role".split(" "),
  );
  for (const { attributes } of elements(markdownTree(text))) {
    for (const name of Object.keys(attributes)) assert.ok(allowed.has(name), name);
  }
});

test("tables, strikethrough and task lists", () => {
  assert.ok(tags("|a|b|\n|-|-:|\n|1|2|").includes("td"));
  assert.ok(tags("~~gone~~").includes("s"));
  const boxes = find("- [ ] open\n- [x] done", "input");
  const checked = boxes.map(({ attributes }) => "checked" in attributes);
  assert.deepEqual(checked, [false, true]);
});

test("images are never fetched: a link with their description replaces them", () => {
  const text = "![a cat](https://strangers.example/cat.png)";
  assert.deepEqual(find(text, "img"), []);
  assert.match(words(text), /image: a cat \(strangers\.example\)/);
});

test("bare addresses become links, words with dots do not", () => {
  const links = find(
    "see https://example.com/a_b?c=1, www.example.org/x. But node.js, README.md and e.g.this stay.",
    "a",
  );
  const addresses = links.map(({ attributes }) => attributes.href);
  assert.deepEqual(addresses, ["https://example.com/a_b?c=1", "https://www.example.org/x"]);
});

test("links lead only to http, https and mailto, and show where", () => {
  for (const bad of [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:x",
  ]) {
    assert.equal(safeUrl(bad), null, bad);
    assert.deepEqual(find(`[x](${bad})`, "a"), [], bad);
    assert.deepEqual(find(`<${bad}>`, "a"), [], bad);
  }
  assert.match(words("[google.com](https://evil.example/x)"), /google\.com \(evil\.example\)/);
  assert.equal(shownTarget(new URL("https://example.com/a"), "https://example.com/a"), "");
  assert.equal(shownTarget(new URL("https://example.com@evil.example/"), "example.com"), "evil.example");
  assert.equal(shownTarget(new URL("https://exаmple.com/"), "exаmple.com"), "xn--exmple-4nf.com");
  assert.deepEqual(find("[up](../secret)", "a"), []);
});

test("all four kinds of mathematics", () => {
  const shown = (text) => formulas(text).map(({ tex, display }) => [tex, display]);
  assert.deepEqual(shown("let $x^2$ be"), [["x^2", false]]);
  assert.deepEqual(shown("let \\(a_b\\) be"), [["a_b", false]]);
  assert.deepEqual(shown("\\[\nx = \\frac{1}{2}\n\\]"), [["x = \\frac{1}{2}", true]]);
  assert.deepEqual(shown("$$\na\n# no heading\n- no list\n$$"), [["a\n# no heading\n- no list", true]]);
  assert.deepEqual(shown("so $$e = mc^2$$ holds"), [["e = mc^2", true]]);
  assert.deepEqual(shown("an escaped \\[bracket\\] stays"), []);
});

test("a dollar before a digit is money", () => {
  for (const money of [
    "$5 to $10",
    "from $5_000 or $6_000 a year",
    "$20, $30 and {braces}",
    "US$5 and US$6^2",
    "$1.50/$2",
  ]) {
    assert.deepEqual(formulas(money), [], money);
    assert.equal(words(money), money);
  }
  assert.deepEqual(pluck(formulas("$a plain sentence$ and $x$"), "tex"), ["x"]);
  assert.equal(isInlineMath("2^n", ""), true);
  assert.equal(isInlineMath("5 dollars and {more}", ""), false);
});

test("code is neither mathematics nor links", () => {
  const text = "`$x^2$ https://a.org`\n\n```sh\necho $HOME^ $PATH_ \\(x\\)\n```";
  assert.deepEqual(formulas(text), []);
  assert.deepEqual(find(text, "a"), []);
  assert.deepEqual(markdownTree(text)[1].code, { code: "echo $HOME^ $PATH_ \\(x\\)", language: "sh" });
});

test("special tokens are removed and counted", () => {
  const { text, removed } = stripSpecialTokens("<|im_start|>a<|im_end|>b<|im_end|></s><pad><pad>");
  assert.equal(text, "ab");
  assert.deepEqual(removed, [
    ["<|im_start|>", 1],
    ["<|im_end|>", 2],
    ["<pad>", 2],
    ["</s>", 1],
  ]);
  assert.equal(stripSpecialTokens("a <s>struck</s> b").text, "a <s>struck</s> b");
  assert.equal(stripSpecialTokens("<s> begin").text, " begin");
  assert.equal(stripSpecialTokens("if (a <| b |> c)").text, "if (a <| b |> c)");
});

test("special tokens are found in work that grows as the text does", () => {
  const many = stripSpecialTokens("<s>".repeat(100_000)); // once read again from each of them
  assert.deepEqual(many, { text: "", removed: [["<s>", 100_000]] });
  const prose = `<${"words of prose ".repeat(100_000)}`;
  assert.equal(stripSpecialTokens(prose).text, prose);
  for (const struck of ["a <s>b</s>", "<s><s>a</s>", "x\n <s>\ny<s></s>"])
    assert.equal(stripSpecialTokens(struck).text, struck);
  for (const token of ["<s>a</s>", " <s>a</s>", "a</s><s>", "a<s>\n</s>"])
    assert.doesNotMatch(stripSpecialTokens(token).text, /<s>/);
});

test("headings and bullets of recipes are found in work that grows as the text does", () => {
  for (const piece of ["for the ab ", "notes", "notes \n\n", "for the ", "\t", "•\t", "```\n"])
    assert.ok(tidyRecipe(`${piece.repeat(100_000)}\n• x`).endsWith("\n- x"), piece);
});

test("a text with 70,000 short lines is refused as too large, and breaks nothing", () => {
  assert.throws(() => markdownTree("a\n".repeat(70_000)), { name: "TooMuchWork" });
  assert.equal(tags("a\n".repeat(15_000)).filter((tag) => tag === "br").length, 14_999);
});

for (const piece of [
  "$$\n",
  "[",
  "![[",
  "![a](",
  "[a][",
  "[^",
  "\\[",
  "\\(x",
  "- a\n",
  "a|b\n-|-\n",
  "**a",
  "<a@b.c>",
])
  test(`${JSON.stringify(piece)}, over and over, is refused before it takes much work`, () => {
    assert.throws(() => markdownTree(piece.repeat(200_000 / piece.length)), { name: "TooMuchWork" });
  });

test("the budget is one of work: a long ordinary text has enough", () => {
  const piece = "Some *words* of prose with `code`, a [link](https://a.example/), $x^2$ and $5.\n\n";
  assert.ok(markdownTree(piece.repeat(2300)).length === 2300);
  assert.equal(find(`http://a.example/${"x".repeat(5000)}`, "a").length, 0); // too long to be a link
});

test("control characters are visible and have no effect", () => {
  assert.equal(showControls("a\u0000\u001b\tb\r\nc\u202ed"), "a\\u0000\\u001b\tb\nc\\u202ed");
});

test("recipes: bullets are lists, headings and quantities are marked", () => {
  const recipe = "Ingredients:\n• 1 1/2 cups flour\n• 2 eggs\n\nDirections:\n1) Mix.\n2) Bake.";
  const found = [...elements(markdownTree(recipe))];
  assert.deepEqual(found.filter(({ attributes }) => attributes.class === "recipe-heading").map(textOf), [
    "Ingredients:",
    "Directions:",
  ]);
  assert.deepEqual(found.filter(({ attributes }) => attributes.class === "quantity").map(textOf), [
    "1 1/2 cups",
  ]);
  assert.equal(found.filter(({ tag }) => tag === "li").length, 4);
  assert.deepEqual(markQuantity("½ tsp. salt"), ["½ tsp.", " salt"]);
  assert.deepEqual(markQuantity("2 eggs"), ["", "2 eggs"]);
});

test("highlighted code is parsed as spans and text, entities decoded", () => {
  const html =
    '<span class="hljs-keyword">if</span> a &lt; b &amp;&amp; <span class="hljs-string">&quot;&#x27;&lt;b&gt;&quot;</span>';
  assert.deepEqual(pieces(html), [
    { name: "hljs-keyword", text: "if" },
    { name: "", text: " a < b && " },
    { name: "hljs-string", text: '"\'<b>"' },
  ]);
});

/** How often the reading of a text looks at a character, a place or a pattern. */
function work(text) {
  let count = 0;
  const spied = [
    ...["charCodeAt", "codePointAt", "startsWith", "indexOf", "slice"].map((name) => [
      String.prototype,
      name,
    ]),
    [RegExp.prototype, "exec"],
  ];
  const originals = spied.map(([owner, name]) => owner[name]);
  for (const [at, [owner, name]] of spied.entries()) {
    owner[name] = function (...values) {
      count++;
      return originals[at].apply(this, values);
    };
  }
  try {
    stripSpecialTokens(text);
    markdownTree(text);
  } catch (error) {
    assert.equal(error.name, "TooMuchWork"); // the work until then counts
  } finally {
    for (const [at, [owner, name]] of spied.entries()) owner[name] = originals[at];
  }
  return count;
}

for (const piece of ["$", "[", "*a ", "> ", "\\(", "<|", "`a", "![", "a_"]) {
  test(`a text of nothing but ${JSON.stringify(piece)} is read in work that grows as it does`, () => {
    const [half, whole] = [work(piece.repeat(6000)), work(piece.repeat(12000))];
    assert.ok(half > 0 && whole < 3 * half, `${half}, then ${whole} for a text twice as long`);
  });
}
