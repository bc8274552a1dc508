"""What leaving out a word changes is exactly what a run from scratch without it gives."""

import math
from typing import Any

import numpy as np
import pytest
import torch

import goosequill
from goosequill.decoding import StateMemory
from goosequill.errors import SettingsError
from goosequill.insight import attribution
from goosequill.insight.attribution import Attribution, Contribution, attribute, attribution_steps
from goosequill.insight.words import group_words
from goosequill.models import Model
from goosequill.support.progress import Progress
from tests.py import jobs
from tests.py.insight.models import BYTE, TEXT, VERSIONS, small_model
from tests.py.refusals import refused


def naive(model: Model, tokens: list[int], target: int) -> tuple[float, int]:
    """The token's log probability after a run from scratch, and the likeliest token, by torch."""
    logits = torch.from_numpy(model.forward(tokens, model.new_state()).astype(np.float64))
    return float(torch.log_softmax(logits, 0)[target]), int(logits.argmax())


def run(model: Model, **options: Any) -> tuple[list[Any], Attribution]:
    found, items = jobs.run(attribution_steps(model, BYTE, TEXT, **options))
    return items, found


@pytest.mark.parametrize("kernel", ["native", "numpy"])
@pytest.mark.parametrize("version", VERSIONS)
def test_contributions_equal_runs_from_scratch(version: str, kernel: str) -> None:
    model = small_model(version, kernel)
    tokens = BYTE.encode(TEXT)
    found = attribute(model, BYTE, TEXT)
    target = tokens[-1]
    with_all, likeliest = naive(model, tokens[:-1], target)
    assert found.logprob == pytest.approx(with_all, abs=1e-5)
    assert (found.token, found.position, found.before) == (target, len(tokens) - 1, 0)
    assert found.likeliest.token == likeliest
    assert [(word.start, word.end, word.text) for word in found.words] == [
        (word.start, word.end, word.text) for word in group_words(BYTE, tokens[:-1])
    ]
    for word in found.words:
        without, instead = naive(model, [*tokens[: word.start], *tokens[word.end : -1]], target)
        assert word.logprob == pytest.approx(without, abs=1e-5)
        assert word.bits == pytest.approx((with_all - without) / math.log(2), abs=1e-4)
        assert word.instead.token == instead
    assert max(abs(word.bits) for word in found.words) > 0.01


@pytest.mark.parametrize("states", [1, 2, 3, 5, 100])
def test_few_kept_states_change_nothing(states: int) -> None:
    model = small_model("7")
    size = model.new_state().nbytes
    found = run(model, budget=states * size)[1]
    assert found == attribute(model, BYTE, TEXT)


def test_no_more_states_are_kept_than_the_budget_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    model, kept = small_model("4"), []
    leave_out = attribution._Run.leave_out
    monkeypatch.setattr(
        attribution._Run, "leave_out", lambda self, number: kept.append(self._kept) or leave_out(self, number)
    )
    run(model, budget=4 * model.new_state().nbytes)
    assert 1 < len(kept[0]) <= 4


def test_the_last_words_come_first_and_progress_ends_with_all_tokens() -> None:
    items, found = run(small_model("4"))
    words = [item for item in items if isinstance(item, Contribution)]
    assert tuple(reversed(words)) == found.words
    progress = [item for item in items if isinstance(item, Progress) and item.status != "prompt"]
    assert [item.loaded for item in progress] == sorted(item.loaded for item in progress)
    assert progress[-1].loaded == progress[-1].total == {item.total for item in progress}.pop()


def test_only_the_last_words_are_left_out_and_all_are_read() -> None:
    model = small_model("7")
    whole, some = attribute(model, BYTE, TEXT), attribute(model, BYTE, TEXT, most_words=3)
    assert some.words == whole.words[-3:]
    assert some.before == whole.words[-3].start
    assert some.logprob == whole.logprob


def test_the_tokens_of_the_words_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attribution, "MOST_TOKENS", 12)
    found = attribute(small_model("4"), BYTE, TEXT)
    assert [word.text for word in found.words] == [" warm", ".", " The", " ca"][1:]


def test_a_text_of_one_word_is_compared_with_an_empty_prompt() -> None:
    model = small_model("4")
    found = attribute(model, BYTE, "ab")
    (word,) = found.words
    assert word.logprob == pytest.approx(naive(model, [0], ord("b"))[0], abs=1e-5)


def test_kept_states_of_the_text_are_used_and_change_nothing() -> None:
    model, tokens = small_model("7"), BYTE.encode(TEXT)
    memory, state = StateMemory(), model.new_state()
    logits = model.forward(tokens[:20], state)
    memory.keep(tokens[:20], state, logits)
    items, found = run(model, memory=memory, most_words=2)
    assert found == attribute(model, BYTE, TEXT, most_words=2)
    assert items[0] == Progress("prompt", found.before - 1, found.before - 1)


@pytest.mark.parametrize(("text", "index"), [("abc", 0), ("abc", 3), ("abc", -4), ("a", -1), ("", -1)])
def test_a_token_without_a_prediction_is_refused(text: str, index: int) -> None:
    with refused(SettingsError, "token-index"):
        attribute(small_model("4"), BYTE, text, index)


def test_a_token_outside_the_vocabulary_is_refused() -> None:
    with refused(SettingsError, "token-range"):
        attribute(small_model("4"), BYTE, [65, 66, 256])


def test_progress_is_reported() -> None:
    seen: list[tuple[int, int]] = []
    attribute(small_model("4"), BYTE, TEXT, progress=lambda *both: seen.append(both))
    assert seen[-1][0] == seen[-1][1] > 0


def test_the_package_offers_it() -> None:
    assert goosequill.attribute is attribute
    with pytest.raises(AttributeError, match="no attribute 'contribute'"):
        _ = goosequill.contribute
