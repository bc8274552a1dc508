"""Beam search: several texts at once, of which the most likely as a whole is returned.

As in Hugging Face's, the value of a finished text is the sum of its log probabilities divided by its length
to the power of ``length_penalty``, and the search ends when no unfinished text can still win. The tokens
that all texts share are emitted at once, the rest when the search has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from goosequill.decoding.context import Context
from goosequill.decoding.items import Item
from goosequill.decoding.predictor import Predictor
from goosequill.decoding.sampling import Candidates, Logits, best
from goosequill.decoding.writer import Writer

Outcome = Literal["continued", "finished", "dropped"]


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


@dataclass(frozen=True)
class Ranked:
    """A beam with one more token, and what a step of the search made of it.

    Attributes
    ----------
    total
        The sum of the log probabilities (natural) of all its tokens, by which texts are ranked.
    """

    beam: Beam
    token: int
    total: float
    outcome: Outcome


@dataclass
class Search:
    """The beams that are continued, and the texts that have ended, the best first.

    Attributes
    ----------
    finished
        Of each its value, the text, and whether an end token ended it.
    """

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

    def step(self) -> list[Ranked]:
        """Extend every beam by its most likely tokens, continue with the best of all, and return all."""
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
        before, self.beams = self.beams, []
        outcomes: list[Outcome] = []
        for rank, (total, index, token) in enumerate(options):
            if len(self.beams) == width:
                break
            outcomes.append(self._place(before[index], token, total, leads=rank < width))
        outcomes += ["dropped"] * (len(options) - len(outcomes))
        return [
            Ranked(before[index], token, total, outcome)
            for (total, index, token), outcome in zip(options, outcomes, strict=True)
        ]

    def _place(self, beam: Beam, token: int, total: float, *, leads: bool) -> Outcome:
        """Continue a beam with a token, or finish it, which only those that lead can be."""
        if token in self.writer.ends:
            if leads:
                self.finish(replace(beam, total=total), end_token=True)
        else:
            extended = _extend(self.writer, beam, token, total)
            stopped = any(stop in extended.text for stop in self.writer.config.stop)
            if not (stopped or self.writer.chain.finished(extended.context)):
                self.beams.append(extended)
                return "continued"
            if leads:
                self.finish(extended, end_token=False)
        return "finished" if leads else "dropped"

    def read(self) -> None:
        """Let the model read the last token of every beam."""
        self.beams = [_read(beam) for beam in self.beams]


def _extend(writer: Writer, beam: Beam, token: int, total: float) -> Beam:
    """Return a beam with one more token, which the model reads only if the beam is continued."""
    logits, context = beam.predictor.following(), beam.context.copy()
    writer.chain.observe(token, Candidates(logits), context)
    context.append(token)
    tokens = (*beam.tokens, token)
    text = writer.tokenizer.decode(tokens) if writer.config.stop else ""
    return Beam(beam.predictor, context, total, tokens, (*beam.chosen_from, logits), text)


def begin(writer: Writer) -> Search:
    """Return the search after the prompt."""
    return Search(writer, [Beam(writer.predictor, writer.context.copy())])


def write_beams(writer: Writer, cancelled: Callable[[], bool]) -> Iterator[Item]:
    """Search, and emit tokens as soon as all texts share them."""
    search = begin(writer)
    for _ in range(writer.config.max_new_tokens):
        if cancelled():
            yield writer.end("abort")
            return
        search.step()
        if search.over():
            break
        search.read()
        yield from _show_shared(writer, search)
    winner, end_token, stopped = _winner(search)
    yield from _show(writer, winner, len(winner.tokens))
    yield writer.end("stop" if stopped else "length", end_token=end_token)


def _read(beam: Beam) -> Beam:
    predictor = beam.predictor.copy()
    predictor.read([beam.tokens[-1]])
    return replace(beam, predictor=predictor)


def _winner(search: Search) -> tuple[Beam, bool, bool]:
    """Return the best text, whether an end token ended it, and whether it ended at all."""
    penalty = search.writer.config.length_penalty
    options = [(value, beam, ended, True) for value, beam, ended in search.finished]
    options += [(beam.value(penalty), beam, False, False) for beam in search.beams]
    _, beam, ended, stopped = max(options, key=lambda option: option[0])
    return beam, ended, stopped


def _show_shared(writer: Writer, search: Search) -> Iterator[Item]:
    """Emit the tokens that every text that can still win starts with."""
    texts = [beam.tokens for beam in search.beams] + [beam.tokens for _, beam, _ in search.finished]
    yield from _show(writer, search.beams[0], shared_length(texts))


def shared_length(texts: Sequence[Sequence[int]]) -> int:
    """Return with how many tokens all texts start."""
    columns = enumerate(zip(*texts, strict=False))
    return next((index for index, column in columns if len(set(column)) > 1), min(map(len, texts)))


def _show(writer: Writer, beam: Beam, count: int) -> Iterator[Item]:
    for index in range(writer.written, count):
        yield writer.show(beam.tokens[index], beam.chosen_from[index])[0]
