"""Conversations: what the model reads, and a state that never re-reads its past."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from goosequill.conversation import Conversation
from goosequill.decoding import Chunk, DecodingConfig, End
from goosequill.errors import FileFormatError, SettingsError
from goosequill.models import Model, load_model
from goosequill.personas import load_persona, save_persona
from goosequill.tokenizers import Tokenizer, load_tokenizer
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.safetensors import encode
from tests.py import checkpoints
from tests.py.weights.test_pth import saved

TOKENIZER = load_tokenizer("byte")
GREEDY = DecodingConfig(temperature=0, max_new_tokens=40)


def build(version: str = "7", **sizes: Any) -> Model:
    tensors = checkpoints.MAKERS[version](vocab=256, layers=2, **sizes)
    return load_model(open_tensors(BytesSource(b"".join(encode(tensors.items())))))


class Scripted:
    """A model that writes one reply after another, and whose state is what it has read."""

    def __init__(self, *replies: str | list[int], tokenizer: Tokenizer = TOKENIZER) -> None:
        self.config = SimpleNamespace(vocab_size=tokenizer.vocab_size)
        self.tokenizer = tokenizer
        self.replies = [tokenizer.encode(reply) if isinstance(reply, str) else reply for reply in replies]
        self.tokens: list[int] = []

    @property
    def read(self) -> str:
        """All that was read."""
        return self.tokenizer.decode(self.tokens)

    def new_state(self) -> Any:
        return _Read(self.tokens)

    def forward(self, tokens: Sequence[int], state: Any, *, logits: str = "last") -> Any:
        state.tokens.extend(tokens)
        if logits == "none":
            return None
        text = self.tokenizer.decode(state.tokens)
        turn = text.count("User: ") - 1
        reply = text[text.rindex("Assistant:") + len("Assistant:") :]
        written = len(self.tokenizer.encode(reply)) if reply else 0
        scores = np.zeros(self.config.vocab_size, np.float32)
        scores[self.replies[turn][written] if written < len(self.replies[turn]) else 0] = 50
        return scores


class _Read:
    """A state that is the list of what was read."""

    def __init__(self, tokens: list[int]) -> None:
        self.tokens = tokens
        self.arrays: Any = tokens

    def copy(self) -> _Read:
        return _Read(list(self.tokens))

    def assign(self, tokens: list[int]) -> None:
        self.tokens[:] = tokens


def text_of(items: Any) -> str:
    return "".join(item.text for item in items if isinstance(item, (Chunk, End)))


def test_what_the_model_reads_is_the_form_that_it_knows() -> None:
    model = Scripted(" Hello.\n\nUser: never shown", " Fine!\n\nUser")
    talk = Conversation(model, TOKENIZER, system="Be kind.")  # type: ignore[arg-type]
    assert text_of(talk.reply("Hi\n\n\nthere", GREEDY)) == " Hello."
    assert model.read == "System: Be kind.\n\nUser: Hi\nthere\n\nAssistant: Hello."
    assert text_of(talk.reply("How are you?", GREEDY)) == " Fine!"
    assert model.read == (
        "System: Be kind.\n\nUser: Hi\nthere\n\nAssistant: Hello.\n\nUser: How are you?\n\nAssistant: Fine!"
    )
    assert talk.messages == [
        {"role": "user", "content": "Hi\nthere"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "How are you?"},
        {"role": "assistant", "content": "Fine!"},
    ]


def test_a_reply_that_only_seemed_to_stop_goes_on() -> None:
    model = Scripted(" One.\n\nUs two.\n\nUser")
    talk = Conversation(model, TOKENIZER)  # type: ignore[arg-type]
    assert text_of(talk.reply("Count", GREEDY)) == " One.\n\nUs two."
    assert model.read.endswith("Assistant: One.\n\nUs two.")


def test_a_reply_cut_off_by_its_length_is_carried_on_whole() -> None:
    model = Scripted(" A long reply\n", " Yes\n\nUser")
    talk = Conversation(model, TOKENIZER)  # type: ignore[arg-type]
    short = DecodingConfig(temperature=0, max_new_tokens=14)
    assert text_of(talk.reply("Talk", short)) == " A long reply\n"
    assert text_of(talk.reply("More?", GREEDY)) == " Yes"
    assert "Assistant: A long reply\n\n\nUser: More?\n\nAssistant: Yes" in model.read


def test_leaving_in_the_middle_loses_nothing_that_was_shown() -> None:
    model = Scripted(" A long reply", " Yes\n\nUser")
    talk = Conversation(model, TOKENIZER)  # type: ignore[arg-type]
    for item in talk.reply("Talk", GREEDY):
        if isinstance(item, Chunk) and item.text == "l":
            break
    talk_items = talk.reply("More?", GREEDY)
    assert text_of(talk_items) == " Yes"
    assert "Assistant: A l\n\nUser: More?\n\nAssistant: Yes" in model.read


def test_a_token_that_ends_the_reply_and_begins_the_stop_is_read_in_part() -> None:
    world = load_tokenizer("world")
    [both] = world.encode("…\n")
    first = [*world.encode(" Hello"), both, *world.encode("\n"), *world.encode("User: x")]
    model = Scripted(first, " Fine\n\nUser", tokenizer=world)
    talk = Conversation(model, world)  # type: ignore[arg-type]
    assert text_of(talk.reply("Hi", GREEDY)) == " Hello…"
    assert model.read == "User: Hi\n\nAssistant: Hello"
    assert text_of(talk.reply("And?", GREEDY)) == " Fine"
    assert model.read == "User: Hi\n\nAssistant: Hello…\n\nUser: And?\n\nAssistant: Fine"


def test_the_state_is_that_of_the_whole_text() -> None:
    model = build()
    talk, tokens = Conversation(model, TOKENIZER), []
    for message, before in (("one", ""), ("two", "\n\n"), ("three", "\n\n")):
        tokens += TOKENIZER.encode(f"{before}User: {message}\n\nAssistant:")
        tokens += [item.token for item in talk.reply(message, GREEDY) if isinstance(item, Chunk)]
    state = model.new_state()
    model.forward(tokens, state, logits="none")
    for name, array in state.arrays.items():
        np.testing.assert_allclose(talk.state.arrays[name], array, rtol=1e-3, atol=1e-4)


def test_a_branch_has_its_own_future() -> None:
    talk = Conversation(build(), TOKENIZER)
    list(talk.reply("Hello", GREEDY))
    twin = talk.branch()
    expected = text_of(talk.branch().reply("Yes", GREEDY))
    list(talk.reply("No, and much more", GREEDY))
    assert text_of(twin.reply("Yes", GREEDY)) == expected
    assert len(talk.messages) == len(twin.messages) == 4


def test_a_saved_conversation_goes_on_where_it_was() -> None:
    model = build()
    talk = Conversation(model, TOKENIZER, system="You are a goose.")
    list(talk.reply("Hello", GREEDY))
    saved_state = save_persona(talk.persona("goose"), model)
    persona = load_persona(BytesSource(saved_state), model)
    assert persona.name == "goose"
    assert text_of(Conversation(model, TOKENIZER, persona=persona).reply("And?", GREEDY)) == text_of(
        talk.reply("And?", GREEDY)
    )


@pytest.mark.parametrize("version", ["5.2", "6", "7"])
def test_a_state_tuned_file_is_a_persona(version: str) -> None:
    model = build(version)
    shape = model.new_state().arrays["wkv"].shape
    tuned = torch.randn(shape)
    file = saved({f"blocks.{layer}.att.time_state": tuned[layer] for layer in range(shape[0])})
    persona = load_persona(BytesSource(file, "poet.pth"), model)
    assert persona.name == "poet.pth"
    np.testing.assert_array_equal(persona.arrays["wkv"], tuned.transpose(-1, -2).numpy())
    talk, plain = Conversation(model, TOKENIZER, persona=persona), model.new_state()
    assert not np.allclose(model.forward([65], talk.state), model.forward([65], plain), atol=0.01)


def test_a_state_of_another_model_is_refused() -> None:
    talk = Conversation(build("7"), TOKENIZER)
    file = save_persona(talk.persona(), talk.model)
    with pytest.raises(SettingsError, match="another version or size"):
        load_persona(BytesSource(file), build("6"))
    tuned = saved({"blocks.0.att.time_state": torch.zeros(2, 64, 64)})
    with pytest.raises(SettingsError, match="another version or size"):
        load_persona(BytesSource(tuned), build("7"))
    with pytest.raises(SettingsError, match="another version or size"):
        load_persona(BytesSource(tuned), build("4"))


def test_a_file_without_a_state_is_refused() -> None:
    file = b"".join(encode([("wkv", np.zeros(3, np.float32))], {"goosequill.state": "["}))
    with pytest.raises(FileFormatError, match="no saved state"):
        load_persona(BytesSource(file), build("4"))


def test_an_empty_message_is_refused() -> None:
    with pytest.raises(SettingsError, match="no message"):
        Conversation(build("4"), TOKENIZER).reply(" \n")
