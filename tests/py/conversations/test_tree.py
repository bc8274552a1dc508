from __future__ import annotations

from itertools import islice

import pytest

from goosequill.conversations.tree import MOST_COMPARED, Message, Tree
from goosequill.errors import SettingsError

from .examples import long, small, texts


def id_of(tree: Tree, text: str) -> str:
    return next(message.id for message in tree if message.text == text)


def test_messages_come_after_what_they_reply_to_branch_by_branch() -> None:
    tree = small()
    assert texts(tree)[1:] == ["Honk!", "Again?", "Honk, honk!", "Hiss.", "Another start"]
    assert [message.text for message in tree.leaves()] == ["Honk, honk!", "Hiss.", "Another start"]
    assert [message.text for message in tree.siblings(id_of(tree, "Hiss."))] == ["Honk!", "Hiss."]
    assert [message.text for message in tree.path(id_of(tree, "Again?"))][1:] == ["Honk!", "Again?"]


def test_a_model_reads_the_system_prompt_and_one_path() -> None:
    tree = small()
    said = tree.as_messages(id_of(tree, "Hiss."))
    assert [message["role"] for message in said] == ["system", "user", "assistant"]
    assert said[0]["content"] == "Be brief."
    assert said[-1]["content"] == "Hiss."


def test_the_order_of_messages_does_not_matter() -> None:
    tree = small()
    about = {"id": tree.id, "title": tree.title, "system": tree.system, "fields": tree.fields}
    assert Tree([*tree][::-1], **about) == tree
    assert Tree(list(tree), id="other") != tree


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([("a", None, "user"), ("a", None, "user")], "same id"),
        ([("a", "b", "user")], "missing"),
        ([("a", "b", "user"), ("b", "a", "user")], "circle"),
        ([("a", "a", "user")], "circle"),
        ([("a", None, "pirate")], "unknown role"),
    ],
)
def test_what_is_no_tree_is_refused(messages: list[tuple[str, str | None, str]], why: str) -> None:
    with pytest.raises(SettingsError, match=why) as caught:
        Tree([Message(id, parent, role, "") for id, parent, role in messages])
    assert caught.value.code == "chat-messages"


def test_a_refused_message_leaves_the_tree_as_it_was() -> None:
    tree, same = small(), small()
    before = texts(tree)
    for role, parent in (("user", "nobody"), ("pirate", None)):
        with pytest.raises(SettingsError):
            tree.add(role, "No.", parent)
    assert texts(tree) == before == texts(same)


def test_a_rating_keeps_other_emojis_and_can_be_taken_back() -> None:
    tree = Tree()
    id = tree.add("assistant", "Hi.", emojis={"+1": 2, "laughing": 1})
    assert tree[id].rating == 1
    tree.rate(id, -1, reason="too short")
    assert (tree[id].rating, tree[id].fields["emojis"]) == (-1, {"laughing": 1, "-1": 1})
    assert tree[id].fields["reason"] == "too short"
    tree.rate(id, 0)
    assert (tree[id].rating, tree[id].fields) == (0, {"emojis": {"laughing": 1}})
    with pytest.raises(SettingsError, match="rating"):
        tree.rate(id, 2)


@pytest.mark.parametrize("emojis", [None, [], {"+1": "many"}, {"+1": None, "-1": []}, {"+1": 1, "-1": 1}])
def test_a_rating_that_a_file_garbles_is_none(emojis: object) -> None:
    assert Message("a", None, "user", "", None, {"emojis": emojis}).rating == 0


def test_ties_share_a_rank_and_who_is_not_named_loses_it() -> None:
    tree = Tree()
    asked = tree.add("user", "Well?")
    ids = [tree.add("assistant", text, asked) for text in "abcd"]
    tree.rank(ids)
    tree.rank([ids[2], [ids[0], ids[3]]])
    assert [tree[id].rank for id in ids] == [1, None, 0, 1]
    pairs = [(better.text, worse.text) for better, worse in tree.preferences()]
    assert pairs == [("c", "a"), ("c", "d")]


@pytest.mark.parametrize("order", [[], ["a", "a"], ["a", "b"], ["nobody"]])
def test_a_ranking_is_of_different_replies_to_one_message(order: list[str]) -> None:
    tree = Tree([Message("a", None, "user", ""), Message("b", "a", "assistant", "")])
    with pytest.raises(SettingsError) as caught:
        tree.rank(order)
    assert caught.value.code == "chat-messages"


def test_ratings_say_which_is_better_only_if_they_disagree() -> None:
    tree = Tree()
    asked = tree.add("user", "Well?")
    for text, rating in (("liked", 1), ("unknown", 0), ("disliked", -1), ("liked too", 1)):
        tree.rate(tree.add("assistant", text, asked), rating)
    pairs = {(better.text, worse.text) for better, worse in tree.preferences()}
    assert pairs == {("liked", "disliked"), ("liked too", "disliked")}


def test_many_replies_to_one_message_give_a_bounded_number_of_pairs() -> None:
    tree = Tree()
    asked = tree.add("user", "Well?")
    tree.rank([tree.add("assistant", str(number), asked) for number in range(2 * MOST_COMPARED)])
    assert sum(1 for _ in tree.preferences()) == MOST_COMPARED * (MOST_COMPARED - 1) // 2


def test_good_paths_leave_out_what_is_disliked_outranked_deleted_or_unanswered() -> None:
    tree = small()
    tree.add("assistant", "Deleted.", id_of(tree, "Again?"), deleted=True)
    tree.add("user", "No answer", id_of(tree, "Honk, honk!"))
    paths = [[message.text for message in path] for path in tree.good_paths()]
    assert [path[1:] for path in paths] == [["Honk!", "Again?", "Honk, honk!"]]


def test_a_conversation_may_be_longer_than_pythons_stack() -> None:
    tree = long(10_000)
    assert len(tree) == 10_000
    assert len(tree.path(tree.leaves()[0].id)) == 10_000
    assert [len(path) for path in tree.good_paths()] == [10_000]
    assert tree == Tree(list(tree), id="long")


def test_paths_are_made_one_at_a_time() -> None:
    """With a branch at each of 1,000 messages all paths together would have half a million messages."""
    tree = long(1_000)
    for message in list(tree):
        if message.role == "assistant":
            tree.add("assistant", "or", message.parent)
    assert len(list(islice(tree.good_paths(), 3))) == 3
