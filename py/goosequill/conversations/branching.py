"""A conversation with a model whose branches have one tree, so that their replies can be rated and ranked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Self

from goosequill.chat.conversation import Conversation
from goosequill.chat.messages import Message, role_and_text
from goosequill.conversations.tree import Message as Spoken
from goosequill.conversations.tree import Tree
from goosequill.errors import SettingsError


class BranchingConversation(Conversation):
    """A conversation that notes in a tree what is said in it and its branches, once that is asked for.

    Attributes
    ----------
    system, name
        The system prompt, and the model's name, which the tree notes with each reply.
    """

    system = ""
    name = ""
    _tree: Tree | None = None
    _noted: tuple[tuple[Message, str], ...] = ()

    @property
    def tree(self) -> Tree:
        """All that was said in this conversation and its branches, also what was undone."""
        if self._tree is None:
            self._tree = Tree(system=self.system)
            self._after_turn()
        return self._tree

    def _after_turn(self) -> None:
        """Note in the tree what was said."""
        if self._tree is None:
            return
        known = zip(self.messages, self._noted, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1][0], known))
        noted = list(self._noted[:same])
        for message in self.messages[same:]:
            role, text = role_and_text(message)
            noted.append((message, self._place(role, text, noted[-1][1] if noted else None)))
        self._noted = tuple(noted)

    def _place(self, role: str, text: str, parent: str | None) -> str:
        """Return the id of a message in the tree: branches that ask the same have one question."""
        assert self._tree is not None
        replies = self._tree.replies(parent) if role != "assistant" else []
        same = next((reply.id for reply in replies if (reply.role, reply.text) == (role, text)), None)
        written_by = {"model_name": self.name} if role == "assistant" and self.name else {}
        return same or self._tree.add(role, text, parent, **written_by)

    def _last(self) -> str:
        if not self.tree or not self._noted:
            raise SettingsError(
                "Nothing has been said yet.", code="chat-messages", remedy="Say something first."
            )
        return self._noted[-1][1]

    def branch(self) -> Self:
        """Return a copy that continues on its own, in the same tree."""
        tree, branch = self.tree, super().branch()
        branch.system, branch.name, branch._tree = self.system, self.name, tree
        branch._noted = tuple(zip(branch.messages, (id for _, id in self._noted), strict=True))
        return branch

    def undo(self) -> str:
        """Remove the last message and the reply to it, except from the tree; return the message."""
        _ = self.tree  # which has it before it goes
        message = super().undo()
        self._noted = self._noted[: len(self.messages)]
        return message

    def siblings(self) -> list[Spoken]:
        """Return all replies, in any branch, to the message that the last one here replies to."""
        return self.tree.siblings(self._last())

    def rate(self, rating: int, *, reason: str = "") -> None:
        """Say that the last reply is good (1) or bad (-1), and why; 0 takes a rating back."""
        self.tree.rate(self._last(), rating, reason=reason)

    def rank(self, branches: Sequence[BranchingConversation | Sequence[BranchingConversation]]) -> None:
        """Rank the last replies of branches, the best first; those in a list of their own are tied."""
        order = [[one] if isinstance(one, BranchingConversation) else list(one) for one in branches]
        self.tree.rank([[branch._last() for branch in place] for place in order])
