"""`tune` on the model that the site ships."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import goosequill as gq
from goosequill.api.model import TextModel
from goosequill.errors import SettingsError
from goosequill.evaluation.perplexity import token_bits
from goosequill.loading.load import LoadedModel
from goosequill.tuning.adapter import Method, read_adapter
from goosequill.tuning.applying import adapt
from goosequill.tuning.training import Step
from goosequill.tuning.tune import examples_in, start

ANSWERS = [{"prompt": f"{n} geese", "completion": f", quoth he, be {n} geese."} for n in range(8)]


def test_an_adapter_says_what_it_is_and_the_model_stays(loaded: LoadedModel, tmp_path: Path) -> None:
    model, vectors = TextModel(loaded), {n: a.copy() for n, a in loaded.model.vectors.items()}
    before, told = model.write("7 geese", temperature=0, max_new_tokens=5), list[Step]()
    adapter = gq.tune(model, ANSWERS, steps=6, learning_rate=0.01, name="quoth", on_progress=told.append)
    assert model.write("7 geese", temperature=0, max_new_tokens=5) == before
    assert all((vectors[name] == array).all() for name, array in loaded.model.vectors.items())
    about = adapter.about
    assert [step.step for step in told] == [1, 2, 3, 4, 5, 6]
    assert (about.method, about.name, about.model_name) == ("vectors", "quoth", "default")
    assert about.recipe == {"objective": "texts", "learning_rate": 0.01, "steps": 6, "seed": 0}
    assert {name: about.counts[name] for name in ("examples", "units", "held_back")} == {
        "examples": 8, "units": 6, "held_back": 2
    }  # fmt: skip
    assert about.before is not None and about.after is not None and about.after < 0.9 * about.before
    assert set(adapter.tensors) == set(vectors)
    assert sum(tensor.size for tensor in adapter.tensors.values()) == 22_400
    adapter.write(tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_size < 60_000
    read = read_adapter(tmp_path / "a.safetensors")
    assert read.about == about
    for name, tensor in read.tensors.items():
        np.testing.assert_allclose(tensor, adapter.tensors[name], rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("method", ["vectors", "state"])
def test_the_adapted_model_is_the_one_that_was_measured(loaded: LoadedModel, method: Method) -> None:
    """Another path through other code: the kernel's forward pass, with the adapter in the model's vectors."""
    rate = 0.01 if method == "vectors" else 0.1
    adapter = gq.tune(TextModel(loaded), ANSWERS, steps=5, learning_rate=rate, method=method)
    training = start(loaded, examples_in(loaded, ANSWERS), learning_rate=rate, method=method)
    adapted, bits = adapt(loaded.model, adapter), 0.0
    for unit in training.held_back:
        logits = adapted.forward(unit.rows[0].tokens[:-1], adapted.new_state(), logits="all")
        found = token_bits(logits, unit.rows[0].tokens[1:])
        bits += float(found[np.array(unit.rows[0].wanted[1:])].sum())
    # An adapter has 16 bits, and inputs of products are rounded: a small change can become a larger one.
    assert bits / sum(unit.bytes for unit in training.held_back) == pytest.approx(
        adapter.about.after, rel=3e-3
    )
    assert adapter.about.model == loaded.model.fingerprint
    again = gq.tune(TextModel(replace(loaded, model=adapted)), ANSWERS, cancelled=lambda: True)
    assert again.about.before == adapter.about.before


def test_it_ends_when_it_is_cancelled_with_the_best_so_far(loaded: LoadedModel) -> None:
    steps = list[Step]()
    adapter = gq.tune(
        TextModel(loaded),
        ANSWERS,
        method="state",
        on_progress=steps.append,
        cancelled=lambda: len(steps) == 2,
    )
    assert len(steps) == 2 and adapter.about.recipe["steps"] == 0
    assert {name: tensor.shape for name, tensor in adapter.tensors.items()} == {
        f"blocks.{layer}.att.time_state": (3, 320) for layer in range(6)
    }


def test_examples_come_from_a_path_bytes_or_objects(loaded: LoadedModel, tmp_path: Path) -> None:
    data = "\n".join(map(json.dumps, ANSWERS)).encode()
    (tmp_path / "a.jsonl").write_bytes(data)
    found = [
        gq.tune(TextModel(loaded), examples, cancelled=lambda: True)
        for examples in (tmp_path / "a.jsonl", str(tmp_path / "a.jsonl"), data, ANSWERS)
    ]
    assert all(each.about == found[0].about for each in found)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"steps": 0}, "setting-range"),
        ({"learning_rate": float("nan")}, "setting-range"),
        ({"method": "x"}, "option"),
    ],
)
def test_wrong_options_are_refused(loaded: LoadedModel, options: dict[str, object], code: str) -> None:
    with pytest.raises(SettingsError) as caught:
        gq.tune(TextModel(loaded), ANSWERS, **options)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_a_missing_file_is_named(loaded: LoadedModel) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.txt cannot be read") as caught:
        gq.tune(TextModel(loaded), "nowhere.txt")
    assert caught.value.code == "file-missing"
