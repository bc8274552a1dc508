"""Contrastive search: a likely token, but not one that leads back to where the text has been.

The paper compares hidden vectors. Here the scores themselves, centred, stand for what the model is about
to say: they are a linear image of the last hidden vector, and every model gives them, whatever computes
it. Each candidate is read on a copy of the state, so a token costs top_k passes, and 4 V bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from goosequill.decoding.items import Item
from goosequill.decoding.predictor import Predictor
from goosequill.decoding.sampling import Candidates, Scores, best, probabilities
from goosequill.decoding.writer import Writer


def direction(scores: Scores) -> Scores:
    """Return centred scores of length 1."""
    centred = scores - scores.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-12), np.float32)


def write_contrastive(writer: Writer, cancelled: Callable[[], bool]) -> Iterator[Item]:
    """Write until something ends the text; what was written before the prompt's end is not compared."""
    config = writer.config
    seen = [direction(writer.predictor.following())]
    while writer.written < config.max_new_tokens:
        if cancelled():
            yield writer.end("abort")
            return
        if writer.chain.finished(writer.context):
            yield writer.end("stop")
            return
        scores = writer.predictor.following()
        final = writer.chain(scores, writer.context)
        token, ahead = _choose(final, writer, seen)
        writer.chain.observe(token, Candidates(final), writer.context)
        if token in writer.ends:
            yield writer.end("stop", end_token=True)
            return
        chunk, stopped = writer.show(token, scores)
        yield chunk
        if stopped:
            yield writer.end("stop")
            return
        writer.predictor = ahead
        seen.append(direction(ahead.following()))
    yield writer.end("stop" if writer.chain.finished(writer.context) else "length")


def _choose(final: Scores, writer: Writer, seen: list[Scores]) -> tuple[int, Predictor]:
    """Return the best candidate, and the model after it."""
    alpha, operations = writer.config.penalty_alpha, writer.context.operations
    chances = probabilities(final, operations)
    past = np.stack(seen)
    found: tuple[float, int, Predictor] | None = None
    for candidate in best(final, len(final), operations):
        ahead = writer.predictor.copy()
        ahead.read([int(candidate)])
        likeness = float((past @ direction(ahead.following())).max())
        value = (1 - alpha) * float(chances[candidate]) - alpha * likeness
        if found is None or value > found[0]:
            found = (value, int(candidate), ahead)
    if found is None:
        raise RuntimeError("the chain left no candidate")
    return found[1], found[2]
