"""Markdown: blocks and marks, compared with Python-Markdown, and hostile input."""

import re
import time
from pathlib import Path

import pytest

from goosequill.search.documents.html import read_html
from goosequill.search.documents.limits import given_file
from goosequill.search.documents.markdown import inline, read_markdown
from goosequill.search.sentences import words

DOCS = Path(__file__).resolve().parents[4] / "docs"
GUIDE = """---
title: "The guide"
tags: [a, b]
---
Intro with *emphasis*, **strong** and `code`.

# Start  {#start}

Text that is
wrapped over lines.\\
And a break. See [the page](other.md "Title") or <https://example.org>.

Setext
------

- one
- two with
  more
    1. inner
- [x] done

After the list.

| Name | Value |
|------|:-----:|
| a    | 1 |
| b `x`| 2 |

```python
# not a heading
x = 1
```

!!! note "Mind this"
    An aside of *two*
    lines.

> Quoted text
> goes on.

<!-- hidden
comment -->
<div class="x">Inside</div> ![A goose](goose.png) a\\*b AT&amp;T snake_case_name 2 * 3 * 4

[ref]: https://example.org
"""


def test_blocks_of_markdown_become_paragraphs_under_their_headings() -> None:
    document = read_markdown(given_file("guide.md", GUIDE.encode()))
    assert document.title == "The guide"
    found = [
        (block.headings, document.text[block.start : block.end].split("\n\n")) for block in document.blocks
    ]
    assert found == [
        ((), ["Intro with emphasis, strong and code."]),
        (("Start",), ["Text that is wrapped over lines.\nAnd a break. See the page or https://example.org."]),
        (
            ("Start", "Setext"),
            [
                "one\ntwo with more\ninner\ndone",
                "After the list.",
                "| Name | Value |\n| a | 1 |\n| b x | 2 |",
                "# not a heading\nx = 1",
                "Mind this",
                "An aside of two lines.",
                "Quoted text goes on.",
                "Inside A goose a*b AT&T snake_case_name 2 * 3 * 4",
            ],
        ),
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("**bold** and __bold__ and ***both***", "bold and bold and both"),
        ("~~gone~~ *a* _b_", "gone a b"),
        ("`` a`b `` and `*x*`", "a`b and *x*"),
        ("[![badge](a.svg)](b.md) text[^1]", "badge text"),
        ("[`f()`](a.md) and ![`x`](b)", "f() and x"),
        ("[a][b] and [c](d(e).md)", "a and c"),
        ("&lt;b&gt; <b>x</b> 1 < 2 > 0", "<b> x 1 < 2 > 0"),
        ("a_b_c __init__ *args", "a_b_c init args"),
        ("\\# \\[x\\]", "# [x]"),
    ],
)
def test_marks_within_a_line_are_removed(source: str, text: str) -> None:
    assert inline(source) == text


def test_unclosed_marks_are_text() -> None:
    document = read_markdown(given_file("a.md", b"Before <!-- never closed\n\nAfter **this"))
    assert document.text == "Before <!-- never closed\n\nAfter **this".replace("**", "")
    assert read_markdown(given_file("a.md", b"```\ncode without end")).text == "code without end"
    assert read_markdown(given_file("a.md", b"---\nno: end")).text == "no: end"


def test_the_words_are_those_of_python_markdown() -> None:
    markdown = pytest.importorskip("markdown")
    for path in sorted(DOCS.glob("*/*.md")):
        source = path.read_text("utf-8")
        if "{{" in source or "<!-- generate" in source:
            continue
        extensions = ["tables", "pymdownx.superfences", "admonition", "attr_list", "md_in_html", "sane_lists"]
        plain = re.sub(r'^(```\w+) title=".*"$', r"\1", source, flags=re.MULTILINE)  # it knows no titles
        page = markdown.markdown(plain, extensions=extensions)
        ours, theirs = (
            read_markdown(given_file(path.name, source.encode())),
            read_html(given_file(path.name, page.encode())),
        )
        assert [block.headings for block in ours.blocks] == [block.headings for block in theirs.blocks], path
        for text, other in zip(ours.blocks, theirs.blocks, strict=True):
            mine, their = ours.text[text.start : text.end], theirs.text[other.start : other.end]
            assert [mine[a:b] for a, b in words(mine)] == [their[a:b] for a, b in words(their)], path


HOSTILE = ["[", "![", "[](", "[a](b", "[a](b(", "*", "_a", "**a ", "`", "`a``", "<", "<a", "<!--", "&#"]
HOSTILE += ["> ", "- ", "#", "| ", "|-", "{", "\\", "    a\n", "a\n", "- a\n", "|a|\n", "# a\n", "```\n"]
HOSTILE += ["===\n", "!!! a\n", " ", "\n"]


@pytest.mark.parametrize("unit", HOSTILE)
def test_no_markdown_takes_more_than_linear_time(unit: str) -> None:
    def seconds(length: int) -> float:
        data = ("x " + unit * (length // len(unit))).encode()
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            read_markdown(given_file("a.md", data))
            best = min(best, time.process_time() - start)
        return best

    assert seconds(32_000) < 40 * max(seconds(2_000), 5e-4)  # quadratic would be 256


def test_a_long_line_is_not_searched_for_each_row_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    searched = 0

    class Counted(str):
        def __contains__(self, key: object) -> bool:
            nonlocal searched
            searched += len(self)
            return str(key) in str(self)

    monkeypatch.setattr("goosequill.search.documents.markdown.inline", Counted)
    data = b"x" * 10_000 + b"  \n" + b"a|\n" * 1_000  # two spaces end the line
    assert read_markdown(given_file("a.md", data)).text.endswith("a|")
    assert searched <= 2 * len(data)
