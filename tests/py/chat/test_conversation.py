"""Conversations: what the model reads, and that it reads everything once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from goosequill.chat.choosing import format_of
from goosequill.chat.conversation import Conversation
from goosequill.chat.formats import FORMATS, ChatFormat
from goosequill.chat.saved_state import SavedState, encode_saved_state, load_saved_state
from goosequill.decoding import Chunk, DecodingConfig, End
from goosequill.errors import FileFormatError, SettingsError
from goosequill.kernels import load_kernel
from goosequill.models import Model, load_model
from goosequill.tokenizers import Tokenizer, load_tokenizer
from goosequill.weights import BytesSource
from goosequill.weights.formats.safetensors import encode
from tests.py import checkpoints
from tests.py.checkpoints import source_of
from tests.py.refusals import refused
from tests.py.weights.test_pth import saved as saved_pth

ROOT = Path(__file__).parents[3]
TOKENIZER = load_tokenizer("byte")
GREEDY = DecodingConfig(temperature=0, max_new_tokens=40)


def build(version: str = "7", **sizes: Any) -> Model:
    tensors = checkpoints.MAKERS[version](vocab=256, layers=2, **sizes)
    return load_model(source_of(tensors))


class Scripted:
    """A model that generates given replies, and whose state is the tokens that it has read."""

    def __init__(self, *replies: str | list[int], tokenizer: Tokenizer = TOKENIZER) -> None:
        self.config = SimpleNamespace(vocab_size=tokenizer.vocab_size)
        self.kernel = load_kernel()
        self.tokenizer = tokenizer
        self.replies = [tokenizer.encode(reply) if isinstance(reply, str) else reply for reply in replies]
        self.tokens: list[int] = []

    @property
    def read(self) -> str:
        """The text that the model has read."""
        return self.tokenizer.decode(self.tokens)

    def new_state(self) -> Any:
        return _Read([])

    def forward(self, tokens: Sequence[int], state: Any, *, logits: str = "last") -> Any:
        state.tokens.extend(tokens)
        self.tokens = state.tokens
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

    nbytes = 1

    def __init__(self, tokens: list[int]) -> None:
        self.tokens = tokens
        self.arrays: Any = tokens

    def copy(self) -> _Read:
        return _Read(list(self.tokens))

    def assign(self, tokens: list[int]) -> None:
        self.tokens[:] = tokens


def scripted(*replies: str, **options: Any) -> tuple[Scripted, Conversation]:
    model: Any = Scripted(*replies)
    return model, Conversation(model, TOKENIZER, **options)


def text_of(items: Any) -> str:
    return "".join(item.text for item in items if isinstance(item, (Chunk, End)))


def test_the_model_reads_messages_in_its_format() -> None:
    model, talk = scripted(" Hello.\n\nUser: never shown", " Fine!\n\nUser", system="Be kind.")
    assert text_of(talk.reply("Hi\n\n\nthere", GREEDY)) == " Hello."
    assert model.read == "System: Be kind.\n\nUser: Hi\nthere\n\nAssistant: Hello."
    assert text_of(talk.reply("How are you?", GREEDY)) == " Fine!"
    assert model.read == (
        "System: Be kind.\n\nUser: Hi\nthere\n\nAssistant: Hello.\n\nUser: How are you?\n\nAssistant: Fine!"
    )
    assert talk.messages == [
        {"role": "user", "content": "Hi\n\n\nthere"},  # as it was typed
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "How are you?"},
        {"role": "assistant", "content": "Fine!"},
    ]


def test_a_reply_with_half_a_stop_string_continues() -> None:
    model, talk = scripted(" One.\n\nUs two.\n\nUser")
    assert text_of(talk.reply("Count", GREEDY)) == " One.\n\nUs two."
    assert model.read.endswith("Assistant: One.\n\nUs two.")


def test_a_reply_that_ends_by_length_is_kept_whole() -> None:
    model, talk = scripted(" A long reply\n", " Yes\n\nUser")
    short = DecodingConfig(temperature=0, max_new_tokens=14)
    assert text_of(talk.reply("Talk", short)) == " A long reply\n"
    assert text_of(talk.reply("More?", GREEDY)) == " Yes"
    assert "Assistant: A long reply\n\n\nUser: More?\n\nAssistant: Yes" in model.read


def test_abandoning_a_reply_keeps_what_was_shown() -> None:
    model, talk = scripted(" A long reply", " Yes\n\nUser")
    for item in talk.reply("Talk", GREEDY):
        if isinstance(item, Chunk) and item.text == "l":
            break
    talk_items = talk.reply("More?", GREEDY)
    assert text_of(talk_items) == " Yes"
    assert "Assistant: A l\n\nUser: More?\n\nAssistant: Yes" in model.read


def test_only_the_visible_part_of_a_token_before_a_stop_string_is_read() -> None:
    world = load_tokenizer("world")
    [both] = world.encode("…\n")
    first = [*world.encode(" Hello"), both, *world.encode("\n"), *world.encode("User: x")]
    model = Scripted(first, " Fine\n\nUser", tokenizer=world)
    talk = Conversation(model, world)  # type: ignore[arg-type]
    assert text_of(talk.reply("Hi", GREEDY)) == " Hello…"
    assert model.read == "User: Hi\n\nAssistant: Hello"
    assert text_of(talk.reply("And?", GREEDY)) == " Fine"
    assert model.read == "User: Hi\n\nAssistant: Hello…\n\nUser: And?\n\nAssistant: Fine"


def test_the_default_models_conversation_starts_with_its_tag() -> None:
    description = json.loads((ROOT / "site" / "models" / "default" / "config.json").read_text())
    model, talk = scripted(" Hello.\n\nUser", " Fine.\n\nUser", chat_format=format_of(description))
    assert text_of(talk.reply("Hi", GREEDY)) == " Hello."
    assert text_of(talk.reply("And?", GREEDY)) == " Fine."
    assert model.read == "<dialogue>\nUser: Hi\n\nAssistant: Hello.\n\nUser: And?\n\nAssistant: Fine."


def two_turns(**options: Any) -> tuple[Scripted, Conversation]:
    model, talk = scripted(" One\n\nUser", " Two\n\nUser", " Three\n\nUser", system="Count.", **options)
    for message in ("a", "b"):
        text_of(talk.reply(message, GREEDY))
    return model, talk


@pytest.mark.parametrize("budget", [100, 1, 0])
def test_undoing_a_turn_restores_the_state(monkeypatch: pytest.MonkeyPatch, budget: int) -> None:
    monkeypatch.setattr("goosequill.chat.conversation.UNDO_BUDGET", budget)
    model, talk = two_turns()
    assert talk.undo() == "b"
    assert text_of(talk.reply("c", GREEDY)) == " Two"
    assert model.read == "System: Count.\n\nUser: a\n\nAssistant: One\n\nUser: c\n\nAssistant: Two"
    assert (talk.undo(), talk.undo()) == ("c", "a")
    assert talk.messages == []
    with pytest.raises(SettingsError, match="no turn"):
        talk.undo()
    assert text_of(talk.reply("d", GREEDY)) == " One"
    assert model.read == "System: Count.\n\nUser: d\n\nAssistant: One"


def test_earlier_messages_are_read_with_the_next_one_and_can_be_undone() -> None:
    said = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "One"}]
    model, talk = scripted(" One\n\nUser", " Two\n\nUser", messages=said)
    assert text_of(talk.reply("b", GREEDY)) == " Two"
    assert model.read == "User: a\n\nAssistant: One\n\nUser: b\n\nAssistant: Two"
    assert (talk.undo(), talk.undo()) == ("b", "a")
    with pytest.raises(SettingsError, match="are invalid"):
        Conversation(model, TOKENIZER, messages=[{"role": "goose", "content": "Honk"}])  # type: ignore[arg-type]


def test_a_reply_stopped_before_its_first_token_changes_nothing() -> None:
    model, talk = scripted(" One\n\nUser")
    looks = iter([False, True])
    items = list(talk.reply("long " * 40, GREEDY, cancelled=lambda: next(looks), progress=True))
    assert isinstance(items[-1], End) and items[-1].finish_reason == "abort"
    assert talk.messages == []
    talk.reply("never listened to", GREEDY)
    assert text_of(talk.reply("a", GREEDY)) == " One"
    assert model.read == "User: a\n\nAssistant: One"


def test_another_request_ends_a_reply_in_progress() -> None:
    model, talk = two_turns()
    items = talk.reply("c", GREEDY)
    assert text_of([next(items), next(items)]) == " T"
    assert talk.undo() == "c"
    assert list(items) == []
    assert len(talk.messages) == 4
    text_of(talk.reply("d", DecodingConfig(temperature=0, max_new_tokens=1)))
    talk.undo()
    assert model.read == "System: Count.\n\nUser: a\n\nAssistant: One\n\nUser: b\n\nAssistant: Two"


@pytest.mark.parametrize("search", [{"num_beams": 2}, {"penalty_alpha": 0.1, "top_k": 2}])
def test_a_reply_found_by_search_is_read_with_the_next_message(search: dict[str, Any]) -> None:
    talk = Conversation(model := build(), TOKENIZER)
    shown = text_of(talk.reply("Hello", DecodingConfig(max_new_tokens=5, **search)))
    state = model.new_state()
    model.forward(TOKENIZER.encode(f"User: Hello\n\nAssistant:{shown}\n\n"), state, logits="none")
    saved = talk.save()
    model.forward(TOKENIZER.encode(saved.unread), talk.state, logits="none")
    np.testing.assert_allclose(model.forward([65], talk.state), model.forward([65], state), atol=1e-3)


def test_thoughts_are_separated_from_answers() -> None:
    _, talk = scripted("<think>Hm.</think>Yes.\n\nUser", chat_format=FORMATS["world"])
    text_of(talk.reply("Well?", GREEDY))
    assert talk.messages[-1] == {"role": "assistant", "content": "Yes.", "thought": "Hm."}


def thinking_turns() -> tuple[Scripted, Conversation]:
    model = Scripted(
        " <think>Hm.</think>\nYes\n\nUser",
        " <think>\n</think>\nNo\n\nUser",
        " <think>Well.</think>\nSo\n\nUser",
    )
    talk = Conversation(model, TOKENIZER, chat_format=FORMATS["g1"])  # type: ignore[arg-type]
    for message, effort in (("a", "low"), ("b", "none"), ("c", None)):
        text_of(talk.reply(message, GREEDY, effort=effort))
    return model, talk


TURNS = (
    "User: a (think a bit)\n\nAssistant: <think>Hm.</think>\nYes",
    "\n\nUser: b\n\nAssistant: <think>\n</think>\nNo",
    "\n\nUser: c\n\nAssistant: <think>Well.</think>\nSo",
)


def test_each_turn_thinks_as_long_as_asked_and_messages_stay_as_typed() -> None:
    model, talk = thinking_turns()
    assert model.read == "".join(TURNS)
    assert [message["content"] for message in talk.messages] == ["a", "Yes", "b", "No", "c", "So"]
    assert [message.get("thought") for message in talk.messages[1::2]] == ["Hm.", None, "Well."]


def test_a_saved_conversation_that_thought_continues_exactly() -> None:
    model = build()
    talk = Conversation(model, TOKENIZER, chat_format=FORMATS["g1"])
    list(talk.reply("Hello", GREEDY, effort="high"))
    saved = load_saved_state(BytesSource(encode_saved_state(talk.save(), model)), model)
    again = Conversation(model, TOKENIZER, chat_format=FORMATS["g1"], saved_state=saved)
    assert again.messages == talk.messages and talk.messages[0]["content"] == "Hello"
    replies = [text_of(one.reply("And?", GREEDY, effort="low")) for one in (talk, again)]
    assert replies[0] == replies[1] != ""


@pytest.mark.parametrize("budget", [100, 0])
def test_undoing_turns_that_thought_is_exact_even_where_the_text_is_read_again(
    monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    monkeypatch.setattr("goosequill.chat.conversation.UNDO_BUDGET", budget)
    model, talk = thinking_turns()
    assert (talk.undo(), talk.undo()) == ("c", "b")
    branch = talk.branch()
    for one in (talk, branch):
        text_of(one.reply("b", GREEDY, effort="none"))
        assert model.read == "".join(TURNS[:2])
    assert branch.undo() == "b"
    assert talk.messages == [*branch.messages, *talk.messages[-2:]]


def test_an_effort_that_the_format_does_not_have_changes_nothing() -> None:
    _, talk = scripted(" Yes\n\nUser")
    for effort, code in (("high", "reasoning-effort"), ("much", "setting-type")):
        with refused(SettingsError, code):
            talk.reply("a", GREEDY, effort=effort)
    assert talk.messages == []
    assert text_of(talk.reply("a", GREEDY, effort="none")) == " Yes"  # nothing to switch off


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


def test_a_branch_continues_on_its_own() -> None:
    talk = Conversation(build(), TOKENIZER)
    list(talk.reply("Hello", GREEDY))
    branch = talk.branch()
    expected = text_of(talk.branch().reply("Yes", GREEDY))
    list(talk.reply("No, and much more", GREEDY))
    assert text_of(branch.reply("Yes", GREEDY)) == expected
    assert len(talk.messages) == len(branch.messages) == 4


def test_a_saved_conversation_continues_where_it_was() -> None:
    model = build()
    talk = Conversation(model, TOKENIZER, system="You are a goose.")
    list(talk.reply("Hello", GREEDY))
    saved_state = encode_saved_state(talk.save("goose"), model)
    saved = load_saved_state(BytesSource(saved_state), model)
    assert saved.name == "goose"
    again = Conversation(model, TOKENIZER, saved_state=saved)
    assert again.messages == talk.messages != []
    assert text_of(again.reply("And?", GREEDY)) == text_of(talk.reply("And?", GREEDY))
    assert again.undo() == "And?"
    with pytest.raises(SettingsError, match="no turn"):
        again.undo()


@pytest.mark.parametrize("begun", [True, False])
def test_the_prefix_is_not_read_twice(begun: bool) -> None:
    chat_format = ChatFormat(prefix="<dialogue>\n")
    saved = SavedState(build().new_state().arrays, begun=begun)
    talk = Conversation(build(), TOKENIZER, chat_format=chat_format, system="Hi", saved_state=saved)
    expected = "System: Hi\n\n" if begun else "<dialogue>\nSystem: Hi\n\n"
    assert talk.save().unread == expected


@pytest.mark.parametrize(
    "about",
    [
        {"messages": 3, "name": 4, "unread": []},
        {"messages": [1, {}, {"role": "goose", "content": "x"}, {"role": 1, "content": 2}]},
    ],
)
def test_invalid_metadata_in_a_state_file_is_ignored(about: dict[str, Any]) -> None:
    model = build()
    notes = json.dumps({"format_version": 1, **about})
    file = b"".join(encode(model.new_state().arrays.items(), {"goosequill.state": notes}))
    saved = load_saved_state(BytesSource(file), model)
    assert (saved.name, saved.unread, saved.messages) == ("", "", ())


@pytest.mark.parametrize("version", ["5.2", "6", "7"])
def test_state_tuned_files_are_read(version: str) -> None:
    model = build(version)
    shape = model.new_state().arrays["wkv"].shape
    tuned = torch.randn(shape)
    file = saved_pth({f"blocks.{layer}.att.time_state": tuned[layer] for layer in range(shape[0])})
    saved = load_saved_state(BytesSource(file, "poet.pth"), model)
    assert saved.name == "poet.pth"
    # As RWKV-Runner loads them: the values are first in the file, and in version 7's state.
    stored = tuned if version == "7" else tuned.transpose(-1, -2)
    np.testing.assert_array_equal(saved.arrays["wkv"], stored.numpy())
    talk, plain = Conversation(model, TOKENIZER, saved_state=saved), model.new_state()
    assert not np.allclose(model.forward([65], talk.state), model.forward([65], plain), atol=0.01)


def test_a_state_of_another_model_is_refused() -> None:
    talk = Conversation(build("7"), TOKENIZER)
    file = encode_saved_state(talk.save(), talk.model)
    with pytest.raises(SettingsError, match="another version or size"):
        load_saved_state(BytesSource(file), build("6"))
    tuned = saved_pth({"blocks.0.att.time_state": torch.zeros(2, 64, 64)})
    with pytest.raises(SettingsError, match="another version or size"):
        load_saved_state(BytesSource(tuned), build("7"))
    with pytest.raises(SettingsError, match="another version or size"):
        load_saved_state(BytesSource(tuned), build("4"))


def test_a_file_without_a_state_is_refused() -> None:
    file = b"".join(encode([("wkv", np.zeros(3, np.float32))], {"goosequill.state": "["}))
    with pytest.raises(FileFormatError, match="not contain a saved state"):
        load_saved_state(BytesSource(file), build("4"))


def test_an_empty_message_is_refused() -> None:
    with pytest.raises(SettingsError, match="message is empty"):
        Conversation(build("4"), TOKENIZER).reply(" \n")


ASKED = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Who\n\nare you?"},
    {"role": "assistant", "content": "A goose."},
]


def test_appended_messages_are_read_at_once_and_only_the_last_separator_later() -> None:
    model, talk = scripted("", " Fine!\n\nUser")
    last = list(talk.append(ASKED))[-1]
    read = "System: Be kind.\n\nUser: Who\nare you?\n\nAssistant: A goose."
    assert model.read == read
    assert last.loaded == last.total == len(TOKENIZER.encode(read))
    assert [message["content"] for message in talk.messages] == ["Be kind.", "Who\n\nare you?", "A goose."]
    assert text_of(talk.reply("How are you?", GREEDY)) == " Fine!"
    assert model.read == read + "\n\nUser: How are you?\n\nAssistant: Fine!"
    assert talk.undo() == "How are you?"
    assert talk.undo() == "Who\n\nare you?"
    assert talk.messages == ASKED[:1]


@pytest.mark.parametrize("stop", ["closed", "interrupted", "not begun"])
def test_what_is_not_appended_to_its_end_leaves_no_trace(stop: str) -> None:
    _, talk = scripted(" Hello.\n\nUser", " Fine!\n\nUser")
    text_of(talk.reply("Hi", GREEDY))
    before = list(talk.state.tokens), list(talk.messages)  # type: ignore[attr-defined]
    reading: Any = talk.append([{"role": "user", "content": "long " * 60}])
    if stop != "not begun":
        next(reading)
        assert list(talk.state.tokens) != before[0]  # type: ignore[attr-defined]
    reading.close() if stop == "closed" else talk.branch()
    assert (list(talk.state.tokens), talk.messages) == before  # type: ignore[attr-defined]
    assert text_of(talk.reply("How are you?", GREEDY)) == " Fine!"


def test_a_reply_to_messages_of_all_roles_follows_the_last_one() -> None:
    model, talk = scripted(" Honk.\n\nUser")
    assert text_of(talk.reply(ASKED, GREEDY)) == " Honk."
    whole = "System: Be kind.\n\nUser: Who\nare you?\n\nAssistant: A goose.\n\nAssistant: Honk."
    assert model.read == whole
    assert [message["role"] for message in talk.messages] == ["system", "user", "assistant", "assistant"]
    for wrong in ([{"role": "goose", "content": ""}], [{"content": "x"}], {"role": "user", "content": "x"}):
        with refused(SettingsError, "chat-messages"):
            talk.reply(wrong, GREEDY)  # type: ignore[arg-type]
        with pytest.raises(SettingsError):
            talk.append(wrong)  # type: ignore[arg-type]


def test_a_reply_continues_its_prefix() -> None:
    model, talk = scripted(" ```toml\nname = 1\n\nUser")
    assert text_of(talk.reply("A sheet", GREEDY, prefix="```toml\n")) == "name = 1"
    assert model.read == "User: A sheet\n\nAssistant: ```toml\nname = 1"
    assert talk.messages[-1] == {"role": "assistant", "content": "```toml\nname = 1"}


def test_a_prefix_is_part_of_what_a_constraint_allows() -> None:
    talk = Conversation(build(), TOKENIZER)
    constrained = GREEDY.replace(regex="ab(cd|ef)g")
    assert text_of(talk.reply("Hi", constrained, prefix="abe")) == "fg"
    assert talk.messages[-1]["content"] == "abefg"
    length = len(talk.messages)
    with refused(SettingsError, "all-tokens-removed"):
        text_of(talk.reply("Hi", constrained, prefix="ax"))
    assert len(talk.messages) == length


def test_a_reasoning_model_does_not_think_before_a_prefix() -> None:
    begun = " <think>\n</think>\nY"
    model, talk = scripted(begun + "es.\n\nUser", chat_format=FORMATS["g1"])
    assert text_of(talk.reply("Late?", GREEDY, effort="high", prefix="Y")) == "es."
    assert model.read == f"User: Late?\n\nAssistant:{begun}es."
    assert talk.messages[-1] == {"role": "assistant", "content": "Yes."}


def test_messages_are_counted_in_their_format() -> None:
    talk = Conversation(build(), TOKENIZER)
    assert talk.count([{"role": "user", "content": "Hi"}]) == len("User: Hi\n\n")
    assert talk.count([]) == 0
