"""Contrastive search: a likely token, but not one that leads back to where the text has been.

The paper compares hidden vectors. Here the centred logits represent what the model is about to say: they
are a linear image of the last hidden vector, and every model returns them. Each candidate is read on a
copy of the state, so a token costs top_k passes, and 4 * vocab_size bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from goosequill.decoding.items import Item
from goosequill.decoding.predictor import Predictor
from goosequill.decoding.sampling import Candidates, Logits, best, probabilities
from goosequill.decoding.writer import Writer


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
        token, ahead = _choose(final, writer, seen)
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


def _choose(final: Logits, writer: Writer, seen: list[Logits]) -> tuple[int, Predictor]:
    """Return the best candidate, and the model after it."""
    alpha, operations = writer.config.penalty_alpha, writer.context.operations
    shares = probabilities(final, operations)
    past = np.stack(seen)
    found: tuple[float, int, Predictor] | None = None
    for candidate in best(final, len(final), operations):
        ahead = writer.predictor.copy()
        ahead.read([int(candidate)])
        similarity = float((past @ direction(ahead.following())).max())
        value = (1 - alpha) * float(shares[candidate]) - alpha * similarity
        if found is None or value > found[0]:
            found = (value, int(candidate), ahead)
    if found is None:
        raise RuntimeError("the chain left no candidate")
    return found[1], found[2]
