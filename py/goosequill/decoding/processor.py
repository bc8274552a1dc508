"""What a step of the decoder is: a processor that turns logits into logits.

A step declares its settings and is made from them and a ``Setup``. It knows nothing of other steps or of
the configuration as a whole; `steps` lists all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from goosequill.decoding.context import Context
from goosequill.decoding.sampling import Candidates, Logits
from goosequill.parameters import Description, ParameterSet
from goosequill.tokenizers import Tokenizer


@dataclass(frozen=True)
class Setup:
    """What a step may need besides its own settings.

    Attributes
    ----------
    vocab_size
        The model's, which may exceed the tokenizer's.
    stop_tokens
        The tokens that the user made end the text.
    ignore_end
        Whether the tokenizer's end token must not be generated.
    """

    tokenizer: Tokenizer
    vocab_size: int
    stop_tokens: tuple[int, ...] = ()
    ignore_end: bool = False

    @property
    def ends(self) -> list[int]:
        """All tokens that end the text, ascending."""
        end = self.tokenizer.end_token
        return sorted({*self.stop_tokens, *(() if end is None else (end,))})


class StepSettings(ParameterSet):
    """The settings of one step. Its first one switches the step off where it is neutral."""

    step: ClassVar[type[Processor]]
    """The step that these settings belong to."""


class Processor(ABC):
    """One step. It never changes an array that it is given.

    A step that can be configured has a nested class ``Settings``, and a ``description`` of it.
    """

    Settings: ClassVar[Any]
    description: ClassVar[Description]
    truncates: ClassVar[bool] = False
    """Whether it removes tokens by their probability."""
    leaves_some: ClassVar[bool] = False
    """Whether it always leaves at least one of the tokens that it is given."""

    def __init_subclass__(cls) -> None:
        if "Settings" in vars(cls):
            cls.Settings.step = cls

    @classmethod
    def prepare(cls, settings: Any) -> Iterator[int]:
        """Do, in steps, what takes `make` long, and yield how much is done. Most steps have nothing to do."""
        return iter(())

    @classmethod
    @abstractmethod
    def make(cls, settings: Any, setup: Setup) -> Processor | None:
        """Return the step that its settings ask for, or None where they are neutral."""

    @abstractmethod
    def narrow(self, candidates: Candidates, context: Context) -> Candidates:
        """Return the remaining candidates with their logits."""

    def observe(self, token: int, candidates: Candidates, context: Context) -> None:  # noqa: B027
        """Learn which token was chosen from the final candidates. Most steps ignore it."""

    def follow(self, token: int, context: Context) -> None:  # noqa: B027
        """Learn of a token that was generated before this decoder started; its logits are unknown."""

    def finished(self, context: Context) -> bool:
        """Return whether the text cannot continue."""
        return False


class Change(Processor):
    """A step that changes the logits of the same candidates; minus infinity masks a token.

    Those that depend on token ids run before all truncating steps, and see the whole vocabulary.
    """

    @abstractmethod
    def __call__(self, logits: Logits, context: Context) -> Logits:
        """Return new logits, or the same array if none changes."""

    def narrow(self, candidates: Candidates, context: Context) -> Candidates:
        return Candidates(self(candidates.logits, context), candidates.ids)
