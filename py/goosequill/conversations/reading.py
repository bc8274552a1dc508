"""Reads files of conversations: Open Assistant, ShareGPT, ChatGPT's export, messages and preferences.

The format is recognized by the names in the first record. This project's own files are Open Assistant's, with
the name and the system prompt of a conversation, which those lack, in a field `conversation`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from goosequill.conversations.records import Record, fail, file_of, records
from goosequill.conversations.tree import DOWN, UP, Message, Tree
from goosequill.errors import SettingsError

ROLES = {
    "prompter": "user", "human": "user", "user": "user", "assistant": "assistant", "gpt": "assistant",
    "chatgpt": "assistant", "bot": "assistant", "model": "assistant", "system": "system",
    "developer": "system",
}  # fmt: skip
"""What formats call a role -> its name here."""
ATTRIBUTES = ("message_id", "message_tree_id", "parent_id", "text", "role", "rank", "replies")
"""Open Assistant's names of what is not in the `fields` of a `Message`."""
ABOUT = "conversation"
"""The field with the `id`, `title`, `system` and `fields` of a `Tree`, as far as the format lacks them."""
ASSUMED, ASSUMED_OF_TREE = {"lang": "und"}, {"tree_state": "ready_for_export"}
"""What Open Assistant's formats require of a message and of a tree, where it is not known: a BCP 47 language
that is undetermined, and the state of all its published trees."""
_NAMESPACE = uuid.UUID("5f0f4a54-90b3-4b2b-8e39-5d1d5a3e7a10")


def read(data: bytes) -> list[Tree]:
    """Return the conversations in a file.

    Raises
    ------
    FileFormatError
        ``conversations``: it is damaged, too large, or in none of the formats; the message names the line.

    Examples
    --------
    >>> [tree] = read(b'{"messages": [{"role": "user", "content": "Hello."}]}')
    >>> [message.text for message in tree]
    ['Hello.']
    """
    return list(trees(records(file_of(data))))


def trees(found: Iterator[Record]) -> Iterator[Tree]:
    """Return the conversations in the records of a file; see `read`."""
    first = next(found, None)
    if first is None:
        fail(1, "there is no record")
    for sign, reader in READERS.items():
        if first[1].keys() >= {*sign.split()}:
            return reader(chain([first], found))
    names = ", ".join(list(first[1])[:8]) or "no fields"
    fail(first[0], f"a record with {names} is in no format of conversations")


class _Draft:
    """Collects one conversation, and says at which line something is wrong with it."""

    def __init__(self, number: int, id: Any, about: Any = None, fields: dict[str, Any] | None = None) -> None:
        about = about if isinstance(about, dict) else {}
        named = (about.get("id"), id)
        self.id = next((name for name in named if isinstance(name, str) and name), "") or _made_up(number)
        self.title, self.system = (_string(about.get(name)) for name in ("title", "system"))
        more = about.get("fields")
        self.fields = {**(fields or {}), **(more if isinstance(more, dict) else {})}
        self.number = number
        self.messages: dict[str, Message] = {}

    def add(
        self, role: Any, text: Any, parent: Any, id: Any, fields: dict[str, Any], rank: Any = None
    ) -> str:
        """Add a message, whose id is made up if it has none; return the id."""
        known = ROLES.get(role.lower()) if isinstance(role, str) else None
        if known is None:
            fail(self.number, f"unknown role {role!r}")
        if not isinstance(text, str):
            fail(self.number, "a message has no text")
        if id is None:
            id = _made_up(self.id, len(self.messages))
        if not isinstance(id, str) or not isinstance(parent, str | None):
            fail(self.number, "the id of a message is not a text")
        if id in self.messages:
            fail(self.number, f"two messages have the id {id!r}")
        rank = rank if isinstance(rank, int) and not isinstance(rank, bool) and rank >= 0 else None
        self.messages[id] = Message(id, parent, known, text, rank, fields)
        return id

    def add_oasst(self, message: Any, parent: Any = None) -> str:
        """Add a message as Open Assistant writes it, without its replies."""
        if not isinstance(message, dict):
            fail(self.number, "a message is not an object")
        fields = _without(message, *ATTRIBUTES, ABOUT)
        return self.add(
            message.get("role"),
            message.get("text"),
            message.get("parent_id", parent),
            message.get("message_id"),
            fields,
            message.get("rank"),
        )

    def add_path(self, messages: Any, parent: str | None = None) -> str | None:
        """Add messages that follow each other, as OpenAI and ShareGPT write them; return the last id."""
        if not isinstance(messages, list):
            fail(self.number, "its messages are not a list")
        for message in messages:
            if not isinstance(message, dict):
                fail(self.number, "a message is not an object")
            fields = dict(message)
            role = fields.pop("role", fields.pop("from", None))
            text = fields.pop("content", fields.pop("value", None))
            if isinstance(text, list):
                text = _joined(text)
            if not self.messages and ROLES.get(_string(role).lower()) == "system" and not self.system:
                self.system = _string(text)
            elif role not in ("tool", "function"):
                parent = self.add(role, text, parent, None, fields)
        return parent

    def tree(self) -> Tree:
        try:
            return Tree(
                self.messages.values(), id=self.id, title=self.title, system=self.system, fields=self.fields
            )
        except SettingsError as error:
            fail(self.number, error.message)


