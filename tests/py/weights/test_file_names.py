"""Names of a model's files; the cases are shared with tests/js/engine/file-names.test.js."""

import json
from pathlib import Path
from typing import Any

import pytest

from goosequill.weights.file_names import is_legal, weight_files

CASES: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "data" / "file-names.json").read_text("utf-8")
)


@pytest.mark.parametrize("name", CASES["legal"])
def test_plain_names_are_legal(name: str) -> None:
    assert is_legal(name)


@pytest.mark.parametrize("name", [*CASES["illegal"], "a" * 201])
def test_names_that_lead_elsewhere_are_illegal(name: str) -> None:
    assert not is_legal(name)


@pytest.mark.parametrize("case", CASES["weights"], ids=lambda case: " ".join(case["names"]))
def test_weights_are_recognized_by_name(case: dict[str, list[str]]) -> None:
    assert weight_files(case["names"]) == case["weights"]
