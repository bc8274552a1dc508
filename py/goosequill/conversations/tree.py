"""A conversation as a tree: every message may have several replies, which can be rated and ranked.

Messages are kept in a flat list with the ids of their parents, so that nothing recurses however long a
conversation is. What a file says of a message beyond its text is in `Message.fields`, under Open Assistant's
names (LAION-AI/Open-Assistant, oasst-data): `emojis`, `labels`, `events`, `lang`, `model_name`,
`created_date`. Unknown fields are kept there as well.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from goosequill.errors import SettingsError

ROLES = ("system", "user", "assistant")
UP, DOWN = "+1", "-1"
"""The emojis by which a message is rated."""
LABELS = (
    "spam", "fails_task", "lang_mismatch", "pii", "not_appropriate", "hate_speech", "sexual_content",
    "moral_judgement", "political_content", "quality", "toxicity", "humor", "helpfulness", "creativity",
    "violence",
)  # fmt: skip
"""Open Assistant's labels, each with a value from 0 to 1."""
MOST_COMPARED = 100
"""Replies to one message that are compared with each other."""


@dataclass(slots=True)
class Message:
    """A message of a conversation.

    Attributes
    ----------
    id
        Unique in its conversation.
    parent
        The id of the message that it replies to; None if it begins the conversation.
    role
        "system", "user" or "assistant".
    rank
        Its place among the replies to the same message, 0 for the best; None if nobody ranked it.
    fields
        What else is known of it, as JSON, under Open Assistant's names.
    """

    id: str
    parent: str | None
    role: str
    text: str
    rank: int | None = None
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def rating(self) -> int:
        """1 if more people liked the message than disliked it, -1 the other way round, otherwise 0."""
        emojis = self.fields.get("emojis")
        ups, downs = (_count(emojis, name) for name in (UP, DOWN))
        return (ups > downs) - (ups < downs)

    @property
    def model(self) -> str:
        """The model that wrote it, "" if a person did."""
        name = self.fields.get("model_name")
        return name if isinstance(name, str) else ""


def _count(emojis: Any, name: str) -> float:
    count = emojis.get(name) if isinstance(emojis, Mapping) else 0
    return count if isinstance(count, int | float) else 0


