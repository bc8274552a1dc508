"""What happened at one token: the model's candidates, and what each step of the decoder made of them.

A text is explained after it was written, by reading it again up to the token in question. Nothing
is kept while writing, so explaining costs nothing until somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from goosequill.decoding.chain import Chain, make_chain
from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.context import Context
from goosequill.decoding.items import token_text
from goosequill.decoding.memory import StateMemory
from goosequill.decoding.predictor import LanguageModel, Predictor
from goosequill.decoding.processor import Setup
from goosequill.decoding.randomness import Pcg64
from goosequill.decoding.sampling import OnceWeighed, Scores, best, log_probability, probabilities
from goosequill.decoding.steps.mirostat import Mirostat
from goosequill.decoding.writer import READ_AT_ONCE, prompt_tokens
from goosequill.errors import SettingsError
from goosequill.kernels import LogitOperations, Shortlist
from goosequill.tokenizers import Tokenizer

CANDIDATES = 10
MODEL = {"name": "model", "label": "The model", "sentence": "What the model itself predicts."}


def explain(
    model: LanguageModel,
    tokenizer: Tokenizer,
    prompt: str,
    written: Sequence[int],
    index: int,
    settings: Mapping[str, Any],
    given: int = 0,
    memory: StateMemory | None = None,
) -> dict[str, Any]:
    """Tell how one token of a text came about.

    Parameters
    ----------
    written
        The tokens that were written after the prompt.
    index
        Which of them; -1 and below count back into the prompt, whose tokens no decoder chose.
    settings
        The decoder's, with the seed of the text.
    given
        How many of the written tokens stood there before this seed drew its first, as after a branch.
    memory
        States that were kept when the text was written, so that it need not be read again.

    Returns
    -------
    dict
        ``token``, ``text``, ``logprob`` (the model's, natural); ``steps``: name, label, sentence and
        the number of tokens ``kept`` of each; ``candidates``: token, text, ``probabilities`` after
        each step (0 once cut), ``cut_by`` (the step's number, or None).
    """
    config = DecodingConfig.from_dict(settings)
    ids = prompt_tokens(tokenizer, prompt)
    place = len(ids) + index
    if not 0 < place < len(ids) + len(written):
        raise SettingsError(
            "There is no prediction for that token.",
            code="token-index",
            remedy="Choose a token after the first of the prompt.",
        )
    text = [*ids, *written]
    setup = Setup(config, tokenizer, int(model.config.vocab_size))
    operations = OnceWeighed(model.kernel.logits)
    chain, context = make_chain(setup), Context(tokenizer, setup.vocab_size, ids, operations)
    if index < 0:
        chain = Chain(())  # no decoder chose the prompt
    else:
        known = given if index >= given else 0
        chain.follow(written[:known], context)
        _replay(
            partial(_read, model, memory, shortlist=config.shortlist),
            chain,
            context,
            written[known:index],
            config,
        )
    stages = [_read(model, memory, text[:place], shortlist=config.shortlist).following()]
    taken = text[place]
    if index >= 0 and config.guidance_scale != 1:
        context.unguided = _unguided(model, tokenizer, config, written[:index])
    chain(stages[0], context, lambda _name, scores: stages.append(scores))
    steps = [MODEL, *(_step(step.description) for step in chain.steps)]
    return {
        "token": taken,
        "text": token_text(tokenizer, taken),
        "logprob": log_probability(stages[0], taken, operations),
        "steps": [
            {**step, "kept": int(np.isfinite(scores).sum())}
            for step, scores in zip(steps, stages, strict=True)
        ],
        "candidates": _candidates(stages, taken, tokenizer, operations),
    }


def _read(
    model: LanguageModel,
    memory: StateMemory | None,
    tokens: Sequence[int],
    *,
    shortlist: Shortlist | None = None,
) -> Predictor:
    """Return the model after the tokens, read from the nearest kept state on."""
    start, state, scores = (memory and memory.recall(tokens, shortlist=shortlist)) or (0, None, None)
    predictor = Predictor(model, state, scores, shortlist=shortlist)
    for first in range(start, len(tokens), READ_AT_ONCE):
        piece = tokens[first : first + READ_AT_ONCE]
        predictor.read(piece, predict=first + len(piece) == len(tokens))
    return predictor


def _replay(
    read: Callable[[Sequence[int]], Predictor],
    chain: Chain,
    context: Context,
    written: Sequence[int],
    config: DecodingConfig,
) -> None:
    """Bring chain and randomness to where they stood before the token after `written`."""
    random = Pcg64(config.seed or 0)
    needs_scores = any(isinstance(step, Mirostat) for step in chain.steps)
    predictor = read(context.tokens.tolist()) if needs_scores else None
    for token in written:
        context.uniforms = (random.random(), random.random())
        if predictor is None:
            chain.follow([token], context)
            continue
        chain.observe(token, chain.narrow(predictor.following(), context), context)
        predictor.read([token])
        context.append(token)
    context.uniforms = (random.random(), random.random())


def _unguided(
    model: LanguageModel, tokenizer: Tokenizer, config: DecodingConfig, written: Sequence[int]
) -> Scores:
    """Return the scores after the prompt that guidance moves away from."""
    tokens = [*prompt_tokens(tokenizer, config.negative_prompt), *written]
    return _read(model, None, tokens).following()


def _step(description: Any) -> dict[str, str]:
    return {"name": description.name, "label": description.label, "sentence": description.sentence}


def _candidates(
    stages: Sequence[Scores], taken: int, tokenizer: Tokenizer, operations: LogitOperations
) -> list[dict[str, Any]]:
    """The model's likeliest tokens, and the one that was taken, through all stages."""
    tokens = [int(token) for token in best(stages[0], CANDIDATES, operations)]
    if taken not in tokens:
        tokens.append(taken)
    shares = [probabilities(scores, operations) for scores in stages]
    return [
        {
            "token": token,
            "text": token_text(tokenizer, token),
            "probabilities": [float(share[token]) for share in shares],
            "cut_by": next((n for n, scores in enumerate(stages) if scores[token] == -np.inf), None),
        }
        for token in tokens
    ]
