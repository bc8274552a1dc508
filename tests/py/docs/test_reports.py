"""The examples in the article on reports and votes are files of their formats."""

import json
import re
from typing import Any

import jsonschema
from scripts.command import ROOT

from goosequill.evaluation.votes import judge, read_votes

ARTICLE = (ROOT / "docs" / "reference" / "reports.md").read_text(encoding="utf-8")
SCHEMA = ROOT / "docs" / "assets" / "sampling-report.schema.json"


def example(title: str) -> Any:
    (text,) = re.findall(rf'^```json title="{title}"$(.*?)^```$', ARTICLE, re.MULTILINE | re.DOTALL)
    return json.loads(text)


def rows(heading: str) -> set[str]:
    """The names in the first column of a section's first table, without the path before them."""
    section = ARTICLE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return {name.rpartition(".")[2] for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_the_report_is_valid_and_every_field_is_explained() -> None:
    report, schema = example("report.json"), json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate(report, schema)
    result = schema["$defs"]["result"]["properties"]
    prompt = schema["properties"]["prompts"]["items"]["properties"]
    fields = {*schema["properties"], *prompt, *result} - {"prompts", "results"}
    assert rows("Sampling report") == fields
    assert {*report, *report["prompts"][0], *report["prompts"][0]["results"][0]} >= fields


def test_the_votes_are_read_and_every_field_is_explained() -> None:
    votes = example("votes.json")
    (vote,) = read_votes(votes)
    assert (vote.rater, vote.left, vote.right, vote.choice) == ("ann", "my-model", "other-model", "left")
    assert judge([votes])["votes"] == 1
    assert rows("Votes") == {*votes, *votes["votes"][0]} - {"votes", "prompt"}