def _made_up(*what: object) -> str:
    """Return an id that is the same whenever a file is read."""
    return str(uuid.uuid5(_NAMESPACE, json.dumps(what)))


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _joined(parts: list[Any]) -> str:
    """Return the text of a content that is a list of parts."""
    texts = (part.get("text") if isinstance(part, dict) else part for part in parts)
    return "\n".join(text for text in texts if isinstance(text, str))


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the fields of a record but those of these names, and those that say nothing."""
    assumed = (ASSUMED | ASSUMED_OF_TREE).items()
    left = ((name, value) for name, value in record.items() if name not in names)
    return {name: value for name, value in left if not (isinstance(value, str) and (name, value) in assumed)}


def _oasst_trees(found: Iterable[Record]) -> Iterator[Tree]:
    drafts: dict[str, _Draft] = {}  # a conversation with several first messages has a tree for each
    for number, record in found:
        fields = _without(record, "message_tree_id", "prompt", ABOUT)
        draft = _Draft(number, record.get("message_tree_id"), record.get(ABOUT), fields)
        draft = drafts.setdefault(draft.id, draft)
        draft.number = number
        waiting: list[tuple[Any, str | None]] = [(record.get("prompt"), None)]
        while waiting:
            message, parent = waiting.pop()
            id = draft.add_oasst(message, parent)
            replies = message.get("replies") or []
            if not isinstance(replies, list):
                fail(number, "the replies to a message are not a list")
            waiting += [(reply, id) for reply in reversed(replies)]
    yield from (draft.tree() for draft in drafts.values())


def _oasst_messages(found: Iterable[Record]) -> Iterator[Tree]:
    rows: dict[str, Record] = {}
    for number, record in found:
        id = record.get("message_id")
        if not isinstance(id, str) or id in rows:
            fail(number, "a message has no id" if id is None else f"two messages have the id {id!r}")
        rows[id] = number, record
    firsts: dict[str, str] = {}  # of every message, the one that began its conversation
    drafts: dict[str, _Draft] = {}
    for id, (number, record) in rows.items():
        first = _first(id, rows, firsts)
        draft = _Draft(number, first, rows[first][1].get(ABOUT))
        draft = drafts.setdefault(draft.id, draft)
        draft.number = number
        draft.add_oasst(record)
    yield from (draft.tree() for draft in drafts.values())


def _first(id: str, rows: dict[str, Record], firsts: dict[str, str]) -> str:
    """Return the first message of a message's conversation; `firsts` has those that are known."""
    path: dict[str, None] = {}
    while id not in firsts:
        number, record = rows[id]
        if id in path:
            fail(number, "messages reply to each other in a circle")
        path[id] = None
        parent = record.get("parent_id")
        if parent is None:
            firsts[id] = id
        elif not isinstance(parent, str) or parent not in rows:
            fail(number, f"message {id!r} replies to {parent!r}, which is missing")
        else:
            id = parent
    firsts.update(dict.fromkeys(path, firsts[id]))
    return firsts[id]


def _oasst_threads(found: Iterable[Record]) -> Iterator[Tree]:
    drafts: dict[str, _Draft] = {}
    for number, record in found:
        thread = record.get("thread")
        if not isinstance(thread, list) or not thread or not all(isinstance(one, dict) for one in thread):
            fail(number, "its thread is not a list of messages")
        draft = _Draft(number, thread[0].get("message_id"))
        draft = drafts.setdefault(draft.id, draft)
        draft.number = number
        parent = None
        for message in thread:  # threads of one tree begin with the same messages
            id = message.get("message_id")
            parent = id if isinstance(id, str) and id in draft.messages else draft.add_oasst(message, parent)
    yield from (draft.tree() for draft in drafts.values())