class Tree:
    """A conversation with all its branches.

    Parameters
    ----------
    messages
        In any order.
    title, system
        Its name in lists, and the instructions to the model.
    fields
        What else a file says of the conversation.

    Raises
    ------
    SettingsError
        ``chat-messages``: a parent is missing, two messages have one id, or messages reply to each other in a
        circle.

    Examples
    --------
    >>> tree = Tree()
    >>> hello = tree.add("user", "Hello.")
    >>> first, second = tree.add("assistant", "Hi!", hello), tree.add("assistant", "What?", hello)
    >>> tree.rank([first, second])
    >>> [(better.text, worse.text) for better, worse in tree.preferences()]
    [('Hi!', 'What?')]
    """

    def __init__(
        self,
        messages: Iterable[Message] = (),
        *,
        id: str = "",
        title: str = "",
        system: str = "",
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        self.id = id or str(uuid.uuid4())
        self.title, self.system, self.fields = title, system, dict(fields or {})
        self._messages: dict[str, Message] = {}
        self._replies: dict[str | None, list[Message]] = {}
        self._take([*messages])
        if sum(1 for _ in self) < len(self):
            raise _invalid("messages reply to each other in a circle")

    def __len__(self) -> int:
        return len(self._messages)

    def __getitem__(self, id: str) -> Message:
        """Return the message with an id.

        Raises
        ------
        SettingsError
            ``chat-messages``: there is none.
        """
        if id not in self._messages:
            raise _invalid(f"there is no message {id!r}")
        return self._messages[id]

    def __iter__(self) -> Iterator[Message]:
        """Yield every message after the one that it replies to, a branch to its end before the next."""
        return self.below(None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and vars(self) | {"_replies": 0} == vars(other) | {"_replies": 0}

    __hash__ = None  # type: ignore[assignment]

    def add(self, role: str, text: str, parent: str | None = None, **fields: Any) -> str:
        """Add a message as the last reply to another; return its id.

        Raises
        ------
        SettingsError
            ``chat-messages``: there is no such parent or role.
        """
        message = Message(str(uuid.uuid4()), parent, role, text, None, fields)
        self._take([message])
        return message.id

    def replies(self, id: str | None) -> list[Message]:
        """Return the replies to a message in the order of their writing; to None, the first messages."""
        return self._replies.get(id, [])

    def siblings(self, id: str) -> list[Message]:
        """Return all replies to the message that this one replies to, itself among them."""
        return self.replies(self[id].parent)

    def below(self, id: str | None) -> Iterator[Message]:
        """Yield a message and all that follow it, as `__iter__` does; with None, all."""
        waiting = [self[id]] if id is not None else self.replies(None)[::-1]
        while waiting:
            message = waiting.pop()
            yield message
            waiting += self.replies(message.id)[::-1]

    def path(self, id: str | None) -> list[Message]:
        """Return the messages from the first one to this one; none for None."""
        found = []
        while id is not None:
            found.append(self[id])
            id = found[-1].parent
        return found[::-1]

    def leaves(self) -> list[Message]:
        """Return the messages without a reply."""
        return [message for message in self if not self.replies(message.id)]

    def as_messages(self, id: str | None) -> list[dict[str, str]]:
        """Return the messages to this one as a model reads them, the system prompt first."""
        said = [{"role": message.role, "content": message.text} for message in self.path(id)]
        return [{"role": "system", "content": self.system}, *said] if self.system else said

    def rate(self, id: str, rating: int, *, reason: str = "") -> None:
        """Say that a message is good (1) or bad (-1), and why; 0 takes a rating back.

        Raises
        ------
        SettingsError
            ``chat-messages``: there is no such message or rating.
        """
        if rating not in (-1, 0, 1):
            raise _invalid("a rating is 1, 0 or -1")
        fields = self[id].fields
        known = fields.get("emojis")
        others = {name: count for name, count in (known or {}).items() if name not in (UP, DOWN)}
        if emojis := others | ({UP if rating > 0 else DOWN: 1} if rating else {}):
            fields["emojis"] = emojis
        else:
            fields.pop("emojis", None)
        fields.pop("reason", None)
        if rating and reason:
            fields["reason"] = reason

    def rank(self, order: Sequence[str | Sequence[str]]) -> None:
        """Rank replies to one message, the best first.

        Parameters
        ----------
        order
            Ids; those in a list of their own are equally good. Siblings that are not named lose their rank.

        Raises
        ------
        SettingsError
            ``chat-messages``: they are not replies to one message, or one is named twice.
        """
        places = [[one] if isinstance(one, str) else list(one) for one in order]
        ranks = {id: at for at, place in enumerate(places) for id in place}
        if not ranks or len(ranks) < sum(map(len, places)) or len({self[id].parent for id in ranks}) > 1:
            raise _invalid("a ranking names different replies to one message")
        for sibling in self.siblings(next(iter(ranks))):
            sibling.rank = ranks.get(sibling.id)

    def preferences(self) -> Iterator[tuple[Message, Message]]:
        """Yield every two replies of the assistant to one message of which one is better, as (better, worse).

        The rank decides where both have one; otherwise one that was liked is better than one
        that was disliked. Of more than 100 replies to one message the first 100 are compared.
        """
        for replies in self._replies.values():
            spoken = [reply for reply in replies if reply.role == "assistant" and reply.text.strip()]
            for one, other in combinations(spoken[:MOST_COMPARED], 2):
                if difference := _compare(one, other):
                    yield (one, other) if difference > 0 else (other, one)

    def good_paths(self) -> Iterator[list[Message]]:
        """Yield the paths to the assistant's last messages that have nothing disliked, deleted or outranked.

        A message is outranked if another reply to the same message has a better rank.
        """
        path: list[Message] = []
        waiting = [(0, message) for message in reversed(self._good(None))]
        while waiting:
            depth, message = waiting.pop()
            path[depth:] = [message]
            replies = self._good(message.id)
            if not replies and (spoken := _to_assistant(path)):
                yield spoken
            waiting += [(depth + 1, reply) for reply in reversed(replies)]

    def _good(self, id: str | None) -> list[Message]:
        replies = [
            one for one in self.replies(id) if one.rating >= 0 and one.fields.get("deleted") is not True
        ]
        ranks = [reply.rank for reply in replies if reply.rank is not None]
        return [reply for reply in replies if not ranks or reply.rank == min(ranks)]

    def _take(self, messages: Sequence[Message]) -> None:
        """Add messages, or none if one of them is invalid."""
        new = {message.id: message for message in messages}
        if len(new) < len(messages) or new.keys() & self._messages.keys():
            raise _invalid("two messages have the same id")
        for message in messages:
            if message.role not in ROLES:
                raise _invalid(f"unknown role {message.role!r}")
            if not (message.parent is None or message.parent in new or message.parent in self._messages):
                raise _invalid(f"message {message.id!r} replies to {message.parent!r}, which is missing")
        self._messages |= new
        for message in messages:
            self._replies.setdefault(message.parent, []).append(message)


def _compare(one: Message, other: Message) -> int:
    """Return 1 if a message is better than another, -1 if it is worse, 0 if that is not known."""
    if one.rank is not None and other.rank is not None:
        return (one.rank < other.rank) - (one.rank > other.rank)
    return (one.rating - other.rating) // 2 if one.rating * other.rating < 0 else 0


def _to_assistant(path: list[Message]) -> list[Message]:
    """Return a path without what follows the assistant's last message."""
    ends = (at + 1 for at in range(len(path) - 1, -1, -1) if path[at].role == "assistant")
    return path[: next(ends, 0)]


def _invalid(why: str) -> SettingsError:
    return SettingsError(f"The messages are invalid: {why}.", code="chat-messages", param="messages")
