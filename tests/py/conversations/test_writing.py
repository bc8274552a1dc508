from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goosequill.conversations import writing
from goosequill.conversations.pages import read_conversations, write_conversations
from goosequill.conversations.reading import read
from goosequill.conversations.tree import Message, Tree
from goosequill.conversations.writing import WRITERS, write
from goosequill.errors import FileFormatError, SettingsError

from .examples import long, small

SCHEMA = Path(__file__).parents[3] / "docs" / "assets" / "sampling-report.schema.json"
TREES = ("oasst-messages", "oasst-trees")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    fields = st.dictionaries(st.sampled_from(["emojis", "lang", "x", "model_name"]), JSON, max_size=2)
    messages: list[Message] = []
    for number in range(draw(st.integers(1, 8))):
        parent = draw(st.sampled_from([None, *(message.id for message in messages)]))
        role, rank = (
            draw(st.sampled_from(["user", "assistant", "system"])),
            draw(st.none() | st.integers(0, 3)),
        )
        messages.append(Message(f"m{number}", parent, role, draw(TEXT), rank, draw(fields)))
    return Tree(messages, id=draw(TEXT) or "t", title=draw(TEXT), system=draw(TEXT), fields=draw(fields))


def rows(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.decode().splitlines()]


@pytest.mark.parametrize("to", TREES)
@pytest.mark.parametrize("packed", [False, True])
def test_trees_written_and_read_again_are_equal(to: str, packed: bool) -> None:
    other = long(5)
    assert read(write([small_with_ids(), other], to, packed=packed)) == [small_with_ids(), other]


def small_with_ids() -> Tree:
    tree = small()
    names = {message.id: f"m{at}" for at, message in enumerate(tree)}
    messages = [
        Message(names[m.id], m.parent and names[m.parent], m.role, m.text, m.rank, m.fields) for m in tree
    ]
    return Tree(messages, id=tree.id, title=tree.title, system=tree.system, fields=tree.fields)


@settings(max_examples=40)
@given(trees())
def test_any_tree_survives_both_formats(tree: Tree) -> None:
    for to in TREES:
        assert read(write([tree], to)) == [tree]


@settings(max_examples=40)
@given(trees())
def test_any_tree_crosses_to_a_page_and_back(tree: Tree) -> None:
    [value] = read_conversations(write([tree], "oasst-messages"))
    assert json.loads(json.dumps(value)) == value
    assert read(write_conversations([value], "oasst-messages")) == [tree]


def test_open_assistants_names_are_used() -> None:
    [first, second] = rows(write([small_with_ids()], "oasst-trees"))
    assert (first["message_tree_id"], first["tree_state"]) == ("m0", "ready_for_export")
    prompt = first["prompt"]
    assert (prompt["role"], prompt["lang"], "parent_id" in prompt) == ("prompter", "und", False)
    honk, hiss = prompt["replies"]
    assert (honk["rank"], honk["parent_id"], honk["model_name"]) == (0, "m0", "goose")
    assert (hiss["rank"], hiss["emojis"]) == (1, {"-1": 1})
    assert second["prompt"]["text"] == "Another start"
    flat = rows(write([small_with_ids()], "oasst-messages"))
    assert [row["message_tree_id"] for row in flat] == ["m0"] * 5 + ["m5"]


def test_replies_in_trees_are_sorted_by_rank() -> None:
    messages = [Message("q", None, "user", "Q")]
    messages += [Message(id, "q", "assistant", id, rank) for id, rank in (("a", None), ("b", 1), ("c", 0))]
    [row] = rows(write([Tree(messages)], "oasst-trees"))
    assert [reply["message_id"] for reply in row["prompt"]["replies"]] == ["c", "b", "a"]


