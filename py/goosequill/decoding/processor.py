"""What a processor is: a step of the decoder that turns scores into scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from goosequill.decoding.context import Context
from goosequill.decoding.sampling import Candidates, Scores
from goosequill.parameters import Description

if TYPE_CHECKING:
    from goosequill.decoding.config import DecodingConfig
    from goosequill.tokenizers import Tokenizer


@dataclass(frozen=True)
class Setup:
    """What a processor may need when it is made: the settings, the tokenizer, the model's vocabulary."""

    config: DecodingConfig
    tokenizer: Tokenizer
    vocab_size: int


class Processor(ABC):
    """One step. It never changes an array that it is given."""

    description: ClassVar[Description]
    leaves_some: ClassVar[bool] = False
    """Whether it leaves a token to write wherever it is given one."""

    @classmethod
    @abstractmethod
    def make(cls, setup: Setup) -> Processor | None:
        """Return the step that the settings ask for, or None where they are neutral."""

    @abstractmethod
    def narrow(self, candidates: Candidates, context: Context) -> Candidates:
        """Return the candidates that are left, with their scores."""

    def observe(self, token: int, candidates: Candidates, context: Context) -> None:  # noqa: B027
        """Learn which token was taken out of the last candidates. Most steps need not know."""

    def follow(self, token: int, context: Context) -> None:  # noqa: B027
        """Learn of a token that was written before this decoder began, of which there are no scores."""

    def finished(self, context: Context) -> bool:
        """Return whether nothing more may be written."""
        return False


class Change(Processor):
    """A step that gives other scores to the same candidates; minus infinity cuts one.

    Those that look at which tokens they are come before all that narrow them, and see the whole vocabulary.
    """

    @abstractmethod
    def __call__(self, scores: Scores, context: Context) -> Scores:
        """Return new scores, or the same where none changes."""

    def narrow(self, candidates: Candidates, context: Context) -> Candidates:
        return Candidates(self(candidates.scores, context), candidates.ids)
