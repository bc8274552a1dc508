"""Contrastive search: a likely token, but not one that leads back to where the text has been.

The paper compares hidden vectors. Here the centred logits represent what the model is about to say: they
are a linear image of the last hidden vector, and every model returns them. Each candidate is read on a
copy of the state, so a token costs top_k passes, and 4 * vocab_size bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from goosequill.decoding.items import Item
from goosequill.decoding.predictor import Predictor
from goosequill.decoding.sampling import Candidates, Logits, best, probabilities
from goosequill.decoding.writer import Writer


@dataclass(frozen=True)
class Compared:
    """A candidate and what decides on it.

    Attributes
    ----------
    confidence
        The candidate's probability after the decoder's steps.
    similarity
        The degeneration penalty: the largest cosine, -1 to 1, between the direction after the candidate and
        those before it.
    score
        ``(1 - penalty_alpha) * confidence - penalty_alpha * similarity``; the highest is chosen, and of equal
        ones the most likely.
    """

    token: int
    confidence: float
    similarity: float
    score: float


def direction(logits: Logits) -> Logits:
    """Return the centred logits, scaled to length 1."""
    centred = logits - logits.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-12), np.float32)


def write_contrastive(writer: Writer, cancelled: Callable[[], bool]) -> Iterator[Item]:
    """Generate until the text ends; only the end of the prompt is compared."""
    config = writer.config
    seen = [direction(writer.predictor.following())]
    while writer.written < config.max_new_tokens:
        if cancelled():
            yield writer.end("abort")
            return
        if writer.chain.finished(writer.context):
            yield writer.end("stop")
            return
        logits = writer.predictor.following()
        final = writer.chain(logits, writer.context)
        compared, ahead = compare(final, writer, seen)
        token = compared[0].token
        writer.chain.observe(token, Candidates(final), writer.context)
        if token in writer.ends:
            yield writer.end("stop", end_token=True)
            return
        chunk, stopped = writer.show(token, logits)
        yield chunk
        if stopped:
            yield writer.end("stop")
            return
        writer.predictor = ahead
        seen.append(direction(ahead.following()))
    yield writer.end("stop" if writer.chain.finished(writer.context) else "length")


def compare(final: Logits, writer: Writer, seen: list[Logits]) -> tuple[list[Compared], Predictor]:
    """Return all candidates, that with the highest score first, and the model after that one."""
    alpha, operations = writer.config.penalty_alpha, writer.context.operations
    shares = probabilities(final, operations)
    past = np.stack(seen)
    compared: list[Compared] = []
    chosen, highest = writer.predictor, -np.inf
    for candidate in map(int, best(final, len(final), operations)):
        ahead = writer.predictor.copy()
        ahead.read([candidate])
        confidence = float(shares[candidate])
        similarity = float((past @ direction(ahead.following())).max())
        score = (1 - alpha) * confidence - alpha * similarity
        compared.append(Compared(candidate, confidence, similarity, score))
        if score > highest:
            chosen, highest = ahead, score
    return sorted(compared, key=lambda one: -one.score), chosen
