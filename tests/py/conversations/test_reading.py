from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from goosequill.conversations.reading import read
from goosequill.conversations.tree import Message, Tree
from goosequill.conversations.writing import write
from goosequill.errors import FileFormatError

from .examples import lines, texts

OASST: dict[str, Any] = {
    "message_id": "1",
    "user_id": "u",
    "text": "Why?",
    "role": "prompter",
    "lang": "en",
    "review_result": True,
    "synthetic": False,
    "emojis": {"+1": 3},
    "labels": {"spam": {"value": 0.0, "count": 3}},
    "replies": [
        {"message_id": "2", "parent_id": "1", "text": "So.", "role": "assistant", "lang": "en", "rank": 0,
         "replies": [{"message_id": "4", "parent_id": "2", "text": "Oh.", "role": "prompter", "lang": "en"}]},
        {"message_id": "3", "parent_id": "1", "text": "No.", "role": "assistant", "lang": "en", "rank": 1},
    ],
}  # fmt: skip


def flat(message: dict[str, Any], tree: str) -> list[dict[str, Any]]:
    rest = {name: value for name, value in message.items() if name != "replies"} | {"message_tree_id": tree}
    return [rest, *(row for reply in message.get("replies", []) for row in flat(reply, tree))]


def one(*records: Any) -> Tree:
    [tree] = read(lines(*records))
    return tree


def said(tree: Tree) -> list[tuple[str, str]]:
    return [(message.role, message.text) for message in tree]


def test_open_assistant_trees_and_messages_are_the_same() -> None:
    tree = one({"message_tree_id": "1", "tree_state": "ready_for_export", "prompt": OASST})
    rows = flat(OASST, "1")
    assert tree == one(*rows) == one(*rows[::-1])
    assert texts(tree) == ["Why?", "So.", "Oh.", "No."]
    assert [tree[id].rank for id in "1234"] == [None, 0, 1, None]
    assert tree["1"].rating == 1
    assert tree["1"].fields["labels"] == OASST["labels"]
    assert [(better.text, worse.text) for better, worse in tree.preferences()] == [("So.", "No.")]


def test_open_assistant_threads_of_one_tree_are_joined() -> None:
    rows = {row["message_id"]: row for row in flat(OASST, "1")}
    threads = [{"thread_id": path[-1], "thread": [rows[id] for id in path]} for path in ("124", "13")]
    assert one(*threads) == one(*rows.values())


def test_chatgpts_export_keeps_branches_and_skips_what_is_no_text() -> None:
    def node(id: str, parent: str | None, role: str | None, *parts: Any, **content: Any) -> dict[str, Any]:
        message = None
        if role:
            message = {
                "author": {"role": role},
                "content": {"content_type": "text", "parts": list(parts), **content},
                "metadata": {"model_slug": "gpt-x"},
                "create_time": 1_700_000_000.5,
            }
        return {"id": id, "parent": parent, "message": message, "children": []}

    nodes = [
        node("root", None, None),
        node("system", "root", "system", ""),
        node("a", "system", "user", "Why?", {"asset_pointer": "image"}),
        node("b", "a", "assistant", "So."),
        node("c", "a", "assistant", "print(1)", content_type="code"),
        node("d", "c", "tool", "1"),
        node("e", "d", "assistant", "No."),
    ]
    mapping = {found["id"]: found for found in nodes}
    for found in nodes:
        if found["parent"]:
            mapping[found["parent"]]["children"].append(found["id"])
    export = [{"conversation_id": "x", "title": "Reasons", "mapping": mapping, "current_node": "e"}]
    [tree] = read(json.dumps(export).encode())
    assert (tree.id, tree.title, tree.fields["current_node"]) == ("x", "Reasons", "e")
    assert said(tree) == [("user", "Why?"), ("assistant", "So."), ("assistant", "No.")]
    assert [message.text for message in tree.siblings("e")] == ["So.", "No."]
    assert tree["b"].model == "gpt-x"
    assert tree["b"].fields["created_date"] == "2023-11-14T22:13:20.500000+00:00"


