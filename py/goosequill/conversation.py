"""Conversations with a model: every message is read once, and the state carries it on.

The formats are in `chat`; states as files in `personas`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from goosequill.chat import FORMATS, ChatFormat
from goosequill.decoding import Chunk, DecodingConfig, End, Item, generate
from goosequill.errors import SettingsError
from goosequill.models import Model, State
from goosequill.personas import Persona
from goosequill.tokenizers import StreamDecoder, Tokenizer


class Conversation:
    """A conversation; every message is read once, and the state carries it on.

    Parameters
    ----------
    system
        What the model is told before the first message.
    persona
        A saved state to begin from; it is not changed.

    Attributes
    ----------
    messages
        What was said, as {"role", "content"}.
    state
        What the model has read.
    """

    def __init__(
        self,
        model: Model,
        tokenizer: Tokenizer,
        *,
        chat_format: ChatFormat | None = None,
        system: str = "",
        persona: Persona | None = None,
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.format = chat_format or FORMATS["world"]
        self.messages: list[dict[str, str]] = []
        self.state: State = model.new_state()
        self._unread = self.format.preamble(system)
        if persona is not None:
            self.state.assign(persona.arrays)
            self._unread = persona.unread + self._unread

    def branch(self) -> Conversation:
        """A conversation that has the same past and its own future."""
        twin = Conversation(self.model, self.tokenizer, chat_format=self.format)
        twin.messages = [dict(message) for message in self.messages]
        twin.state, twin._unread = self.state.copy(), self._unread
        return twin

    def persona(self, name: str = "") -> Persona:
        """The conversation so far as a persona, to save or to begin others from."""
        arrays = {key: array.copy() for key, array in self.state.arrays.items()}
        return Persona(arrays, name, self._unread)

    def reply(
        self,
        message: str,
        config: DecodingConfig | None = None,
        *,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Item]:
        """Say something to the model, and stream its reply; it ends where the next speaker begins.

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
        config = config or DecodingConfig()
        config = replace(config, stop=(*config.stop, *self.format.stop))
        prompt = self._unread + self.format.turn(message)
        items = generate(self.model, self.tokenizer, prompt, config, state=self.state, cancelled=cancelled)
        self.messages.append({"role": "user", "content": self.format.squeeze(message)})
        return self._listen(items)

    def _listen(self, items: Iterator[Item]) -> Iterator[Item]:
        """Hand on what is written, and leave the state just behind the reply's last character."""
        progress = _Progress(self.state, StreamDecoder(self.tokenizer))
        try:
            for item in items:
                progress.note(item)
                yield item
        finally:
            self._unread = progress.settle() + self.format.separator
            reply = self.format.opening + progress.shown
            self.messages.append({"role": "assistant", "content": reply.strip()})


class _Progress:
    """How far the state and the visible text of a reply have come.

    The model reads the beginning of a stop text before it is known to be one. So the state is
    copied whenever the last of the text is held back, and put back if it was a stop text; what of
    the visible text it then lacks is read with the next message.
    """

    def __init__(self, state: State, stream: StreamDecoder) -> None:
        self._state, self._stream = state, stream
        self._copy: State | None = None
        self._copied_at = 0
        self._written = 0  # characters, those held back included
        self._last = ""  # text of the token that the model has not read yet
        self._ended = False
        self.shown = ""

    def note(self, item: Item) -> None:
        """Take in a chunk, before the model has read its token, or the end."""
        if isinstance(item, Chunk):
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
            self.shown += item.text

    def settle(self) -> str:
        """Put the state back if need be; visible text that it has not read."""
        if not self._ended:  # Whoever listened has left; the model never read the last token.
            return self._last
        if self._copy is None or self._written <= len(self.shown):
            return ""
        self._state.assign(self._copy.arrays)
        return self.shown[self._copied_at :]