def test_training_files_have_the_field_names_of_their_tools() -> None:
    system, hello = {"role": "system", "content": "Be brief."}, "Hello, <b>goose</b>.\n\nEnough?"
    asked = {"role": "user", "content": hello}
    [pair] = rows(write([small()], "preferences"))
    assert pair == {
        "prompt": [system, asked],
        "chosen": [{"role": "assistant", "content": "Honk!"}],
        "rejected": [{"role": "assistant", "content": "Hiss."}],
    }
    kto = rows(write([small()], "kto"))
    assert [(row["completion"][0]["content"], row["label"]) for row in kto] == [
        ("Honk, honk!", True),
        ("Hiss.", False),
    ]
    assert kto[1]["prompt"] == [system, asked]
    [sft] = rows(write([small()], "messages"))
    assert [message["role"] for message in sft["messages"]] == ["system", *["user", "assistant"] * 2]
    [rwkv] = rows(write([small()], "rwkv"))
    assert rwkv["text"].startswith(
        "System: Be brief.\n\nUser: Hello, <b>goose</b>.\nEnough?\n\nAssistant: Honk!"
    )
    assert rwkv["text"].endswith("User: Again?\n\nAssistant: Honk, honk!")


@pytest.mark.parametrize("to", ["preferences", "kto", "messages"])
def test_training_files_are_read_again(to: str) -> None:
    assert write(read(write([small()], to)), to) == write([small()], to)


def test_a_report_is_one_that_the_comparer_reads() -> None:
    report = json.loads(write([small()], "report"))
    jsonschema.validate(report, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert [len(prompt["results"]) for prompt in report["prompts"]] == [2, 1]
    assert report["prompts"][0]["results"][0] == {
        "sampling_config": "goose",
        "sampling_params": {},
        "outputs": ["Honk!"],
    }


def test_markdown_says_which_of_several_replies_it_is() -> None:
    text = write([small(), long(2)], "markdown").decode()
    assert text.startswith("# Geese\n\n**System**\n\nBe brief.\n\n**User** (1 of 2)\n\nHello")
    assert "**goose** (1 of 2)\n\nHonk!\n" in text
    assert "\n---\n\n# Conversation\n\n**User**\n\nmessage 0\n\n**Assistant**\n\nmessage 1\n" in text


@pytest.mark.parametrize(("to", "needs"), [("preferences", "Rank"), ("kto", "Rate"), ("messages", "reply")])
def test_an_empty_file_is_refused_with_what_it_needs(to: str, needs: str) -> None:
    tree = Tree([Message("q", None, "user", "Q")])
    with pytest.raises(SettingsError, match=needs) as caught:
        write([tree], to)
    assert caught.value.code == "nothing-to-export"


def test_an_unknown_format_lists_those_that_there_are() -> None:
    with pytest.raises(SettingsError, match="oasst-trees") as caught:
        write([small()], "yaml")
    assert caught.value.code == "setting-type"


def test_a_conversation_too_long_for_nesting_is_refused_there_only() -> None:
    tree = long(2_000)
    with pytest.raises(FileFormatError, match="oasst-messages"):
        write([tree], "oasst-trees")
    assert read(write([tree], "oasst-messages")) == [tree]


def test_a_file_never_grows_beyond_what_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every path of a tree has all that was said before: 400 branches of a long path."""
    monkeypatch.setattr(writing, "MOST_BYTES", 1_000_000)
    tree = long(400)
    for message in list(tree):
        tree.add("assistant", "or", message.id)
    for to in ("messages", "rwkv", "report"):
        with pytest.raises(FileFormatError, match="1,000,000 bytes"):
            write([tree], to)


@pytest.mark.parametrize("to", WRITERS)
def test_control_characters_and_html_stay_what_they_are(to: str) -> None:
    text = "<script>alert(1)</script>\x00\x1b[31m\u202e"
    replies = [
        Message(id, "q", "assistant", said, rank) for id, said, rank in (("a", text, 0), ("b", "x", 1))
    ]
    tree = Tree([Message("q", None, "user", text), *replies])
    tree.rate("a", 1)
    data = write([tree], to).decode()
    record = data if to == "report" else data.partition("\n")[0]
    assert text in (data if to == "markdown" else "".join(strings(json.loads(record))))


def strings(value: Any) -> list[str]:
    """Return every text in a JSON value."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for each in inner for text in strings(each)]
    return [value] if isinstance(value, str) else []
