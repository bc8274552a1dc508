"""The tokens of a text and their log-probabilities."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goosequill.decoding.tokens import detokenize, logprobs, token_bytes, tokenize
from goosequill.decoding.writer import READ_AT_ONCE
from goosequill.errors import GoosequillError
from goosequill.loading.load import LoadedModel
from goosequill.support.progress import Progress

ROOT = Path(__file__).resolve().parent.parent.parent.parent
TEXT = "It was a fine morning, and the café was open."


def test_tokens_join_to_the_text(loaded: LoadedModel) -> None:
    tokens = [entry["token"] for entry in tokenize(loaded.tokenizer, TEXT)]
    assert detokenize(loaded.model, loaded.tokenizer, tokens) == TEXT


def test_the_bytes_of_tokens_join_to_the_text_in_utf8(loaded: LoadedModel) -> None:
    tokens = loaded.tokenizer.encode(f"{TEXT} \N{GRINNING FACE}")
    parts = token_bytes(loaded.model, loaded.tokenizer, tokens)
    assert bytes(byte for part in parts for byte in part).decode() == f"{TEXT} \N{GRINNING FACE}"


@pytest.mark.parametrize("tokens", [[-1], [10**9], ["a"]])
def test_ids_outside_the_vocabulary_are_refused(loaded: LoadedModel, tokens: list[int]) -> None:
    for function in (detokenize, token_bytes):
        with pytest.raises(GoosequillError):
            function(loaded.model, loaded.tokenizer, tokens)


def read(loaded: LoadedModel, text: str, top: int = 0) -> tuple[list[Progress], list[dict[str, Any]]]:
    """What `logprobs` yields, and what it returns."""
    steps = []
    job = logprobs(loaded.model, loaded.tokenizer, text, top)
    while True:
        try:
            steps.append(next(job))
        except StopIteration as end:
            return steps, end.value


def test_a_long_text_is_read_in_steps_at_which_it_can_be_stopped(loaded: LoadedModel) -> None:
    steps, found = read(loaded, TEXT * 8)
    assert len(steps) == -(-len(found) // READ_AT_ONCE) > 1
    assert [step.loaded for step in steps] == sorted({step.loaded for step in steps})
    assert steps[-1].loaded == steps[-1].total == len(found)


def test_log_probabilities_are_those_of_the_model_step_by_step(loaded: LoadedModel) -> None:
    text = TEXT * 8  # more than is read at once
    _, found = read(loaded, text, top=2)
    assert "".join(entry["text"] for entry in found if entry["text"].isascii()) == text.replace("é", "")
    assert found[0]["logprob"] is None
    state = loaded.model.new_state()
    for before, entry in pairwise(found):
        logits = loaded.model.forward([before["token"]], state).astype(np.float64)
        expected = logits - logits.max()
        expected -= np.log(np.exp(expected).sum())
        assert entry["logprob"] == pytest.approx(expected[entry["token"]], abs=1e-4)
        assert entry["top_logprobs"][0]["logprob"] == pytest.approx(expected.max(), abs=1e-4)
    assert read(loaded, "") == ([], [])
