"""How one token was chosen: the model's candidates, and what each step of the decoder did to them.

A text is explained after it was generated, by reading it again up to the token in question. Nothing is
recorded during generation, so explanations cost nothing until they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
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
from goosequill.decoding.sampling import Logits, WeighOnce, best, log_probability, probabilities
from goosequill.decoding.steps.mirostat import Mirostat
from goosequill.decoding.writer import READ_AT_ONCE, prompt_tokens
from goosequill.errors import SettingsError
from goosequill.kernels import LogitOperations
from goosequill.parameters import Description
from goosequill.tokenizers import Tokenizer

CANDIDATES = 10
MASKED = 5
"""How many masked tokens are shown."""
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
    """Return how one token of a text was chosen.

    Parameters
    ----------
    written
        The tokens generated after the prompt.
    index
        Which of them to explain; -1 and below count back into the prompt, which no decoder chose.
    settings
        The decoder's settings, with the seed of the text.
    given
        How many of the generated tokens existed before this seed was used, as after a branch.
    memory
        States kept during generation, so that the text need not be read again.

    Returns
    -------
    dict
        ``token``, ``text``, ``logprob`` (the model's, natural) and ``rank`` (1 for the model's most likely
        token; equal ones share the best); ``steps``: name, label, sentence and
        the number of tokens ``kept`` of each; ``candidates``: token, text, ``probabilities`` after
        each step (0 once removed), ``cut_by`` (the index of the step that removed it, or None);
        ``constraint``: None, or the fields of `Constrained` and as ``without`` the model's most likely
        tokens that it masked, each with token, text and ``probability``.
    """
    config = DecodingConfig.from_dict(settings)
    ids = prompt_tokens(tokenizer, prompt)
    position = len(ids) + index
    if not 0 < position < len(ids) + len(written):
        raise SettingsError(
            "There is no prediction for that token.",
            code="token-index",
            remedy="Choose a token after the first of the prompt.",
        )
    text = [*ids, *written]
    setup = Setup(tokenizer, int(model.config.vocab_size), config.stop_tokens, config.ignore_end)
    operations = WeighOnce(model.kernel.logits)
    chain, context = make_chain(config, setup), Context(tokenizer, setup.vocab_size, ids, operations)
    read = partial(_read, model, memory)  # all logits exactly, since the probabilities of many are shown
    if index < 0:
        chain = Chain(())  # no decoder chose the prompt
    else:
        known = given if index >= given else 0
        chain.follow(written[:known], context)
        _replay(read, chain, context, written[known:index], seed=config.seed or 0)
    stages = [read(text[:position]).following()]
    if index >= 0 and config.guidance_scale != 1:
        context.unguided = _unguided(model, tokenizer, config, written[:index])
    chain(stages[0], context, lambda _name, logits: stages.append(logits))
    chosen = text[position]
    steps = [MODEL, *(_step(step.description) for step in chain.steps)]
    return {
        "token": chosen,
        "text": token_text(tokenizer, chosen),
        "logprob": log_probability(stages[0], chosen, operations),
        "rank": 1 + int((stages[0] > stages[0][chosen]).sum()),
        "steps": [
            {**step, "kept": int(np.isfinite(logits).sum())}
            for step, logits in zip(steps, stages, strict=True)
        ],
        "candidates": _candidates(stages, chosen, tokenizer, operations),
        "constraint": _constraint(chain, stages[0], context),
    }


def _read(model: LanguageModel, memory: StateMemory | None, tokens: Sequence[int]) -> Predictor:
    """Return the model after the tokens, starting from the nearest kept state."""
    start, state, logits = (memory and memory.recall(tokens)) or (0, None, None)
    predictor = Predictor(model, state, logits)
    for first in range(start, len(tokens), READ_AT_ONCE):
        piece = tokens[first : first + READ_AT_ONCE]
        predictor.read(piece, predict=first + len(piece) == len(tokens))
    return predictor


def _replay(
    read: Callable[[Sequence[int]], Predictor],
    chain: Chain,
    context: Context,
    written: Sequence[int],
    *,
    seed: int,
) -> None:
    """Bring the chain and the random numbers to the point before the token after `written`."""
    random = Pcg64(seed)
    needs_logits = any(isinstance(step, Mirostat) for step in chain.steps)
    predictor = read(context.tokens.tolist()) if needs_logits else None
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
) -> Logits:
    """Return the logits after the negative prompt, which guidance steers away from."""
    tokens = [*prompt_tokens(tokenizer, config.negative_prompt), *written]
    return _read(model, None, tokens).following()


def _step(description: Description) -> dict[str, str]:
    return {"name": description.name, "label": description.label, "sentence": description.sentence}


def _constraint(chain: Chain, logits: Logits, context: Context) -> dict[str, Any] | None:
    """Return what the constraint did, and what the model would rather have written."""
    step, operations = chain.constraint, context.operations
    if step is None:
        return None
    mask = step.masks.of(context.automaton_state)
    masked = np.where(mask, np.float32(-np.inf), logits)
    effect = step.effect(logits, context.automaton_state, operations)
    return asdict(effect) | {
        "without": [
            {
                "token": int(token),
                "text": token_text(context.tokenizer, int(token)),
                "probability": math.exp(log_probability(logits, int(token), operations)),
            }
            for token in best(masked, MASKED, operations)
        ]
    }


def _candidates(
    stages: Sequence[Logits], chosen: int, tokenizer: Tokenizer, operations: LogitOperations
) -> list[dict[str, Any]]:
    """Return the model's most likely tokens, and the chosen one, through all stages."""
    tokens = [int(token) for token in best(stages[0], CANDIDATES, operations)]
    if chosen not in tokens:
        tokens.append(chosen)
    shares = [probabilities(logits, operations) for logits in stages]
    return [
        {
            "token": token,
            "text": token_text(tokenizer, token),
            "probabilities": [float(share[token]) for share in shares],
            "cut_by": next((i for i, logits in enumerate(stages) if logits[token] == -np.inf), None),
        }
        for token in tokens
    ]
