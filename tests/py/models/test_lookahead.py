"""A pass over guesses, and the state that follows it, compared with single steps bit by bit."""

from typing import Any

import numpy as np
import pytest

from goosequill.kernels import NumpyKernel, Shortlist, SimdKernel, load_kernel
from goosequill.models import Model, load_model
from goosequill.models.lookahead import COUNTS, MOST_AT_ONCE, Lookahead, Pace
from goosequill.models.state import State
from goosequill.weights.packing import SKETCHED
from tests.py import checkpoints
from tests.py.checkpoints import MAKERS, Tensors, source_of

TOKENS = np.random.default_rng(1).integers(0, 50, 64).tolist()


def build(tensors: Tensors, bits: Any = None) -> Model:
    source = source_of(tensors)
    return load_model(source, kernel=load_kernel(), quantize=bits)


def borrow(model: Model) -> Lookahead:
    assert model.lookaheads
    lookahead = model.lookaheads.borrow(model)
    assert lookahead
    return lookahead


def give_back(model: Model, lookahead: Lookahead) -> None:
    assert model.lookaheads
    model.lookaheads.give_back(lookahead)


def assert_same(model: Model, shortlist: Shortlist | None, state: State, other: State) -> None:
    for name, array in state.arrays.items():
        np.testing.assert_array_equal(array, other.arrays[name], name)
    assert pauses(model, shortlist, state) == pauses(model, shortlist, other)


def pauses(model: Model, shortlist: Shortlist | None, state: State) -> tuple[int, int]:
    """For how many tokens no sketch is read, now and when that began."""
    assert isinstance(model.kernel, SimdKernel)
    found = model.kernel.pauses(state.programs, (model, shortlist), 1)
    return (0, 0) if found is None else (int(found[0, 0]), int(found[0, 1]))


def check(model: Model, shortlist: Shortlist | None, tokens: list[int]) -> int:
    """Read tokens with guesses, of which every other pass has a wrong one; return the passes."""
    logits: Any = shortlist or "last"
    state, other, lookahead = model.new_state(), model.new_state(), borrow(model)
    random, at, passes = np.random.default_rng(2), 0, 0
    while at < len(tokens):
        count = int(random.choice(COUNTS))
        wrong = int(random.integers(1, 2 * count))
        guesses = tokens[at : at + count]
        if wrong < len(guesses):
            guesses[wrong] = (guesses[wrong] + 1) % 50
        rows = lookahead.read(model, guesses, state, shortlist) if len(guesses) > 1 else None
        alone = rows is None
        if rows is None:
            rows = model.forward(tokens[at : at + 1], state, logits=logits)[None]
        else:
            passes += 1
            assert_same(model, shortlist, state, other)
        for row, found in enumerate(rows[: min(wrong, len(rows))]):
            expected = model.forward(tokens[at : at + 1], other, logits=logits)
            np.testing.assert_array_equal(found, expected)
            if not alone:
                lookahead.advance(state, row)
            assert_same(model, shortlist, state, other)
            at += 1
    give_back(model, lookahead)
    return passes


@pytest.mark.parametrize("bits", [None, 8, 4])
@pytest.mark.parametrize("version", MAKERS)
def test_guesses_change_no_bit(version: str, bits: int | None) -> None:
    assert check(build(MAKERS[version](), bits), None, TOKENS) > 5


@pytest.mark.parametrize("spread", [1.0, 0.6, 0.0])
def test_guesses_change_no_bit_where_a_sketch_is_read(spread: float) -> None:
    """The flatter the head, the more often the sketch is of no help, and is then not read for a while."""
    tensors = checkpoints.rwkv7(layers=1, width=64, ffn=64, vocab=SKETCHED)
    tensors["head.weight"] *= spread
    tensors["head.weight"][:, :4] += 1 - spread
    model, shortlist = build(tensors, 8), Shortlist(1)
    assert check(model, shortlist, TOKENS * 6) > 5
    state, rested = model.new_state(), []
    for token in TOKENS:
        model.forward([token], state, logits=shortlist)
        rested.append(pauses(model, shortlist, state) > (0, 0))
    assert any(rested) == (spread < 1)


def test_a_pass_needs_a_plain_one_before_where_only_some_logits_are_exact() -> None:
    model = build(checkpoints.rwkv7())
    assert borrow(model).read(model, [1, 2], model.new_state(), Shortlist(1)) is None


def test_lookaheads_are_limited_and_used_again() -> None:
    model = build(checkpoints.rwkv4())
    lent = [borrow(model) for _ in range(MOST_AT_ONCE)]
    assert model.lookaheads
    assert model.lookaheads.borrow(model) is None
    give_back(model, lent[0])
    assert borrow(model) is lent[0]


def test_the_numpy_kernel_does_not_look_ahead() -> None:
    """Its results for several tokens differ from those for one in the last bits."""
    source = source_of(checkpoints.rwkv4())
    assert load_model(source, kernel=NumpyKernel()).lookaheads is None


def test_a_pass_that_was_interrupted_hardly_changes_the_expected_time() -> None:
    pace = Pace()
    pace.note(1, 1.0)
    pace.note(1, 1000.0)
    assert pace.expected(1) == pytest.approx(1.02)
    assert pace.expected(4) > pace.expected(2) > pace.expected(1)


def test_a_first_pass_that_was_interrupted_is_forgotten() -> None:
    pace, usual = Pace(), Pace()
    for each in (pace, usual):
        each.note(1, 1.0)
    pace.note(4, 1000.0)
    for _ in range(600):
        pace.forget(4)
    assert pace.expected(4) == pytest.approx(usual.expected(4), rel=0.05)
