"""HTML: tokens compared with jsdom's, what a page's content is, and hostile documents."""

import json
import random
import subprocess
import time
from pathlib import Path

import pytest

from goosequill.search.documents.html import read_html, read_site_page, tokens
from goosequill.search.documents.limits import given_file
from goosequill.search.documents.text import unescape

ROOT = Path(__file__).resolve().parents[4]
JSDOM = """
import { JSDOM } from "jsdom";
import { readFileSync } from "node:fs";
const element = new JSDOM("").window.document.createElement("div");
const found = JSON.parse(readFileSync(0, "utf8")).map((source) => {
  element.innerHTML = source;
  return element.textContent;
});
process.stdout.write(JSON.stringify(found));
"""
PAGE = """<!doctype html><html><head><title>Temperature - Guide</title><style>p { color: red }</style>
<meta name="description" content="x"></head><body>
<header><a href="/">Home</a></header><nav><ul><li>One<li>Two</ul></nav>
<main><article class="content">
<h1 id="sampling">Sampling<a class="headerlink" href="#sampling">&para;</a></h1>
<p>Each token is <em>drawn</em> at&nbsp;random.<br>It depends.</p>
<div><p>A second
   paragraph.</p></div>
<h2 id="temperature">Temperature</h2>
<ul><li><p>Low: sharp</p></li><li>High: flat<ul><li>inner</li></ul></li></ul>
<script>var x = "<p>no</p>";</script>
<h3>Code</h3>
<pre><code>if a &lt; b:
    print("x")
</code></pre>
<table><tr><th>Name<th>Value</tr><tr><td>a<td>1</tr></table>
<p hidden>not shown</p><span aria-hidden="true">icon</span><img src="x" alt="A goose"><p>End.
</article></main><footer>© us</footer></body></html>"""


def test_a_page_is_its_main_content_under_its_headings() -> None:
    document = read_html(given_file("a.html", PAGE.encode()))
    assert document.title == "Sampling"
    found = [
        (block.headings[1:], block.anchor, document.text[block.start : block.end].split("\n\n"))
        for block in document.blocks
    ]
    assert found == [
        ((), "sampling", ["Each token is drawn at random.\nIt depends.", "A second paragraph."]),
        (("Temperature",), "temperature", ["Low: sharp\nHigh: flat\ninner"]),
        (
            ("Temperature", "Code"),
            "temperature",
            ['if a < b:\n    print("x")', "Name | Value\na | 1", "A goose", "End."],
        ),
    ]


def test_without_main_content_menus_are_left_out_and_without_anything_else_they_are_read() -> None:
    assert read_html(given_file("a.html", b"<nav>Menu</nav><p>Text</p><footer>F</footer>")).text == "Text"
    assert read_html(given_file("a.html", b"<form><p>Text</p></form>")).text == "Text"
    assert read_html(given_file("a.html", b"<header><h1>T</h1><p>Only this</p></header>")).text == "Only this"
    assert read_html(given_file("a.html", b"<title>T</title><p>Text")).title == "T"
    assert (
        read_html(
            given_file("a.html", b"<main><header><h1>In</h1></header>x<aside>note</aside></main>")
        ).title
        == "In"
    )


def test_pages_that_redirect_or_ask_not_to_be_indexed_have_no_text_in_a_site() -> None:
    robots = b'<meta name="robots" content="noindex"><p>Text'
    redirect = b'<meta http-equiv="refresh" content="0; url=/x"><p>Text'
    for data in (robots, redirect):
        assert read_site_page(given_file("a.html", data), address="a").blocks == ()
        assert read_html(given_file("a.html", data)).text == "Text"
    page = read_site_page(given_file("guide/index.html", PAGE.encode()), address="guide/")
    assert page.address == "guide/" and [block.anchor for block in page.blocks][1] == "temperature"


def test_labels_of_code_are_left_out() -> None:
    group = '<div class="vp-code-group"><div class="tabs"><label data-title="npm">npm</label></div>'
    code = '<div class="language-sh"><button class="copy">Copy</button><span class="lang">sh</span>'
    others = "<p>A <label>word</label> and <span>lang</span>."
    page = f"<main><p>Install it.</p>{group}{code}<pre>npm i</pre></div></div>{others}</main>"
    assert read_html(given_file("a.html", page.encode())).text == "Install it.\n\nnpm i\n\nA word and lang."


def test_the_declared_encoding_is_used() -> None:
    data = '<meta charset="iso-8859-1"><p>Größe'.encode("latin-1")
    assert read_html(given_file("a.html", data)).text == "Größe"


def random_sources(count: int) -> list[str]:
    """Malformed HTML without tables, forms and raw text, whose text a browser moves about."""
    draw = random.Random(5)
    pieces = [
        "<p>",
        "</p>",
        "<b",
        ">",
        "<",
        "</",
        "a",
        " ",
        "&amp;",
        "&lt",
        "&#65;",
        "<!--",
        "-->",
        "<!x",
        "<?y",
        "/",
    ]
    pieces += [
        '<i id="a>b">',
        "<i x='>",
        "'",
        '"',
        "=",
        "<br/>",
        "</i >",
        "<div class=a/b>",
        "text",
        "<1",
        "--",
        "!",
    ]
    pieces += ["<span a='1'b=\"2\"c>", "</ x>", "</>", "<em/>", "\n", "é", "<x-y z>", "<I>"]
    return ["".join(draw.choice(pieces) for _ in range(draw.randrange(1, 25))) for _ in range(count)]


def test_the_text_of_malformed_html_is_that_of_jsdom() -> None:
    sources = random_sources(2000)
    command = ["node", "--input-type=module", "-e", JSDOM]
    result = subprocess.run(command, input=json.dumps(sources), capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    for source, expected in zip(sources, json.loads(result.stdout), strict=True):
        ours = unescape("".join(token.text for token in tokens(source)))
        assert ours == expected, repr(source)


HOSTILE = ["<div>", "<", "</", "<a ", "<a b='", '<a b="', "<!--", "<!", "<?", "<script>", "<title>", "<pre>"]
HOSTILE += [
    "<ul><li>",
    "<table><tr><td>",
    "<h1>",
    "<h1 id=a>x",
    "&#",
    "&",
    "<svg>",
    "<nav>",
    "<article>",
    "</div>",
]
HOSTILE += ["<a href=x>", "a b=c ", "<a =", "<p hidden>", "<br>", "]]>", "<script", "</script", "¶"]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("start", ["", "<a "], ids=["bare", "tag"])
def test_no_html_takes_more_than_linear_time(unit: str, start: str) -> None:
    def seconds(length: int) -> float:
        data = (start + unit * (length // len(unit))).encode()
        best = float("inf")
        for _ in range(2):
            begun = time.process_time()
            read_html(given_file("a.html", data))
            best = min(best, time.process_time() - begun)
        return best

    assert seconds(32_000) < 40 * max(seconds(2_000), 5e-4)  # quadratic would be 256


def test_a_hundred_thousand_nested_elements_are_read() -> None:
    document = read_html(given_file("a.html", b"<div>" * 100_000 + b"deep" + b"</div>" * 100_000))
    assert document.text == "deep"
