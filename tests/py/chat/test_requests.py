"""States that a page saves: the same in two steps as in one."""

from pathlib import Path

import numpy as np
import pytest

from goosequill.chat import conversation
from goosequill.chat.replies import say
from goosequill.chat.requests import count_tokens, save_state, score_reply
from goosequill.conversations.requests import branch, converse
from goosequill.loading.load import LoadedModel
from goosequill.models.saved_state import open_saved_state
from goosequill.support.progress import finish

ROOT = Path(__file__).resolve().parent.parent.parent.parent


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


def test_a_reply_is_scored_as_it_was_written(loaded: LoadedModel) -> None:
    begun = converse(loaded.model, loaded.tokenizer, loaded.description, system="You are a goose.").value
    finish(begun.append([{"role": "user", "content": "Good morning."}]))
    settings = {"temperature": 0, "max_new_tokens": 12, "logprobs": 3}
    chunks = [
        item for item in say(begun.branch(), [], settings) if isinstance(item, dict) and "token" in item
    ]
    tokens = [chunk["token"] for chunk in chunks]
    text = "".join(chunk["text"] for chunk in chunks)
    before = begun.state.copy()
    found = finish(score_reply(begun, text, tokens=tokens))
    assert found["complete"] and [entry["token"] for entry in found["tokens"]] == tokens
    for entry, chunk in zip(found["tokens"], chunks, strict=True):
        assert entry["rank"] == 1 and len(entry["top_logprobs"]) == 10
        np.testing.assert_allclose(entry["logprob"], chunk["logprob"], atol=1e-3)
    assert finish(score_reply(begun, text))["tokens"][:4] == found["tokens"][:4]  # of the text alone
    for name, array in before.arrays.items():
        np.testing.assert_array_equal(array, begun.state.arrays[name])


def test_of_a_long_reply_the_beginning_is_scored(
    loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = converse(loaded.model, loaded.tokenizer, loaded.description).value
    monkeypatch.setattr(conversation, "MOST_SCORED", 3)
    encoded: list[int] = []
    encode = loaded.tokenizer.encode
    monkeypatch.setattr(loaded.tokenizer, "encode", lambda text: encoded.append(len(text)) or encode(text))
    found = finish(score_reply(begun, "la la é " * 1_000_000))
    assert len(found["tokens"]) == 3 and not found["complete"]
    assert max(encoded) <= conversation.MOST_CHARACTERS + 1
    text = "".join(entry["text"] for entry in finish(score_reply(begun, "é \U0001fabf"))["tokens"])
    assert text.strip() == "é \U0001fabf"[: len(text.strip())]
