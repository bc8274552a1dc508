"""Conversations that the tests of this room share."""

from __future__ import annotations

import json
from typing import Any

from goosequill.conversations.tree import Message, Tree


def lines(*records: Any) -> bytes:
    """Return a file with a record in each line."""
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def small() -> Tree:
    """Two first messages; two replies to the first, one better; a follow-up; fields that are unknown here."""
    tree = Tree(id="t", title="Geese", system="Be brief.", fields={"origin": "a test"})
    hello = tree.add("user", "Hello, <b>goose</b>.\n\nEnough?")
    honk = tree.add("assistant", "Honk!", hello, model_name="goose", foreign=[{"deep": None}])
    hiss = tree.add("assistant", "Hiss.", hello, labels={"quality": {"value": 0.25, "count": 1}})
    tree.rank([honk, hiss])
    tree.rate(hiss, -1, reason="rude")
    again = tree.add("user", "Again?", honk)
    tree.rate(tree.add("assistant", "Honk, honk!", again), 1)
    tree.add("user", "Another start")
    return tree


def long(count: int) -> Tree:
    """A conversation without branches."""
    roles = ("user", "assistant")
    names = [None, *map(str, range(count))]
    return Tree(
        (Message(str(at), names[at], roles[at % 2], f"message {at}") for at in range(count)), id="long"
    )


def texts(tree: Tree) -> list[str]:
    return [message.text for message in tree]
