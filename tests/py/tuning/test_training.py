"""Training on a small random model, which learns letters."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from goosequill.errors import SettingsError
from goosequill.kernels import Kernel, NumpyKernel, load_kernel
from goosequill.models import load_model
from goosequill.tokenizers import load_tokenizer
from goosequill.tuning import training
from goosequill.tuning.examples import Example, Pair, Rating, Text
from goosequill.tuning.sequences import batches
from goosequill.tuning.training import PACE, SLOW_PACE, Adam, Packing, Step, Training
from goosequill.tuning.versions import gradient_of
from tests.py.checkpoints import MAKERS, Tensors, source_of

BYTES = load_tokenizer("byte")


def text(words: str) -> Text:
    return Text((("say: ", False), (words, True)), ends=False)


SONG: list[Example] = [
    text(f"la {word} la {word} la") for word in ("one", "two", "six", "ten", "red", "blue", "go", "be", "no")
]
PAIRS: list[Example] = [Pair(text(f"{n} yes yes"), text(f"{n} no no")) for n in range(10)]
RATINGS: list[Example] = [Rating(text(f"{n} {'yes' if n % 2 else 'no'}"), bool(n % 2)) for n in range(20)]


def begin(
    examples: Sequence[Example] = SONG,
    *,
    kernel: Kernel | None = None,
    states: Tensors | None = None,
    **options: Any,
) -> Training:
    tensors = MAKERS["4"](layers=2, width=32, ffn=64, vocab=256) | (states or {})
    model = load_model(source_of(tensors), kernel=kernel or NumpyKernel())
    options = {"steps": 20, "rates": [0.02], "clock": lambda: 0.0, **options}
    return Training(gradient_of(model), BYTES, examples, **options)


@pytest.mark.parametrize("method", ["vectors", "state"])
@pytest.mark.parametrize(("examples", "part"), [(SONG, 0.99), (PAIRS, 0.95), (RATINGS, 0.95)])
def test_what_is_held_back_gets_better(examples: list[Example], part: float, method: str) -> None:
    found = begin(examples, method=method, rates=[0.02 if method == "vectors" else 0.2])
    before = found.before
    steps = list(found.run())
    assert found.best.loss < part * before.loss
    assert found.best.loss == min(step.held_back for step in steps if step.held_back is not None)
    if examples is not SONG:
        assert before.right == 0 and found.best.right is not None and found.best.right > 0.5
    values = found.values(found.best_values)
    assert found._measure(values, found.held_back).loss == pytest.approx(found.best.loss)
    assert begin(examples, method=method).gradient.model.vectors.keys() >= set(found.tensors()) - set(values)


def test_the_same_seed_gives_the_same_result() -> None:
    one, same, other = begin(), begin(), begin(seed=1)
    losses = [[step.loss for step in each.run()] for each in (one, same, other)]
    assert losses[0] == losses[1] != losses[2]
    np.testing.assert_array_equal(one.best_values, same.best_values)


def test_the_better_learning_rate_is_taken() -> None:
    found = begin(rates=[1e-6, 0.02], steps=15)
    steps = list(found.run())
    assert [(step.rate, step.step) for step in steps] == [
        *((1e-6, n) for n in range(1, 11)), *((0.02, n) for n in range(1, 16))
    ]  # fmt: skip
    assert [step.done for step in steps] == list(range(1, 26)) and {step.total for step in steps} == {25}
    assert (found.rate, found.best_steps) == (0.02, 15)


def test_time_left_is_that_of_the_steps_that_are_left() -> None:
    seconds = iter(range(100))
    steps = list(begin(steps=5, clock=lambda: float(next(seconds))).run())
    assert [step.seconds_left for step in steps] == [4, 3, 2, 1, 0]


def test_tuning_stops_where_it_gets_no_better() -> None:
    found = begin(rates=[1e-12], steps=1000)
    found.best = replace(found.best, loss=-1.0)  # nothing can be better
    steps = list(found.run())
    assert len(steps) <= PACE.measured * (PACE.patience + 20)
    assert found.best_steps == 0


def test_without_patience_it_goes_on_to_the_end() -> None:
    found = begin(rates=[1e-12], steps=60, pace=PACE._replace(patience=float("inf")))
    found.best = replace(found.best, loss=-1.0)
    assert len(list(found.run())) == 60


def test_a_large_model_learns_from_less_at_once_and_is_measured_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert begin().pace == PACE
    monkeypatch.setattr(training, "LARGE", 1000)
    found = begin(steps=20)
    sizes = list[int]()
    slope = found.slope
    monkeypatch.setattr(found, "slope", lambda flat, units: (sizes.append(len(units)), slope(flat, units))[1])
    steps = list(found.run())
    assert [step.step for step in steps if step.held_back is not None] == [10, 20]
    assert max(sizes) == SLOW_PACE.units == 1


def test_examples_can_be_given_to_be_held_back() -> None:
    found = begin(SONG[:6], held_back=SONG[6:], steps=10)
    assert (len(found.kept), len(found.held_back)) == (6, 3)
    list(found.run())
    assert found.loss(found.held_back) == pytest.approx(
        found._measure(found.values(found.current), found.held_back).loss
    )
    assert found.loss(found.kept) < found._measure(found.values(found._start), found.kept).loss


def test_a_part_of_the_vectors_can_be_tuned_alone() -> None:
    found = begin(only="ln")
    list(found.run())
    tensors = found.tensors()
    assert tensors and all("ln" in name for name in tensors) and any(each.any() for each in tensors.values())
    assert found.best.loss < found.before.loss


def test_leaving_at_any_step_keeps_the_best_so_far() -> None:
    found = begin()
    for _ in islice(found.run(), 4):
        pass
    assert not any(tensor.any() for tensor in found.tensors().values())
    for step in found.run():
        if step.step == 7:
            break
    assert found.best_steps == 5 and any(tensor.any() for tensor in found.tensors().values())


def test_a_batch_that_is_divided_gives_the_same_gradient() -> None:
    found = begin(PAIRS)
    units = next(batches(found.kept, 0, 4))
    loss, gradient = found.slope(found.best_values, units)
    found._tokens = 1
    parts_loss, parts = found.slope(found.best_values, units)
    assert parts_loss == pytest.approx(loss)
    np.testing.assert_allclose(parts, gradient, atol=1e-6 * np.abs(gradient).max())


def test_a_model_with_a_state_of_its_own_keeps_it_or_tunes_it() -> None:
    rng = np.random.default_rng(0)
    states = {f"blocks.{n}.att.time_state": rng.random((3, 32)).astype(np.float32) for n in range(2)}
    vectors, state = begin(states=states), begin(states=states, method="state", rates=[0.2])
    assert vectors.before == state.before == state.best != begin().before
    for found in (vectors, state):
        list(found.run())
        assert found.best.loss < found.before.loss
    assert not states.keys() & vectors.tensors().keys()
    for name, tensor in state.tensors().items():
        np.testing.assert_array_equal(tensor[1], states[name][1])


def test_a_denominator_of_the_state_stays_as_it_is() -> None:
    found = begin(method="state", rates=[0.5])
    list(found.run())
    for state in found.tensors().values():
        assert (state[1] == 1).all() and state[0].any() and (state[2] != -1).any()


def test_a_step_whose_gradient_is_not_finite_is_skipped() -> None:
    adam = Adam(np.ones(3, np.float32), 0.1)
    adam.step(np.array([np.nan, 1, 1], np.float32))
    adam.step(np.array([np.inf, 1, 1], np.float32))
    np.testing.assert_array_equal(adam.values, np.ones(3))
    adam.step(np.array([1, -1, 0], np.float32))
    assert np.isfinite(adam.values).all() and adam.values[0] < 1 < adam.values[1]


def test_adam_warms_up_and_clips() -> None:
    change = []
    for size in (1e-3, 1.0, 1e9):
        adam = Adam(np.zeros(1, np.float32), 0.1)
        adam.step(np.array([size], np.float32))
        change.append(float(adam.values[0]))
    assert change == pytest.approx([-0.02] * 3, rel=1e-3)  # a fifth of the rate, whatever the size
    adam = Adam(np.zeros(2, np.float32), 0.1)
    adam.step(np.array([3e9, 4e9], np.float32))
    assert adam._mean == pytest.approx(np.array([0.06, 0.08]))


def test_a_model_that_breaks_is_never_the_best() -> None:
    found = begin(rates=[1e30], steps=10)
    list(found.run())
    assert found.best_steps == 0 and all(np.isfinite(t).all() for t in found.tensors().values())


def test_packing_returns_what_was_packed() -> None:
    values = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.ones(2, np.float32)}
    packing = Packing(values)
    found = packing.unpack(packing.pack(values))
    for name, array in values.items():
        np.testing.assert_array_equal(found[name], array)
    np.testing.assert_array_equal(packing.unpack(packing.pack({"a": values["a"]}))["b"], np.zeros((2, 3)))


def test_memory_does_not_grow_with_the_steps() -> None:
    """A kernel's recorder that keeps what bare products return has filled 2 GB."""
    kernel: Any = load_kernel("native")
    steps = begin(kernel=kernel, steps=200).run()
    tracemalloc.start()
    peaks = []
    for _ in range(2):
        for _ in islice(steps, 6):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()
    tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] and kernel._retained == []


@pytest.mark.parametrize(
    ("options", "code"), [({"examples": SONG[:4]}, "too-few-examples"), ({"method": "x"}, "option")]
)
def test_what_cannot_be_tuned_is_refused(options: dict[str, Any], code: str) -> None:
    with pytest.raises(SettingsError) as caught:
        begin(**options)
    assert caught.value.code == code


def test_steps_tell_what_they_measured() -> None:
    steps: list[Step] = list(begin(PAIRS, steps=7).run())
    assert [step.step for step in steps if step.held_back is not None] == [5, 7]
    assert all((step.right is None) == (step.held_back is None) for step in steps)
