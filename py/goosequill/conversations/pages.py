"""Conversations as values that cross to a page: {"id", "title", "system", "fields", "messages"}.

A message is {"id", "parent", "role", "text", "rank", "fields"} (`goosequill.conversations.tree.Message`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from goosequill.conversations.reading import read
from goosequill.conversations.tree import Message, Tree
from goosequill.conversations.writing import write


def read_conversations(data: bytes) -> list[dict[str, Any]]:
    """Return the conversations in a file; the errors are those of `reading.read`."""
    return [as_value(tree) for tree in read(bytes(data))]


def write_conversations(trees: Iterable[Mapping[str, Any]], to: str, packed: bool = False) -> bytes:
    """Return conversations as a file; the errors are those of `writing.write`."""
    return write([from_value(tree) for tree in trees], to, packed=packed)


def as_value(tree: Tree) -> dict[str, Any]:
    """Return a tree as a page keeps it."""
    about = {"id": tree.id, "title": tree.title, "system": tree.system, "fields": tree.fields}
    return {**about, "messages": [asdict(message) for message in tree]}


def from_value(value: Mapping[str, Any]) -> Tree:
    """Return the tree that `as_value` made a value of.

    Raises
    ------
    SettingsError
        ``chat-messages``: it is not one.
    """
    messages = [Message(**message) for message in value["messages"]]
    return Tree(messages, **{name: value[name] for name in ("id", "title", "system", "fields")})