ASKED, ANSWERED = {"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}
QUESTION, ANSWER = {"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}
PARTS = {"role": "user", "content": [{"type": "text", "text": "Q"}]}


@pytest.mark.parametrize(
    "record",
    [
        {"conversations": [{"from": "system", "value": "S"}, ASKED, ANSWERED]},
        {"system": "S", "conversations": [ASKED, ANSWERED]},
        {"messages": [{"role": "system", "content": "S"}, QUESTION, ANSWER]},
        {"messages": [{"role": "developer", "content": "S"}, PARTS, ANSWER]},
    ],
)
def test_lists_of_messages_are_a_path(record: dict[str, Any]) -> None:
    tree = one({**record, "source": "somewhere"})
    assert (tree.system, said(tree)) == ("S", [("user", "Q"), ("assistant", "A")])
    assert tree.fields == {"source": "somewhere"}


@pytest.mark.parametrize("prompt", ["Q", [{"role": "user", "content": "Q"}]])
def test_preferences_and_ratings_become_ranks_and_ratings(prompt: Any) -> None:
    reply = [{"role": "assistant", "content": "A"}]
    chosen = one({"prompt": prompt, "chosen": reply, "rejected": "B"})
    assert [(better.text, worse.text) for better, worse in chosen.preferences()] == [("A", "B")]
    for label, rating in ((True, 1), (False, -1)):
        rated = one({"prompt": prompt, "completion": reply, "label": label})
        assert (said(rated), rated.leaves()[0].rating) == ([("user", "Q"), ("assistant", "A")], rating)
    assert one({"prompt": prompt, "completion": "A"}).leaves()[0].rating == 0


def test_a_file_that_is_read_twice_has_the_same_ids() -> None:
    data = lines(*[{"messages": [{"role": "user", "content": "Q"}]}] * 3)
    assert read(data) == read(data)
    assert len({tree.id for tree in read(data)}) == 3


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([], "no record|Expecting"),
        ([{"name": "x"}], "Line 1 .*name is in no format"),
        ([{"messages": []}, {"messages": 3}], "Line 2 .*not a list"),
        ([{"conversations": []}, {"from": "gpt", "value": "A"}], "Line 2 .*not a list"),
        ([{"prompt": "Q", "completion": "A"}, {"from": "gpt", "value": "A"}], "Line 2 .*not a list"),
        ([{"messages": [{"role": "user", "content": None}]}], "no text"),
        ([{"messages": [{"role": "pirate", "content": "Arr"}]}], "unknown role 'pirate'"),
        ([{"messages": [3]}], "not an object"),
        ([{"message_id": "1", "role": "prompter", "text": "a"}] * 2, "Line 2 .*same id|Line 2 .*the id '1'"),
        ([{"message_id": "1", "parent_id": "0", "role": "prompter", "text": "a"}], "missing"),
        (
            [{"message_id": a, "parent_id": b, "role": "prompter", "text": ""} for a, b in ("12", "21")],
            "circle",
        ),
        ([{"message_id": 1, "role": "prompter", "text": "a"}], "Line 1 "),
        ([{"message_tree_id": "1", "prompt": {"role": "prompter", "text": "a", "replies": 3}}], "replies"),
        ([{"message_tree_id": "1", "prompt": 3}], "not an object"),
        ([{"thread": [3]}], "list of messages"),
        ([{"mapping": {"a": 3}}], "mapping"),
        ([{"mapping": {"a": {"children": 3}}}], "children"),
        ([{"chosen": "A", "rejected": [], "prompt": "Q"}], "reply is empty"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(records: list[Any], why: str) -> None:
    with pytest.raises(FileFormatError, match=why) as caught:
        read(lines(*records))
    assert caught.value.code == "conversations"
    assert caught.value.remedy


def test_nodes_that_are_each_others_children_end() -> None:
    message = {"author": {"role": "user"}, "content": {"parts": ["x"]}}
    mapping = {a: {"message": message, "parent": "gone", "children": [b, a]} for a, b in ("ab", "ba")}
    [tree] = read(lines({"mapping": mapping}))
    assert len(tree) == 2


def test_a_published_file_of_many_conversations_is_read() -> None:
    """Ten thousand trees, and a path of twenty thousand messages: no step of reading is quadratic."""
    trees = [
        {"message_tree_id": str(at), "prompt": {**OASST, "message_id": f"m{at}", "replies": []}}
        for at in range(10_000)
    ]
    assert len(read(lines(*trees))) == 10_000
    rows = [
        {"message_id": str(at), "parent_id": str(at - 1) if at else None, "role": "prompter", "text": "a"}
        for at in range(20_000)
    ]
    assert len(one(*rows[::-1])) == 20_000


NASTY = "<img src=x onerror=alert(1)>\0\x1b[31m\u202e\r\n"


def deep() -> Tree:
    return Tree([Message(str(at), str(at - 1) if at else None, "user", "a") for at in range(50_000)])


def wide() -> Tree:
    return Tree([Message(str(at), "0" if at else None, "user", "a") for at in range(100_000)])


def long() -> Tree:
    return Tree([Message("0", None, "assistant", "la " * 1_700_000)])


def nasty() -> Tree:
    fields: dict[str, Any] = {NASTY: NASTY, "emojis": NASTY, "labels": [NASTY], "model_name": NASTY}
    about: dict[str, Any] = {"id": NASTY, "title": NASTY, "system": NASTY, "fields": {NASTY: {NASTY: NASTY}}}
    return Tree([Message(NASTY, None, "user", NASTY, fields=fields)], **about)


@pytest.mark.parametrize("make", [deep, wide, long, nasty])
def test_hostile_conversations_are_written_and_read_as_they_are(make: Callable[[], Tree]) -> None:
    tree = make()
    [found] = read(write([tree], "oasst-messages"))
    assert found == tree
    assert all(message.rating == 0 for message in found)


def test_a_tree_that_is_nested_too_deep_is_refused_with_the_figure() -> None:
    message: dict[str, Any] = {**OASST, "message_id": "0", "replies": []}
    for at in range(1, 300):
        message = {**OASST, "message_id": str(at), "replies": [message]}
        if at == 200:
            assert len(one({"message_tree_id": "t", "prompt": message})) == 201
    nested = '{"message_tree_id":"t","prompt":' + '{"replies":[' * 50_000 + "]}" * 50_000 + "}"
    for data in (lines({"message_tree_id": "t", "prompt": message}), nested.encode()):
        with pytest.raises(FileFormatError, match=r"Line 1 .*nested too deep: more than 500 lists"):
            read(data)
