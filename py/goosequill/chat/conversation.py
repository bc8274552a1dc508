"""Conversations with a model: it reads every message once, and keeps the conversation in its state.

`formats` has the formats of messages, `goosequill.models.saved_state` the files of states.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

from goosequill.chat.formats import FORMATS, ChatFormat, split_thought
from goosequill.chat.messages import Message, role_and_text
from goosequill.chat.tools import TOOLS_INTRODUCTION, Tools, ToolsEnd, read_calls
from goosequill.decoding import Chunk, DecodingConfig, End, Item, Reading, generate
from goosequill.decoding.lookup import PromptLookup
from goosequill.decoding.steps.constraint import form_of
from goosequill.decoding.tokens import check_tokens, measure
from goosequill.decoding.writer import READ_AT_ONCE
from goosequill.errors import SettingsError
from goosequill.models import Model, State
from goosequill.models.saved_state import SavedState
from goosequill.support.line_ends import unix_lines
from goosequill.support.progress import Progress
from goosequill.tokenizers import StreamDecoder, Tokenizer

UNDO_BUDGET = 64 * 1024 * 1024
"""Bytes of states that are kept to undo turns; to undo older turns, the conversation is read again."""

MOST_SCORED, MOST_CHARACTERS, MOST_OFFERED = 2048, 20_000, 10
"""Of a reply that is scored: its tokens, the characters that they are looked for in, what is likelier."""

Mark = tuple[State, str]
"""A point in a conversation: the state, and the text that the model has not read yet."""


class Conversation:
    """A conversation: the model reads every message once, and keeps it in its state.

    Parameters
    ----------
    chat_format
        How messages are written; by default that of World models.
    system
        Instructions to the model before the first message.
    saved_state
        A state to start from; it is not changed.
    messages
        Earlier messages; the model reads them together with the next one.

    Attributes
    ----------
    messages
        All messages, as {"role", "content"}; replies of a reasoning model may have a "thought", and those
        with calls of tools have "tool_calls", as the end of the reply.
    state
        The model's state.

    Raises
    ------
    SettingsError
        ``chat-messages``: `messages` are invalid. ``state-mismatch``: the saved state is another model's.
    """

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        *,
        chat_format: ChatFormat | None = None,
        system: str = "",
        saved_state: SavedState | None = None,
        messages: Sequence[Message] = (),
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.format = chat_format or FORMATS["world"]
        self.state: State = model.new_state()
        preamble = self.format.preamble(system, begun=saved_state is not None and saved_state.begun)
        self.messages: list[dict[str, Any]] = []
        if saved_state is not None:
            self.state.assign(saved_state.arrays)
            self.messages = [dict(message) for message in saved_state.messages]
            preamble = saved_state.unread + preamble
        self._origin = saved_state, preamble, len(self.messages)
        self._texts = self.format.texts(messages)  # what the model reads of each message after the origin
        self._unread = preamble + "".join(self._texts)
        self.messages += [dict(message) for message in messages]
        self._marks: dict[int, Mark] = {}
        self._reply: Iterator[Item] | None = None
        self._lookup = PromptLookup()  # replies may quote what was said before

    def branch(self) -> Self:
        """Return a copy that continues on its own."""
        self._interrupt()
        branch = type(self)(self.model, self.tokenizer, chat_format=self.format)
        branch.messages = [dict(message) for message in self.messages]
        branch.state, branch._unread = self.state.copy(), self._unread
        branch._lookup = self._lookup.copy()
        branch._origin, branch._texts, branch._marks = self._origin, list(self._texts), dict(self._marks)
        return branch

    def save(self, name: str = "") -> SavedState:
        """Return the conversation so far, to write to a file or to start others from."""
        self._interrupt()
        arrays = {key: array.copy() for key, array in self.state.arrays.items()}
        return SavedState(arrays, name, self._unread, tuple(dict(message) for message in self.messages))

    def append(self, messages: Sequence[Message]) -> Generator[Reading, None, None]:
        """Read messages without replying to them.

        What follows the last one is read with the next message. Closing the iterator before its end, or any
        other request to the conversation, leaves the conversation unchanged.

        Yields
        ------
        Reading after every 64 tokens.

        Raises
        ------
        SettingsError
            ``chat-messages``: `messages` are invalid.
        """
        texts = self.format.texts(messages)
        self._interrupt()
        reading = self._read(texts, [dict(message) for message in messages])
        self._reply = reading
        return reading

    def count(self, messages: Iterable[Message]) -> int:
        """Return how many tokens messages are in the conversation's format.

        Raises
        ------
        SettingsError
            ``chat-messages``: `messages` are invalid.
        """
        return len(self.tokenizer.encode(self.format.transcript(messages)))

    def score(
        self, text: str, *, thought: str = "", tokens: Sequence[int] = (), effort: str | None = None
    ) -> Generator[Progress, None, dict[str, Any]]:
        """Measure how likely the model finds each token of a reply, and what it finds likelier.

        The conversation, which has read what is answered, stays as it is.

        Parameters
        ----------
        text, thought
            The reply, and what the model has thought before it.
        tokens
            The reply's ids, if the model wrote it: from its thought on, with this `effort`.

        Yields
        ------
        Progress in tokens.

        Returns
        -------
        dict
            ``tokens``, 2,048 at most: each with token, text, ``logprob`` (natural), ``rank`` (1 for the most
            likely) and ``top_logprobs``, the 10 most likely ones. ``complete``: whether these are all.
        """
        if tokens:
            begun = self.format.assistant + self.format.with_effort(effort).opening
            ids = tokens
        else:
            chat = self.format.answering(thought)
            space = "" if chat.reasons else chat.opening  # the model writes it itself
            begun = chat.assistant + chat.opening.removesuffix(space)
            ids = self.tokenizer.encode(space + unix_lines(text[:MOST_CHARACTERS]))
        ids, complete = (
            ids[:MOST_SCORED],
            len(ids) <= MOST_SCORED and (tokens or len(text) <= MOST_CHARACTERS),
        )
        check_tokens(self.model, ids)
        state, before = self.state.copy(), None
        read = self.tokenizer.encode(self._unread + begun)
        for first in range(0, len(read), READ_AT_ONCE):
            before = self.model.forward(read[first : first + READ_AT_ONCE], state)
            yield Progress("prompt", 0, len(ids))
        found = yield from measure(self.model, self.tokenizer, ids, state, before, top=MOST_OFFERED)
        stream = StreamDecoder(self.tokenizer)  # a character can be several tokens
        for entry in found:
            entry["text"] = stream.push(entry["token"])
        return {"tokens": found, "complete": bool(complete)}

    def reply(
        self,
        message: str | Sequence[Message],
        config: DecodingConfig | None = None,
        *,
        effort: str | None = None,
        prefix: str = "",
        tools: Tools | None = None,
        cancelled: Callable[[], bool] | None = None,
        progress: bool = False,
    ) -> Iterator[Item]:
        """Send a message to the model, and stream its reply, which ends where the next speaker begins.

        A reply that fails, or is stopped before its first token, leaves the conversation unchanged.
        Any other request to the conversation ends a reply in progress.

        Parameters
        ----------
        message
            The user's message, or messages of any roles. With none, or if the last one is the assistant's,
            the model adds another reply.
        effort
            How long the model thinks before this reply (`goosequill.chat.formats.EFFORTS`); None leaves it
            to the format and the model.
        prefix
            The start of the reply, which the model continues without thinking; it is not yielded. A
            constraint of `config` is about the whole reply, and so are `tools`: a prefix may begin a call.
        tools
            Tools that the reply may call (`goosequill.chat.tools.read_tools`). The chunks' texts include the
            calls as the model writes them. What a tool returns is a message of the role "tool". The model
            reads the tools before the message if it has not read them already.
        cancelled, progress
            As for `goosequill.decoding.generate`.

        Yields
        ------
        Chunk for each token, and one End (`goosequill.decoding.generate`); with `tools` a
        `goosequill.chat.tools.ToolsEnd`, which has the calls.

        Raises
        ------
        SettingsError
            ``empty-message``, ``chat-messages``, ``reasoning-effort``, or an error of `config`;
            ``all-tokens-removed``: the constraint allows no reply with this prefix; ``json-schema``: a tool's
            schema is not supported.
        """
        if isinstance(message, str):
            if not message.strip():
                raise SettingsError("The message is empty.", code="empty-message")
            message = [{"role": "user", "content": message}]
        chat = self.format.with_effort(effort)
        prefix = unix_lines(prefix)
        if prefix:
            chat = chat.answering()
        texts = chat.asked(message)
        config = config or DecodingConfig()
        config = config.replace(stop=(*config.stop, *chat.stop))
        if tools:
            config = tools.constrain(config, chat.opening, chat.stop)
            if texts:
                texts[0] = self._telling(tools) + texts[0]
            else:
                chat = replace(chat, assistant=self._telling(tools) + chat.assistant)
        self._interrupt()
        begun = chat.assistant + chat.opening
        given: list[int] = []
        if prefix and form_of(config):  # the constraint follows tokens, so that the prefix needs its own
            given = self.tokenizer.encode(prefix)
        text = self._unread + "".join(texts) + begun + ("" if given else prefix)
        items = generate(
            self.model,
            self.tokenizer,
            self.tokenizer.encode(text),  # as ids, so that the model's own line ends are read as they were
            config,
            given=given,
            state=self.state,
            cancelled=cancelled,
            progress=progress,
            lookup=self._lookup,
        )
        messages = [dict(one) for one in message]
        reply = replace(chat, opening=chat.opening + prefix)
        self._reply = self._follow(items, messages, texts, reply, tools, searching=searches(config))
        return self._reply

    def undo(self) -> str:
        """Remove the last message and the reply to it; return the message.

        Raises
        ------
        SettingsError
            ``nothing-to-undo``: there are no messages since the conversation started or was loaded.
        """
        self._interrupt()
        saved_state, preamble, first = self._origin
        turns = [at for at, said in enumerate(self.messages) if said["role"] == "user" and at >= first]
        if not turns:
            raise SettingsError("There is no turn to undo.", code="nothing-to-undo")
        at = turns[-1]
        self._marks = {mark: value for mark, value in self._marks.items() if mark <= at}
        removed, self.messages = self.messages[at], self.messages[:at]
        self._texts = self._texts[: at - first]
        if at in self._marks:
            state, self._unread = self._marks.pop(at)
            self.state.assign(state.arrays)
        else:
            self.state.assign(saved_state.arrays if saved_state else self.model.new_state().arrays)
            self._unread = preamble + "".join(self._texts)
        return role_and_text(removed)[1]

    def _telling(self, tools: Tools) -> str:
        """Return what describes tools to the model, "" if the last tools that it has read are these."""
        said = (
            {"role": "system", "content": content} for content in (tools.instructions, TOOLS_INTRODUCTION)
        )
        text, start = self.format.texts(said)
        start = start.removesuffix(self.format.separator)
        last: str = next((known for known in reversed(self._texts) if known.startswith(start)), "")
        return "" if last.startswith(text) else text

    def _interrupt(self) -> None:
        """End a reply in progress."""
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.close()  # type: ignore[attr-defined]

    def _read(self, texts: list[str], messages: list[dict[str, Any]]) -> Generator[Reading, None, None]:
        """Read what is unread and texts up to the last separator, which is read with what follows it."""
        before, separator = (self.state.copy(), self._unread), self.format.separator
        text = self._unread + "".join(texts)
        body = text.removesuffix(separator)
        tokens = self.tokenizer.encode(body)
        self._lookup.extend(tokens)
        complete = False
        try:
            for first in range(0, len(tokens), READ_AT_ONCE):
                piece = tokens[first : first + READ_AT_ONCE]
                self.model.forward(piece, self.state, logits="none")
                yield Reading(first + len(piece), len(tokens))
            complete = True
        finally:
            if complete:
                self._mark(before)
                self._unread = text[len(body) :]
                self._texts += texts
                self.messages += messages
                self._after_turn()
            else:
                self.state.assign(before[0].arrays)

    def _after_turn(self) -> None:
        """Called when messages were added; for what a subclass keeps of them."""

    def _follow(
        self,
        items: Iterator[Item],
        messages: list[dict[str, Any]],
        texts: list[str],
        chat: ChatFormat,
        tools: Tools | None,
        *,
        searching: bool,
    ) -> Iterator[Item]:
        """Pass the items on, and leave the state just after the reply's last character."""
        before = self.state.copy(), self._unread
        progress = _Progress(self.state, StreamDecoder(self.tokenizer), searching=searching)
        try:
            for item in items:
                progress.note(item)
                if tools and isinstance(item, End):
                    _, answer = split_thought(chat.opening + progress.shown)
                    item = ToolsEnd(**vars(item), tool_calls=read_calls(tools, answer, cut=progress.cut)[1])
                yield item
        except Exception:
            progress.begun = False
            raise
        finally:
            if progress.begun:
                self._mark(before)
                self._unread = progress.settle() + chat.separator
                self._texts += [*texts, chat.assistant + chat.opening + progress.shown + chat.separator]
                self.messages += [*messages, _as_message(chat, progress, tools)]
                self._after_turn()
            else:
                self.state.assign(before[0].arrays)

    def _mark(self, mark: Mark) -> None:
        """Keep the point before a turn, and drop the oldest ones that exceed the budget."""
        self._marks[len(self.messages)] = mark
        most = max(1, UNDO_BUDGET // max(1, self.state.nbytes))
        for at in sorted(self._marks)[:-most]:
            del self._marks[at]


def _as_message(chat: ChatFormat, progress: _Progress, tools: Tools | None) -> dict[str, Any]:
    thought, answer = split_thought(chat.opening + progress.shown)
    text, calls = read_calls(tools, answer, cut=progress.cut) if tools else (answer, ())
    message: dict[str, Any] = {"role": "assistant", "content": text}
    return (
        message | ({"thought": thought} if thought else {}) | ({"tool_calls": list(calls)} if calls else {})
    )


def searches(config: DecodingConfig) -> bool:
    """Whether decoding leaves the state at the end of the prompt (beam and contrastive search)."""
    return config.num_beams > 1 or config.penalty_alpha > 0


class _Progress:
    """Tracks how much of a reply's visible text the model has read.

    The model reads the beginning of a stop string before it is recognized. So the state is copied
    whenever text is held back, and restored if the text was a stop string; visible text that the
    restored state lacks is read with the next message.
    """

    def __init__(self, state: State, stream: StreamDecoder, *, searching: bool = False) -> None:
        self._state, self._stream, self._searching = state, stream, searching
        self._copy: State | None = None
        self._copied_at = 0
        self._written = 0  # characters, including those held back
        self._last = ""  # text of the token that the model has not read yet
        self._ended = False
        self.cut = True  # before its end
        self.begun = False
        self.shown = ""

    def note(self, item: Item) -> None:
        """Note a chunk, before the model has read its token, or the end."""
        if isinstance(item, Chunk):
            self.begun = True
            self._last = self._stream.push(item.token)
            self._written += len(self._last)
            if self._written > len(self.shown) + len(item.text):
                if self._copy is None:
                    self._copy, self._copied_at = self._state.copy(), len(self.shown)
            else:
                self._copy = None
            self.shown += item.text
        elif isinstance(item, End):
            self._ended = True
            self.cut = item.finish_reason != "stop"
            self.begun = self.begun or item.finish_reason != "abort"
            self.shown += item.text

    def settle(self) -> str:
        """Restore the state if needed; return the visible text that it has not read."""
        if self._searching:
            return self.shown
        if not self._ended:  # The caller stopped; the model never read the last token.
            return self._last
        if self._copy is None or self._written <= len(self.shown):
            return ""
        self._state.assign(self._copy.arrays)
        return self.shown[self._copied_at :]
