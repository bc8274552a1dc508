"""The experiment that learns by heart: what it learns from, what it measures, and what it does not touch."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from goosequill.cli.lab import plain
from goosequill.lab import experiments, tuning
from goosequill.loading.load import LoadedModel, load_path
from goosequill.support.progress import Progress, finish
from tests.py.lab.in_the_page import at_once
from tests.py.tiers import tiers

SETS = json.loads(experiments.path_of(tuning.SETS).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load_path(experiments.SITE / "models" / "default")


def begin(loaded: LoadedModel, **settings: Any) -> tuning.Training:
    return tuning.begin(tuning.Settings.from_dict(settings), loaded, SETS)[0]


def test_the_manners_are_those_of_the_page() -> None:
    assert list(tuning.MANNERS) == [each["name"] for each in SETS["sets"]]
    assert tuning.ASKED in SETS["prompts"]


@pytest.mark.parametrize("examples", [5, 12])
def test_nothing_is_learned_from_what_is_held_back_or_asked(loaded: LoadedModel, examples: int) -> None:
    training = begin(loaded, examples=examples, seed=3)
    kept, held = (
        {loaded.tokenizer.decode(list(unit.rows[0].tokens)) for unit in units}
        for units in (training.kept, training.held_back)
    )
    assert len(kept) == examples and len(held) == 15 - examples and not kept & held
    assert not any(tuning.ASKED in text for text in kept | held)


def test_more_steps_learn_the_examples_better_and_the_best_is_the_least_held_back() -> None:
    parts, run = [], experiments.run("tuning", {"steps": 30, "examples": 5})
    while True:
        try:
            item = next(run)
        except StopIteration as end:
            found = end.value
            break
        if not isinstance(item, Progress):
            parts.append(item)
    assert found["steps"].tolist() == list(range(0, 31, 5)) and len(parts) == 6
    assert (np.diff(found["learned"]) < 0).all() and found["learned"][-1] < found["learned"][0] / 2
    assert found["best"] == found["steps"][found["held"].argmin()]
    assert found["other"][-1] > found["other"][0]
    assert len(set(found["answers"])) > 2 and found["numbers"] == 22_400


@tiers("seeds", 1, 3)
def test_the_page_stops_earlier_as_a_run_with_fewer_steps(loaded: LoadedModel, seeds: int) -> None:
    names = ("steps", "learned", "held", "other", "answers", "best")
    for seed in range(seeds):
        settings = {"steps": 20, "examples": 5, "seed": seed}
        data = json.loads(json.dumps(plain(finish(experiments.run("tuning", settings)))))
        asked = {"settings": {**data["settings"], "steps": 10}, "own": None, "data": data}
        again = {**asked, "settings": {**data["settings"], "steps": 30}}
        (answered, beyond) = at_once("tuning", [asked, again])
        short = plain(finish(experiments.run("tuning", settings | {"steps": 10})))
        assert beyond is None and answered["isWhole"]
        assert {name: answered["data"][name] for name in names} == {name: short[name] for name in names}


def test_what_is_held_back_costs_what_reading_it_costs(loaded: LoadedModel) -> None:
    """The same figure by another way: the model reads each conversation, and wanted tokens are added up."""
    found = finish(experiments.run("tuning", {"steps": 10, "examples": 12}))
    nats, size = 0.0, 0
    for unit in begin(loaded, examples=12).held_back:
        (row,) = unit.rows
        logits = loaded.model.forward(list(row.tokens[:-1]), loaded.model.new_state(), logits="all")
        logits = np.asarray(logits, np.float64)
        costs = np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(logits)), list(row.tokens[1:])]
        nats += float(costs[np.array(row.wanted[1:])].sum())
        size += unit.bytes
    assert found["held"][0] == pytest.approx(nats / math.log(2) / size, rel=1e-3)


@pytest.mark.parametrize(("method", "numbers"), [("norms", 8960), ("state", 3 * 320 * 6)])
def test_only_what_is_chosen_is_tuned(loaded: LoadedModel, method: str, numbers: int) -> None:
    training = begin(loaded, method=method, steps=10)
    list(training.run())
    changed = {name for name, values in training.tensors(training.current).items() if values.any()}
    part = "ln" if method == "norms" else "time_state"
    assert changed and all(part in name for name in changed)
    assert training.current.size == numbers
