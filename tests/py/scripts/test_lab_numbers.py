"""The laboratory's articles type no number that a run could fill in."""

import re

import pytest
from scripts.command import ROOT

NOT_PROSE = re.compile(
    r"```.*?```|<!--.*?-->|`[^`\n]*`|<[^>]*>|\]\([^)]*\)|^\s*\d+\. ", re.DOTALL | re.MULTILINE
)
"""Code, what is generated, formulas, tags, addresses, and the numbers of a list."""
NUMBER = re.compile(r"\d+(?:[.,]\d+)*%?")
GIVEN = {
    "cumulative": "0 1 2 3 4 6 9 20 80 95% 0.5 0.73",
    "dilation": "1 2 3 4 5 7 8 9 10 12 16 27 32 81",
    "handwriting": "0 1 6 8 16 19 28 64 10,000",
    "launcher": "0.01 0.04 16 19 20 3 32 4 50",
    "letters": "0.001 0.01 0.1 1 1,235 10 100 100,000 14 15% 2,000 20,000 200 200,000 25 255 26 28 40% 49 "
    "5,000 50 500 60% 672 7 7,850 70% 784 80% 82% 90%",
    "lstm": "0 0.1 1 2 3 5 6 7 9 10 16 32 50% 60 64 103 960 1,000 1,920",
    "maze": "100 192 2013 2019 24 32",
    "reading": "0.3 1.5 20 26 28",
    "second-order": "0 0.0000001 1 12 2,000 200 2016 24 3 4 40 400 60 7 90% 99%",
    "sta": "0 0.5 1 1.2 20 28 95% 100 149 150 1,000 5,000 10,000 53,583 200,000 600,000",
    "symmetries": "1 10 100 144 16 2 20 200 2016 2020 3 32 4 4,000 400 64 90 95%",
    "training": "0 1,024 1,152,000 1.5 128 170 18,000 200,000 256 3,000 30 400 500 60,000 784 8,000 9,000 "
    "81% 84% 86%",
    "tuning": "10.6 4 42 60",
}
"""Sizes, settings, levels of intervals, what the first article says, and values of formulas."""


def typed(markdown: str) -> set[str]:
    return set(NUMBER.findall(NOT_PROSE.sub(" ", markdown.split("\n## References")[0])))


@pytest.mark.parametrize("name", GIVEN)
def test_an_article_types_only_numbers_that_are_given(name: str) -> None:
    found = typed((ROOT / "docs" / "lab" / f"{name}.md").read_text(encoding="utf-8"))
    assert found == set(GIVEN[name].split()), "fill in what was measured: <!-- generate: number ... -->"


def test_what_a_run_fills_in_is_not_typed() -> None:
    text = "1. Of `7` [words](#size=9), <!-- generate: number\n.2f a.json 0 --> are 0.73 or 5%."
    assert typed(text + "\n## References\n2016") == {"0.73", "5%"}
