"""Beam search: several texts at once, of which the likeliest as a whole is taken.

As in Hugging Face's, a finished text is worth the sum of its log probabilities divided by its length to
the power of ``length_penalty``, and search ends when no text that goes on could still win. What all
texts share is shown at once, the rest when the search has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from goosequill.decoding.context import Context
from goosequill.decoding.items import Item
from goosequill.decoding.predictor import Predictor
from goosequill.decoding.sampling import Candidates, Scores, best, log_total
from goosequill.decoding.writer import Writer


@dataclass(frozen=True)
class Beam:
    """One text: its tokens with the scores that each was taken from, and where the model stands."""

    predictor: Predictor
    context: Context
    total: float = 0.0
    tokens: tuple[int, ...] = ()
    taken_from: tuple[Scores, ...] = ()
    text: str = ""

    def value(self, length_penalty: float, extra: int = 0) -> float:
        """Return what the text is worth; ``extra`` counts an end token."""
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
        """Return whether no beam can still get among the finished."""
        config = self.writer.config
        if not self.beams:
            return True
        if len(self.finished) < config.num_beams:
            return False
        return max(beam.value(config.length_penalty) for beam in self.beams) <= self.finished[-1][0]

    def step(self) -> None:
        """Prolong every beam by its likeliest tokens and go on with the best of all."""
        width, writer = self.writer.config.num_beams, self.writer
        options: list[tuple[float, int, int]] = []
        for place, beam in enumerate(self.beams):
            scores = writer.chain(beam.predictor.following(), beam.context)
            scores = scores - np.float32(log_total(scores, beam.context.operations))
            options += [
                (beam.total + float(scores[token]), place, int(token))
                for token in best(scores, 2 * width, beam.context.operations)
            ]
        options.sort(key=lambda option: (-option[0], option[1], option[2]))
        going: list[Beam] = []
        for rank, (total, place, token) in enumerate(options):
            if len(going) == width:
                break
            beam = self.beams[place]
            if token in writer.ends:
                if rank < width:
                    self.finish(_with(beam, total=total), end_token=True)
            else:
                self._go_on(_prolonged(writer, beam, token, total), going, rank)
        self.beams = going

    def _go_on(self, beam: Beam, going: list[Beam], rank: int) -> None:
        stopped = any(stop in beam.text for stop in self.writer.config.stop)
        if stopped or self.writer.chain.finished(beam.context):
            if rank < self.writer.config.num_beams:
                self.finish(beam, end_token=False)
            return
        going.append(beam)


def _with(beam: Beam, *, total: float) -> Beam:
    return Beam(beam.predictor, beam.context, total, beam.tokens, beam.taken_from, beam.text)


def _prolonged(writer: Writer, beam: Beam, token: int, total: float) -> Beam:
    """Return a beam with one token more; the model reads it when the beam is chosen to go on."""
    scores, context = beam.predictor.following(), beam.context.copy()
    writer.chain.observe(token, Candidates(scores), context)
    context.append(token)
    tokens = (*beam.tokens, token)
    text = writer.tokenizer.decode(tokens) if writer.config.stop else ""
    return Beam(beam.predictor, context, total, tokens, (*beam.taken_from, scores), text)


def write_beams(writer: Writer, cancelled: Callable[[], bool]) -> Iterator[Item]:
    """Search, and show what is certain."""
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
    winner, reason_end, stopped = _winner(search)
    yield from _show(writer, winner, len(winner.tokens))
    yield writer.end("stop" if stopped else "length", end_token=reason_end)


def _read(beam: Beam) -> Beam:
    predictor = beam.predictor.copy()
    predictor.read([beam.tokens[-1]])
    return Beam(predictor, beam.context, beam.total, beam.tokens, beam.taken_from, beam.text)


def _winner(search: _Search) -> tuple[Beam, bool, bool]:
    """Return the best text, whether an end token ended it, and whether anything did."""
    penalty = search.writer.config.length_penalty
    options = [(value, beam, ended, True) for value, beam, ended in search.finished]
    options += [(beam.value(penalty), beam, False, False) for beam in search.beams]
    _, beam, ended, stopped = max(options, key=lambda option: option[0])
    return beam, ended, stopped


def _show_shared(writer: Writer, search: _Search) -> Iterator[Item]:
    """Show the tokens with which every text that can still win begins."""
    texts = [beam.tokens for beam in search.beams] + [beam.tokens for _, beam, _ in search.finished]
    shared = 0
    for column in zip(*texts, strict=False):
        if len(set(column)) > 1:
            break
        shared += 1
    yield from _show(writer, search.beams[0], shared)


def _show(writer: Writer, beam: Beam, count: int) -> Iterator[Item]:
    for place in range(writer.written, count):
        yield writer.show(beam.tokens[place], beam.taken_from[place])[0]
