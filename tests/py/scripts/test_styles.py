"""Only rules that no page can use are removed from a style sheet."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.styles import names_in, trim, trim_styles, without_unused_variables

NAMES = {"shown", "md-button", "wide"}


@pytest.mark.parametrize(
    "rule",
    [
        ".shown{color:red}",
        "p>a[href^=http]{color:red}",
        ".shown:not(.other):hover{color:red}",
        ":is(.other,.shown) p{color:red}",
        '.shown:after{content:"} .other{"}',
        ".shown{background:url(data:image/svg+xml;a{b}c)}",
        "@keyframes other{to{opacity:0}}",
        "@media print{.shown{color:red}}",
        '@charset "UTF-8";',
    ],
)
def test_a_rule_that_may_be_used_is_unchanged(rule: str) -> None:
    assert trim(rule, NAMES) == rule


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (".other{color:red}", ""),
        ("#other .shown{color:red}", ""),
        (".other,.shown:is(h1,h2),.other p{color:red}", ".shown:is(h1,h2){color:red}"),
        ("@media print{.other{color:red}}p{margin:0}", "p{margin:0}"),
        ('.other{content:"}"}.shown{margin:0}', ".shown{margin:0}"),
    ],
)
def test_a_rule_with_unknown_names_is_removed(rule: str, left: str) -> None:
    assert trim(rule, NAMES) == left


def test_names_are_the_pages_classes_and_the_words_of_scripts() -> None:
    page = '<p class="one two" id="three">four</p>'
    assert names_in([page], ['add("five-six")']) == {"one", "two", "three", "add", "five-six"}


def test_unused_variables_are_removed() -> None:
    css = ":root{--used:1;--unused:url('a;b');--elsewhere:2}p{margin:var(--used)}"
    assert without_unused_variables(css, "a{color:var(--elsewhere)}") == (
        ":root{--used:1;--elsewhere:2}p{margin:var(--used)}"
    )


def test_a_site_keeps_the_rules_that_its_pages_and_scripts_name(tmp_path: Path) -> None:
    for name, text in {
        "index.html": '<p class="shown">',
        "assets/app.js": 'element.className = "made"',
        "assets/own.css": "p{color:var(--used)}",
        "assets/stylesheets/main.css": ":root{--used:1}.shown{margin:0}.made{margin:1px}.other{margin:2px}",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    trim_styles(tmp_path)
    kept = (tmp_path / "assets" / "stylesheets" / "main.css").read_text()
    assert kept == ":root{--used:1}.shown{margin:0}.made{margin:1px}"
