"""Beam search: several texts at once, of which the most likely as a whole is returned.

As in Hugging Face's, the value of a finished text is the sum of its log probabilities divided by its length
to the power of ``length_penalty``, and the search ends when no unfinished text can still win. The tokens
that all texts share are emitted at once, the rest when the search has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from goosequill.decoding.context import Context
from goosequill.decoding.items import Item
from goosequill.decoding.predictor import Predictor
from goosequill.decoding.sampling import Candidates, Logits, best
from goosequill.decoding.writer import Writer


@dataclass(frozen=True)
class Beam:
    """One text: its tokens, the logits that each was chosen from, and the model after them."""

    predictor: Predictor
    context: Context
    total: float = 0.0
    tokens: tuple[int, ...] = ()
    chosen_from: tuple[Logits, ...] = ()
    text: str = ""

    def value(self, length_penalty: float, extra: int = 0) -> float:
        """Return the text's value; ``extra`` counts an end token."""
        return float(self.total / max(1, len(self.tokens) + extra) ** length_penalty)


@dataclass
class _Search:
    writer: Writer
    beams: list[Beam]
    finished: list[tuple[float, Beam, bool]] = field(default_factory=list)

    def finish(self, beam: Beam, *, end_token: bool) -> None:
        value = beam.value(self.writer.config.length_penalty, int(end_token))
        self.finished.append((value, beam, end_token))
        self.finished.sort(key=lambda item: -item[0])
        del self.finished[self.writer.config.num_beams :]

    def over(self) -> bool:
        """Return whether no beam can still replace a finished text."""
        config = self.writer.config
        if not self.beams:
            return True
        if len(self.finished) < config.num_beams:
            return False
        return max(beam.value(config.length_penalty) for beam in self.beams) <= self.finished[-1][0]

    def step(self) -> None:
        """Extend every beam by its most likely tokens and continue with the best of all."""
        width, writer = self.writer.config.num_beams, self.writer
        options: list[tuple[float, int, int]] = []
        for index, beam in enumerate(self.beams):
            logits = writer.chain(beam.predictor.following(), beam.context)
            logits = logits - np.float32(beam.context.operations.log_total(logits))
            options += [
                (beam.total + float(logits[token]), index, int(token))
                for token in best(logits, 2 * width, beam.context.operations)
            ]
        options.sort(key=lambda option: (-option[0], option[1], option[2]))
        extended: list[Beam] = []
        for rank, (total, index, token) in enumerate(options):
            if len(extended) == width:
                break
            beam = self.beams[index]
            if token in writer.ends:
                if rank < width:
                    self.finish(replace(beam, total=total), end_token=True)
            else:
                self._continue(_extend(writer, beam, token, total), extended, rank)
        self.beams = extended

    def _continue(self, beam: Beam, extended: list[Beam], rank: int) -> None:
        stopped = any(stop in beam.text for stop in self.writer.config.stop)
        if stopped or self.writer.chain.finished(beam.context):
            if rank < self.writer.config.num_beams:
                self.finish(beam, end_token=False)
            return
        extended.append(beam)


def _extend(writer: Writer, beam: Beam, token: int, total: float) -> Beam:
    """Return a beam with one more token, which the model reads only if the beam is continued."""
    logits, context = beam.predictor.following(), beam.context.copy()
    writer.chain.observe(token, Candidates(logits), context)
    context.append(token)
    tokens = (*beam.tokens, token)
    text = writer.tokenizer.decode(tokens) if writer.config.stop else ""
    return Beam(beam.predictor, context, total, tokens, (*beam.chosen_from, logits), text)


def write_beams(writer: Writer, cancelled: Callable[[], bool]) -> Iterator[Item]:
    """Search, and emit tokens as soon as all texts share them."""
    search = _Search(writer, [Beam(writer.predictor, writer.context.copy())])
    for _ in range(writer.config.max_new_tokens):
        if cancelled():
            yield writer.end("abort")
            return
        search.step()
        if search.over():
            break
        search.beams = [_read(beam) for beam in search.beams]
        yield from _show_shared(writer, search)
    winner, end_token, stopped = _winner(search)
    yield from _show(writer, winner, len(winner.tokens))
    yield writer.end("stop" if stopped else "length", end_token=end_token)


def _read(beam: Beam) -> Beam:
    predictor = beam.predictor.copy()
    predictor.read([beam.tokens[-1]])
    return replace(beam, predictor=predictor)


def _winner(search: _Search) -> tuple[Beam, bool, bool]:
    """Return the best text, whether an end token ended it, and whether it ended at all."""
    penalty = search.writer.config.length_penalty
    options = [(value, beam, ended, True) for value, beam, ended in search.finished]
    options += [(beam.value(penalty), beam, False, False) for beam in search.beams]
    _, beam, ended, stopped = max(options, key=lambda option: option[0])
    return beam, ended, stopped


def _show_shared(writer: Writer, search: _Search) -> Iterator[Item]:
    """Emit the tokens that every text that can still win starts with."""
    texts = [beam.tokens for beam in search.beams] + [beam.tokens for _, beam, _ in search.finished]
    shared = 0
    for column in zip(*texts, strict=False):
        if len(set(column)) > 1:
            break
        shared += 1
    yield from _show(writer, search.beams[0], shared)


def _show(writer: Writer, beam: Beam, count: int) -> Iterator[Item]:
    for index in range(writer.written, count):
        yield writer.show(beam.tokens[index], beam.chosen_from[index])[0]
