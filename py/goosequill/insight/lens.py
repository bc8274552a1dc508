"""The logit lens: what the model would predict if it stopped after each layer.

The residual stream after each layer goes through the last normalization and the head, as if no layer
followed (nostalgebraist, "interpreting GPT: the logit lens", 2020). Early layers are not trained to be read
like this, so what they seem to predict is a hint, not a decision.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from goosequill.decoding.items import Candidate, candidates, token_text
from goosequill.decoding.memory import StateMemory
from goosequill.decoding.predictor import check_finite
from goosequill.decoding.sampling import log_probability
from goosequill.decoding.writer import prompt_tokens
from goosequill.insight.reading import from_end, locate, read_text
from goosequill.models import Model
from goosequill.support.progress import OnProgress, Progress, finish
from goosequill.tokenizers import Tokenizer

CANDIDATES = 5


@dataclass(frozen=True)
class LayerPrediction:
    """What would be predicted after one layer.

    Attributes
    ----------
    logprob
        Of the token that the text has there (natural).
    rank
        Its place among all tokens, 1 for the most likely.
    candidates
        The most likely tokens, with their log probabilities.
    """

    logprob: float
    rank: int
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class LogitLens:
    """The predictions for one token of a text.

    Attributes
    ----------
    token, text, position
        The token, what it spells, and its index in the text.
    layers
        L + 1 predictions: from the embedding alone, then after each layer. The last is the model's own.
    """

    token: int
    text: str
    position: int
    layers: tuple[LayerPrediction, ...]


def logit_lens(
    model: Model,
    tokenizer: Tokenizer,
    text: str | Sequence[int],
    index: int = -1,
    *,
    top: int = CANDIDATES,
    progress: OnProgress | None = None,
) -> LogitLens:
    """Return what each layer predicts for one token of a text.

    Parameters
    ----------
    text
        A text, or its token ids.
    index
        The token's index; by default the last.
    top
        How many candidates each layer has.
    progress
        Called with (tokens read, tokens to read in all).

    Raises
    ------
    SettingsError
        ``token-index``: there is no such token, or nothing before it. ``token-range``: an id is outside the
        vocabulary.

    Examples
    --------
    >>> from goosequill import logit_lens
    >>> lens = logit_lens(loaded.model, loaded.tokenizer, "The capital of France is Paris")
    >>> [layer.candidates[1].text for layer in lens.layers]
    ['is', 'is', 'alle', 'alle', 'ag', 'ag', 'ag']
    """
    tokens = prompt_tokens(tokenizer, text)
    return finish(lens_steps(model, tokenizer, tokens, (), from_end(tokens, index), top=top), progress)


def lens_steps(
    model: Model,
    tokenizer: Tokenizer,
    prompt: str | Sequence[int],
    written: Sequence[int] = (),
    index: int = -1,
    *,
    top: int = CANDIDATES,
    memory: StateMemory | None = None,
) -> Generator[Progress, None, LogitLens]:
    """Do the work of `logit_lens` in steps: a job.

    Parameters
    ----------
    prompt, written, index
        See `goosequill.insight.reading.locate`.
    memory
        States of the same model to start from.
    """
    tokens, position = locate(model, tokenizer, prompt, written, index)
    state = yield from read_text(model, tokens[: position - 1], memory)
    rows = check_finite(model.layer_logits(tokens[position - 1], state), state)  # [L + 1, V]
    target, operations = tokens[position], model.kernel.logits
    layers = tuple(
        LayerPrediction(
            logprob=log_probability(row, target, operations),
            rank=1 + int((row > row[target]).sum()),
            candidates=candidates(row, tokenizer, top, operations),
        )
        for row in rows
    )
    return LogitLens(target, token_text(tokenizer, target), position, layers)
