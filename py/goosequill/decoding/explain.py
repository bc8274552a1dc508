"""How one token was chosen: the model's candidates, what each step of the decoder did to them, and what a
search compared.

A text is explained after it was generated, by choosing the token again (`replay`). Nothing is recorded during
generation, so explanations cost nothing until they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.items import token_text
from goosequill.decoding.memory import StateMemory
from goosequill.decoding.predictor import LanguageModel
from goosequill.decoding.replay import Decision, replay
from goosequill.decoding.sampling import Logits, best, log_probability, probabilities
from goosequill.decoding.strategies.beam import shared_length
from goosequill.decoding.tokens import rank_of
from goosequill.decoding.writer import prompt_tokens
from goosequill.errors import SettingsError
from goosequill.kernels import LogitOperations
from goosequill.parameters import Description
from goosequill.support.progress import Progress, finish
from goosequill.tokenizers import Tokenizer

CANDIDATES = 10
"""How many of the model's likeliest tokens are shown, of the decoder's, and of what a search compared."""
MASKED = 5
"""How many masked tokens are shown."""
TAIL = 12
"""The most tokens of a text that beam search compared."""
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

    Most tokens take as many passes as there are tokens since the nearest kept state. Mirostat and contrastive
    search take one for each token of the text before it, and beam search as many as generation took.

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
        token; equal ones share the best); ``reproduced``: whether the decoder chose the same token again,
        which it does with the same model, kernel and settings; None for the prompt.

        ``steps``: name, label, sentence and the number of tokens ``kept`` of each. ``candidates``: the 10
        tokens that are likeliest for the model, the 10 that are after the last step, and the chosen one, by
        the model's ``rank``; each with token, text, ``probabilities`` after each step (0 once removed), and
        ``cut_by`` (the index of the step that removed it, or None).

        ``constraint``: None, or the fields of `Constrained` and as ``without`` the model's most likely
        tokens that it masked, each with token, text and ``probability``.

        ``search``: None, or its ``kind``, the number of ``options`` that it ranked as ``compared``, and the
        leading ones with the chosen one, each with its ``rank`` and whether it is the ``chosen`` one. Those
        of "beam", which follows so many ``beams``, have the ``text`` that begins where those shown differ,
        the ``total`` of its log probabilities (natural), the token's own ``logprob``, and the ``outcome``:
        "continued", "finished" or "dropped". Those of "contrastive", with its ``penalty_alpha``, have token,
        text and the other fields of `Compared`.

    Raises
    ------
    SettingsError
        ``token-index``: no token precedes that one.
    """
    return finish(explain_steps(model, tokenizer, prompt, written, index, settings, given, memory))


def explain_steps(
    model: LanguageModel,
    tokenizer: Tokenizer,
    prompt: str,
    written: Sequence[int],
    index: int,
    settings: Mapping[str, Any],
    given: int = 0,
    memory: StateMemory | None = None,
) -> Generator[Progress, None, dict[str, Any]]:
    """Do the work of `explain` in steps, each of at most 64 tokens of reading or a token of a search."""
    ids = prompt_tokens(tokenizer, prompt)
    position = len(ids) + index
    if not 0 < position < len(ids) + len(written):
        raise SettingsError(
            "There is no prediction for that token.",
            code="token-index",
            remedy="Choose a token after the first of the prompt.",
        )
    # The probabilities of many tokens are shown, so all logits must be exact, and tokens read as they come.
    shown = {"logprobs": CANDIDATES, "prompt_lookup_num_tokens": 0, "seed": settings.get("seed") or 0}
    if index < 0:  # no decoder chose the prompt
        config, written, ids, given = DecodingConfig.from_dict(shown), [ids[position]], ids[:position], 0
    else:
        config, written = DecodingConfig.from_dict({**settings, **shown}), written[: index + 1]
        given = given if index >= given else 0
    decision = yield from replay(model, tokenizer, config, ids, written, given=given, memory=memory)
    chain, operations, stages = decision.writer.chain, decision.context.operations, decision.stages
    steps = [MODEL, *(_step(step.description) for step in chain.steps)]
    chosen = written[-1]
    return {
        "token": chosen,
        "text": token_text(tokenizer, chosen),
        "logprob": log_probability(stages[0], chosen, operations),
        "rank": rank_of(stages[0], chosen),
        "reproduced": decision.reproduced if index >= 0 else None,
        "steps": [
            {**step, "kept": int(np.isfinite(logits).sum())}
            for step, logits in zip(steps, stages, strict=True)
        ],
        "candidates": _candidates(stages, chosen, tokenizer, operations),
        "constraint": _constraint(decision),
        "search": _search(decision, written[given:]),
    }


def _step(description: Description) -> dict[str, str]:
    return {"name": description.name, "label": description.label, "sentence": description.sentence}


def _constraint(decision: Decision) -> dict[str, Any] | None:
    """Return what the constraint did, and what the model would rather have written."""
    step, logits, context = decision.writer.chain.constraint, decision.stages[0], decision.context
    operations = context.operations
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
    """Return the likeliest tokens of the model and of the decoder, and the chosen one, through all stages."""
    likely = (best(logits, CANDIDATES, operations).tolist() for logits in (stages[0], stages[-1]))
    tokens = sorted({chosen}.union(*likely), key=lambda token: (-stages[0][token], token))
    shares = [probabilities(logits, operations) for logits in stages]
    return [
        {
            "token": token,
            "text": token_text(tokenizer, token),
            "rank": rank_of(stages[0], token),
            "probabilities": [float(share[token]) for share in shares],
            "cut_by": next((i for i, logits in enumerate(stages) if logits[token] == -np.inf), None),
        }
        for token in tokens
    ]


def _search(decision: Decision, own: Sequence[int]) -> dict[str, Any] | None:
    """Return what a search compared to choose the last of its own tokens."""
    config, tokenizer = decision.writer.config, decision.writer.tokenizer
    if compared := decision.compared:
        chosen = [one.token == own[-1] for one in compared]
        options = [{**asdict(one), "text": token_text(tokenizer, one.token)} for one in compared]
        return {"kind": "contrastive", "penalty_alpha": config.penalty_alpha} | _leading(options, chosen)
    if ranked := decision.ranked:
        texts = [(*one.beam.tokens, one.token) for one in ranked]
        options = [
            {"total": one.total, "logprob": one.total - one.beam.total, "outcome": one.outcome}
            for one in ranked
        ]
        found = _leading(options, [text == tuple(own) for text in texts])
        shown = [texts[option["rank"] - 1] for option in found["options"]]
        same = shared_length(shown)
        for option, text in zip(found["options"], shown, strict=True):
            option["text"] = tokenizer.decode(text[max(min(same, len(text) - 1), len(text) - TAIL) :])
        return {"kind": "beam", "beams": config.num_beams} | found
    return None


def _leading(options: list[dict[str, Any]], chosen: list[bool]) -> dict[str, Any]:
    """Return the first options and the chosen one, with their ranks."""
    shown = [
        {"rank": rank + 1, "chosen": is_chosen, **option}
        for rank, (option, is_chosen) in enumerate(zip(options, chosen, strict=True))
        if rank < CANDIDATES or is_chosen
    ]
    return {"compared": len(options), "options": shown}
