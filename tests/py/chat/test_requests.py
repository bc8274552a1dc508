"""States that a page saves: the same in two steps as in one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from goosequill.chat.replies import say
from goosequill.chat.requests import branch, converse, count_tokens, save_state
from goosequill.loading.load import LoadedModel, load_path
from goosequill.models.saved_state import open_saved_state
from goosequill.support.progress import finish

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load_path(ROOT / "site" / "models" / "default")


def test_a_state_in_two_steps_is_the_state_in_one(loaded: LoadedModel) -> None:
    once = open_saved_state(loaded.model, save_state(loaded.model, loaded.tokenizer, "A feather fell"))
    first = save_state(loaded.model, loaded.tokenizer, "A feather")
    twice = open_saved_state(loaded.model, save_state(loaded.model, loaded.tokenizer, " fell", first))
    assert once is not None and twice is not None
    for name, array in once.arrays.items():
        np.testing.assert_allclose(array, twice.arrays[name], atol=1e-4)


def test_a_branch_continues_on_its_own(loaded: LoadedModel) -> None:
    begun = converse(loaded.model, loaded.tokenizer, loaded.description, system="You are a goose.")
    settings = {"temperature": 0, "max_new_tokens": 8}
    finish(say(begun.value, "Good morning.", settings))
    copy = branch(begun.value)
    assert copy.info == begun.info
    asked = [{"role": "user", "content": "And how are you?"}]
    first = finish(say(copy.value, asked, settings))
    assert len(begun.value.messages) == 2
    assert finish(say(begun.value, asked, settings))["messages"] == first["messages"]
    assert first["tokens"] > count_tokens(begun.value, asked) > 0
