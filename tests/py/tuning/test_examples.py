"""Files of examples in every form, and their faults, which name the line."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from goosequill.chat.formats import FORMATS
from goosequill.conversations.tree import Tree
from goosequill.conversations.writing import WRITERS, write
from goosequill.errors import FileFormatError
from goosequill.tuning import examples
from goosequill.tuning.examples import Pair, Rating, Text, make_examples, pieces, read_examples

WORLD = FORMATS["world"]
ASKED = [{"role": "user", "content": "Who are you?"}]
TOLD = [{"role": "assistant", "content": "A goose."}]
SPOKEN = (("User: Who are you?\n\n", False), ("Assistant:", False), (" A goose.\n\n", True))


def lines(*records: Any) -> bytes:
    return "\n".join(map(json.dumps, records)).encode()


def read(*records: Any) -> list[Any]:
    return read_examples(lines(*records), WORLD)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"text": "One\r\ntwo"}, Text((("One\ntwo", True),))),
        ({"prompt": "1 +", "completion": " 1"}, Text((("1 +", False), (" 1", True)))),
        ({"prompt": "", "completion": "Alone"}, Text((("Alone", True),))),
        ({"messages": [*ASKED, *TOLD]}, Text(SPOKEN, ends=False)),
        ({"prompt": ASKED, "completion": TOLD}, Text(SPOKEN, ends=False)),
        ({"prompt": ASKED, "completion": "A goose."}, Text(SPOKEN, ends=False)),
        (
            {"prompt": "a", "completion": "b", "label": False},
            Rating(Text((("a", False), ("b", True))), False),
        ),
        (
            {"prompt": "a", "chosen": "b", "rejected": "c"},
            Pair(Text((("a", False), ("b", True))), Text((("a", False), ("c", True)))),
        ),
        (
            {"chosen": [*ASKED, *TOLD], "rejected": [*ASKED, *TOLD]},
            Pair(Text(SPOKEN, ends=False), Text(SPOKEN, ends=False)),
        ),
    ],
)
def test_every_form_of_an_example(record: Any, expected: Any) -> None:
    assert read(record) == [expected]
    assert read_examples(json.dumps([record]).encode(), WORLD) == [expected]
    assert make_examples([record], WORLD) == [expected]


def test_only_the_assistants_messages_count_and_those_before_the_answer_do_not() -> None:
    earlier = [*ASKED, {"role": "assistant", "content": "Guess."}, *ASKED]
    (found,) = read({"prompt": earlier, "completion": TOLD})
    assert [text for text, wanted in found.parts if wanted] == [" A goose.\n\n"]
    (found,) = read({"messages": [*earlier, *TOLD]})
    assert [text for text, wanted in found.parts if wanted] == [" Guess.\n\n", " A goose.\n\n"]


def test_a_reasoning_model_learns_the_answer_after_an_empty_thought() -> None:
    (found,) = read_examples(lines({"messages": [*ASKED, *TOLD]}), FORMATS["g1"])
    assert found.parts[1:] == (("Assistant: <think>\n</think", False), (">\nA goose.\n\n", True))
    whole = "".join(text for text, _ in found.parts)
    assert whole.startswith(FORMATS["g1"].with_effort("none").prompt(ASKED))


def test_plain_text_is_divided_at_lines_of_percent_or_paragraphs() -> None:
    assert [piece.parts[0][0] for piece in pieces("one\n%\ntwo\n\nlines\n%\n")] == ["one", "two\n\nlines"]
    paragraphs = "\n\n".join(f"{n} " + 20 * "word " for n in range(9))
    found = [piece.parts[0][0] for piece in pieces(paragraphs)]
    assert "\n\n".join(found).split() == paragraphs.split()
    assert all(len(piece) >= examples.PIECE for piece in found[:-1]) and len(found) == 3
    assert [piece.ends for piece in pieces(paragraphs)] == [False] * 3
    assert read_examples("Ein Wort".encode("utf-8-sig"), WORLD) == [Text((("Ein Wort", True),), ends=False)]


def tree() -> Tree:
    found = Tree()
    asked = found.add("user", "Who are you?")
    good, bad = found.add("assistant", "A goose.", asked), found.add("assistant", "Nobody.", asked)
    found.rank([good, bad])
    found.rate(good, 1)
    return found


def test_every_export_of_conversations_that_can_be_learned_is_read() -> None:
    pair = Pair(Text(SPOKEN, ends=False), Text((*SPOKEN[:2], (" Nobody.\n\n", True)), ends=False))
    text = Text(SPOKEN, ends=False)
    found = {
        name: read_examples(write([tree()], name), WORLD)
        for name in WRITERS
        if name not in ("report", "markdown")
    }
    assert found == {
        "oasst-messages": [pair],
        "oasst-trees": [pair],
        "preferences": [pair],
        "kto": [Rating(text, True)],
        "messages": [text],
        "rwkv": [Text((("User: Who are you?\n\nAssistant: A goose.", True),))],
    }
    assert read_examples(write([tree()], "preferences", packed=True), WORLD) == [pair]


def test_conversations_without_preferences_give_the_good_replies() -> None:
    found = Tree()
    found.add("assistant", "A goose.", found.add("user", "Who are you?"))
    assert read_examples(write([found], "oasst-messages"), WORLD) == [Text(SPOKEN, ends=False)]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"text": 5}, "it has text, which is no kind"),
        ({"title": "x", "text": " "}, "nothing that the model should write"),
        ({"prompt": "a", "completion": None}, "nothing that the model should write"),
        ({"prompt": 5, "completion": "b"}, "texts, or lists of messages"),
        ({"prompt": "a", "chosen": "b", "rejected": ""}, "nothing that the model should write"),
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, "of another kind"),
        ({"messages": [{"role": "king", "content": "x"}]}, "unknown role 'king'"),
        ({"messages": ASKED}, "nothing that the model should write"),
        ({"messages": [5]}, "each needs a role"),
        ({"completion": [{"role": "assistant", "content": 5}]}, "each needs a role"),
    ],
)
def test_a_fault_names_the_line(record: Any, why: str) -> None:
    with pytest.raises(FileFormatError, match=f"^Line 2 of the examples: .*{why}") as caught:
        read({"text": "Good."}, record)
    assert caught.value.code == "examples"


@pytest.mark.parametrize(
    "data", [b"", b"  \n", b"%\n%\n", b"[]", b'{"text": "a"}\n{', b"\xff\xfe", b"[1]", b"\x1f\x8b1"]
)
def test_files_without_examples_are_refused(data: bytes) -> None:
    with pytest.raises(FileFormatError) as caught:
        read_examples(data, WORLD)
    assert caught.value.code == "examples"


def test_too_much_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "MOST_BYTES", 50)
    with pytest.raises(FileFormatError, match="more than 50 bytes"):
        read_examples(b"x" * 51, WORLD)
    for record in ({"text": "a" * 999}, {"message_id": "1", "text": "a" * 999, "role": "user"}):
        with pytest.raises(FileFormatError, match="more than 50 bytes"):
            read_examples(gzip.compress(lines(record), 9), WORLD)
    monkeypatch.setattr(examples, "MOST_EXAMPLES", 2)
    with pytest.raises(FileFormatError, match="more than 2 examples"):
        read_examples(b'{"text": "a"}\n' * 3, WORLD)


def test_what_comes_before_each_reply_counts_as_often_as_it_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, last = Tree(), None
    for _ in range(10):
        asked = found.add("user", "Q", last)
        last, worse = (found.add("assistant", "A", asked) for _ in range(2))
        found.rank([last, worse])
    data = write([found], "oasst-messages")
    parts = sum(
        len(text.parts) for pair in read_examples(data, WORLD) for text in (pair.chosen, pair.rejected)
    )
    monkeypatch.setattr(examples, "MOST_PARTS", parts)
    assert len(read_examples(data, WORLD)) == 10
    monkeypatch.setattr(examples, "MOST_PARTS", parts - 1)
    with pytest.raises(FileFormatError, match="messages, those before them included"):
        read_examples(data, WORLD)