def _chatgpt(found: Iterable[Record]) -> Iterator[Tree]:
    for number, record in found:
        nodes = record.get("mapping")
        if not isinstance(nodes, dict) or not all(isinstance(node, dict) for node in nodes.values()):
            fail(number, "its mapping is not an object of objects")
        about = {"title": record.get("title")}
        fields = _without(record, "mapping", "title", "id", "conversation_id")
        draft = _Draft(number, record.get("conversation_id", record.get("id")), about, fields)
        spoken: dict[Any, str | None] = {}  # of every node, the nearest message that has a text
        waiting: list[tuple[Any, str | None]] = [
            (id, None) for id, node in nodes.items() if node.get("parent") not in nodes
        ]
        while waiting:
            id, parent = waiting.pop()
            if id in spoken or id not in nodes:
                continue
            spoken[id] = parent = _add_chatgpt(draft, id, nodes[id].get("message"), parent)
            children = nodes[id].get("children") or []
            if not isinstance(children, list):
                fail(number, "the children of a message are not a list")
            waiting += [(child, parent) for child in reversed(children) if isinstance(child, str)]
        yield draft.tree()


def _add_chatgpt(draft: _Draft, id: str, message: Any, parent: str | None) -> str | None:
    """Add what a person or the model said; tools, images and empty messages are left out."""
    if not isinstance(message, dict):
        return parent
    author, content, about = (
        found if isinstance(found := message.get(name), dict) else {}
        for name in ("author", "content", "metadata")
    )
    role, parts = author.get("role"), content.get("parts")
    text = _joined(parts) if isinstance(parts, list) else _string(content.get("text"))
    if role == "system" and text and not draft.system:
        draft.system = text
    if role not in ("user", "assistant") or not text or content.get("content_type") == "code":
        return parent
    fields: dict[str, Any] = {}
    if isinstance(about.get("model_slug"), str) and role == "assistant":
        fields["model_name"] = about["model_slug"]
    if isinstance(seconds := message.get("create_time"), int | float) and 0 < seconds < 1e11:
        fields["created_date"] = datetime.fromtimestamp(seconds, UTC).isoformat()
    return draft.add(role, text, parent, id, fields)


def _sharegpt(found: Iterable[Record]) -> Iterator[Tree]:
    for number, record in found:
        fields = _without(record, "id", "system", "conversations")
        draft = _Draft(number, record.get("id"), {"system": record.get("system")}, fields)
        draft.add_path(record.get("conversations"))
        yield draft.tree()


def _messages(found: Iterable[Record]) -> Iterator[Tree]:
    for number, record in found:
        draft = _Draft(number, record.get("id"), None, _without(record, "id", "messages"))
        draft.add_path(record.get("messages"))
        yield draft.tree()


def _preferences(found: Iterable[Record]) -> Iterator[Tree]:
    for number, record in found:
        draft = _Draft(number, record.get("id"), None, _without(record, "id", "prompt", "chosen", "rejected"))
        prompt = draft.add_path(_turns(record.get("prompt", []), "user"))
        for rank, name in enumerate(("chosen", "rejected")):
            _add_reply(draft, record.get(name), prompt).rank = rank
        yield draft.tree()


def _ratings(found: Iterable[Record]) -> Iterator[Tree]:
    for number, record in found:
        names = ("id", "prompt", "completion", "label")
        draft = _Draft(number, record.get("id"), None, _without(record, *names))
        prompt = draft.add_path(_turns(record.get("prompt"), "user"))
        reply = _add_reply(draft, record.get("completion"), prompt)
        if isinstance(label := record.get("label"), bool):
            reply.fields["emojis"] = {UP if label else DOWN: 1}
        yield draft.tree()


def _turns(said: Any, role: str) -> Any:
    """Return what may be a text as a list of messages."""
    return [{"role": role, "content": said}] if isinstance(said, str) else said


def _add_reply(draft: _Draft, said: Any, prompt: str | None) -> Message:
    """Add what may be a text or several messages, and return the first of them."""
    before = len(draft.messages)
    draft.add_path(_turns(said, "assistant"), prompt)
    if len(draft.messages) == before:
        fail(draft.number, "a reply is empty")
    return list(draft.messages.values())[before]


READERS: dict[str, Callable[[Iterable[Record]], Iterator[Tree]]] = {
    "message_id": _oasst_messages,
    "message_tree_id prompt": _oasst_trees,
    "thread": _oasst_threads,
    "mapping": _chatgpt,
    "conversations": _sharegpt,
    "messages": _messages,
    "chosen rejected": _preferences,
    "completion": _ratings,
}
"""The fields that a record of a format has -> its reader; the first that fits is taken."""
