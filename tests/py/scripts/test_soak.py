"""What a soak measures is in its file, and a run that does not end leaves none."""

import json
from pathlib import Path

from scripts.soak.results import Results


def test_figures_are_written_with_their_bounds_and_where_they_were_measured(tmp_path: Path) -> None:
    results = Results("cycles", folder=tmp_path)
    results.at_most("growth", 0.5, 1.0, "MB")
    results.holds("the same text", True, minutes=0.5)
    results.tried("weights", 1000, minutes=2.04)
    assert results.write({"cycles": 50}, {"Chromium": "1.2"}) == 0
    found = json.loads((tmp_path / "cycles.json").read_text(encoding="utf-8"))
    assert found["figures"] == [
        {"name": "growth", "holds": True, "value": 0.5, "limit": 1.0, "unit": "MB"},
        {"name": "the same text", "holds": True, "minutes": 0.5},
        {"name": "weights", "holds": True, "value": 1000, "unit": "files", "minutes": 2.0},
    ]
    assert found["cases"] == {"cycles": 50} and set(found["versions"]) == {"Chromium", "Python"}
    assert found["date"] and "cores" in found["machine"]


def test_a_broken_bound_is_written_and_fails(tmp_path: Path) -> None:
    for broken in (
        lambda results: results.at_most("growth", 1.1, 1.0),
        lambda results: results.at_most("growth", float("nan"), 1.0),
        lambda results: results.holds("the same text", False, "another one"),
        lambda results: results.tried("weights", 10, minutes=1, failures="crash-1"),
    ):
        results = Results("cycles", folder=tmp_path)
        broken(results)
        assert results.write({}, {}) == 1
        (figure,) = json.loads((tmp_path / "cycles.json").read_text(encoding="utf-8"))["figures"]
        assert figure["holds"] is False


def test_what_is_measured_again_replaces_its_figure_alone(tmp_path: Path) -> None:
    first = Results("readers", folder=tmp_path)
    first.tried("pdf", 10, minutes=1, failures="crash-1")
    first.tried("zip", 20, minutes=1)
    assert first.write({}, {}) == 1
    second = Results("readers", folder=tmp_path, again=True)
    second.tried("pdf", 30, minutes=2)
    assert second.write({}, {}) == 0
    assert [(each["name"], each["value"], each["holds"]) for each in second.figures] == [
        ("pdf", 30, True),
        ("zip", 20, True),
    ]


def test_a_run_that_does_not_end_leaves_no_earlier_result(tmp_path: Path) -> None:
    Results("cycles", folder=tmp_path).write({}, {})
    Results("cycles", folder=tmp_path)
    assert not list(tmp_path.iterdir())
