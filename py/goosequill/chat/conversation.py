"""Conversations with a model: every message is read once, and the state carries it on.

The formats are in `chat`; states as files in `personas`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from goosequill.chat.formats import FORMATS, ChatFormat, Message, split_thought
from goosequill.chat.saved_state import Persona
from goosequill.decoding import Chunk, DecodingConfig, End, Item, generate
from goosequill.errors import SettingsError
from goosequill.models import Model, State
from goosequill.tokenizers import StreamDecoder, Tokenizer

UNDO_BUDGET = 64 * 1024 * 1024
"""Bytes of states that are kept to take turns back; before them, the conversation is read once more."""

Mark = tuple[State, str]
"""A place in a conversation: the state, and the text that it has not read yet."""


class Conversation:
    """A conversation; every message is read once, and the state carries it on.

    Parameters
    ----------
    system
        What the model is told before the first message.
    persona
        A saved state to begin from; it is not changed.
    messages
        What was said before; the model reads it with the next message.

    Attributes
    ----------
    messages
        What was said, as {"role", "content"}; of a reasoning model also its "thought".
    state
        What the model has read.

    Raises
    ------
    SettingsError
        ``chat-messages``: `messages` cannot be read. ``state-mismatch``: the persona is another model's.
    """

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        *,
        chat_format: ChatFormat | None = None,
        system: str = "",
        persona: Persona | None = None,
        messages: Sequence[Message] = (),
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.format = chat_format or FORMATS["world"]
        self.state: State = model.new_state()
        preamble = self.format.preamble(system, begun=persona is not None and persona.begun)
        self.messages: list[dict[str, str]] = []
        if persona is not None:
            self.state.assign(persona.arrays)
            self.messages = [dict(message) for message in persona.messages]
            preamble = persona.unread + preamble
        self._origin = persona, preamble, len(self.messages)
        self._unread = preamble + self.format.transcript(messages)
        self.messages += [dict(message) for message in messages]
        self._marks: dict[int, Mark] = {}
        self._speaking: Iterator[Item] | None = None

    def branch(self) -> Conversation:
        """A conversation that has the same past and its own future."""
        self._interrupt()
        twin = Conversation(self.model, self.tokenizer, chat_format=self.format)
        twin.messages = [dict(message) for message in self.messages]
        twin.state, twin._unread = self.state.copy(), self._unread
        twin._origin, twin._marks = self._origin, dict(self._marks)
        return twin

    def persona(self, name: str = "") -> Persona:
        """The conversation so far as a persona, to save or to begin others from."""
        self._interrupt()
        arrays = {key: array.copy() for key, array in self.state.arrays.items()}
        return Persona(arrays, name, self._unread, tuple(dict(message) for message in self.messages))

    def reply(
        self,
        message: str,
        config: DecodingConfig | None = None,
        *,
        cancelled: Callable[[], bool] | None = None,
        progress: bool = False,
    ) -> Iterator[Item]:
        """Say something to the model, and stream its reply; it ends where the next speaker begins.

        A reply that failed, or was stopped before its first token, leaves the conversation as it was.
        One that is under way when something else is asked ends there.

        Parameters
        ----------
        cancelled, progress
            As for `goosequill.decoding.generate`.

        Yields
        ------
        Chunk for each token, and one End (`goosequill.decoding.generate`).

        Raises
        ------
        SettingsError
            ``empty-message``, and what a wrong setting gives.
        """
        if not message.strip():
            raise SettingsError("There is no message.", code="empty-message", remedy="Write one.")
        self._interrupt()
        config = config or DecodingConfig()
        config = config.replace(stop=(*config.stop, *self.format.stop))
        items = generate(
            self.model,
            self.tokenizer,
            self._unread + self.format.turn(message),
            config,
            state=self.state,
            cancelled=cancelled,
            progress=progress,
        )
        self._speaking = self._listen(items, self.format.squeeze(message), searching=searches(config))
        return self._speaking

    def undo(self) -> str:
        """Take the last message back, and the reply to it; return the message.

        Raises
        ------
        SettingsError
            ``nothing-to-undo``: nothing was said since the conversation began or was loaded.
        """
        self._interrupt()
        persona, preamble, first = self._origin
        turns = [at for at, said in enumerate(self.messages) if said["role"] == "user" and at >= first]
        if not turns:
            raise SettingsError(
                "There is no turn to take back.",
                code="nothing-to-undo",
                remedy="What was said before a state was saved cannot be taken back.",
            )
        at = turns[-1]
        taken, self.messages = self.messages[at], self.messages[:at]
        if at in self._marks:
            state, self._unread = self._marks.pop(at)
            self.state.assign(state.arrays)
        else:
            self.state.assign(persona.arrays if persona else self.model.new_state().arrays)
            self._unread = preamble + self.format.transcript(self.messages[first:])
        return taken["content"]

    def _interrupt(self) -> None:
        """End a reply that is under way."""
        speaking, self._speaking = self._speaking, None
        if speaking is not None:
            speaking.close()  # type: ignore[attr-defined]

    def _listen(self, items: Iterator[Item], message: str, *, searching: bool) -> Iterator[Item]:
        """Hand on what is written, and leave the state just behind the reply's last character."""
        before = self.state.copy(), self._unread
        progress = _Progress(self.state, StreamDecoder(self.tokenizer), searching=searching)
        try:
            for item in items:
                progress.note(item)
                yield item
        except Exception:
            progress.begun = False
            raise
        finally:
            if progress.begun:
                self._mark(before)
                self._unread = progress.settle() + self.format.separator
                self.messages += [{"role": "user", "content": message}, self._heard(progress.shown)]
            else:
                self.state.assign(before[0].arrays)

    def _heard(self, shown: str) -> dict[str, str]:
        thought, answer = split_thought(self.format.opening + shown)
        return {"role": "assistant", "content": answer} | ({"thought": thought} if thought else {})

    def _mark(self, mark: Mark) -> None:
        """Keep the place before a turn, and let go of the oldest that no longer fit."""
        self._marks[len(self.messages)] = mark
        most = max(1, UNDO_BUDGET // max(1, self.state.nbytes))
        for at in sorted(self._marks)[:-most]:
            del self._marks[at]


def searches(config: DecodingConfig) -> bool:
    """Whether the state stays at the prompt's end while a reply is written."""
    return config.num_beams > 1 or config.penalty_alpha > 0


class _Progress:
    """How far the state and the visible text of a reply have come.

    The model reads the beginning of a stop text before it is known to be one. So the state is
    copied whenever the last of the text is held back, and put back if it was a stop text; what of
    the visible text it then lacks is read with the next message.
    """

    def __init__(self, state: State, stream: StreamDecoder, *, searching: bool = False) -> None:
        self._state, self._stream, self._searching = state, stream, searching
        self._copy: State | None = None
        self._copied_at = 0
        self._written = 0  # characters, those held back included
        self._last = ""  # text of the token that the model has not read yet
        self._ended = False
        self.begun = False
        self.shown = ""

    def note(self, item: Item) -> None:
        """Take in a chunk, before the model has read its token, or the end."""
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
            self.begun = self.begun or item.finish_reason != "abort"
            self.shown += item.text

    def settle(self) -> str:
        """Put the state back if need be; visible text that it has not read."""
        if self._searching:
            return self.shown
        if not self._ended:  # Whoever listened has left; the model never read the last token.
            return self._last
        if self._copy is None or self._written <= len(self.shown):
            return ""
        self._state.assign(self._copy.arrays)
        return self.shown[self._copied_at :]
