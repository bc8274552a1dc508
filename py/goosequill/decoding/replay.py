"""Brings a decoder back to the point where it chose a token of a text, and lets it choose again.

What chooses here is what chose during generation: the same functions, with the same logits, random numbers,
states of the steps and, in a search, rivals. Nothing is recorded during generation. What a decision means for
a reader is the work of `explain`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.context import Context
from goosequill.decoding.generate import decide
from goosequill.decoding.items import Reading
from goosequill.decoding.memory import SPACING, StateMemory
from goosequill.decoding.predictor import LanguageModel
from goosequill.decoding.sampling import Logits
from goosequill.decoding.strategies.beam import Ranked, begin
from goosequill.decoding.strategies.contrastive import Compared, compare, direction
from goosequill.decoding.writer import Writer
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer


@dataclass
class Decision:
    """How a token was chosen.

    Attributes
    ----------
    writer, context
        The decoder and what it knew, before the token.
    stages
        Logits over the whole vocabulary: the model's, then those after each step of the chain.
    reproduced
        Whether the decoder chose the same tokens again, as far as they were computed again.
    ranked, compared
        The texts that beam search ranked; the candidates that contrastive search compared, the best first.
    """

    writer: Writer
    context: Context
    stages: list[Logits] = field(default_factory=list)
    reproduced: bool = True
    ranked: list[Ranked] = field(default_factory=list)
    compared: list[Compared] = field(default_factory=list)

    def watch(self, logits: Logits) -> Logits:
        """Note what every step makes of the model's logits, and return the last."""
        self.stages = [logits]
        return self.writer.chain(logits, self.context, lambda _name, after: self.stages.append(after))


Steps = Generator[Progress, None, Decision]


def replay(
    model: LanguageModel,
    tokenizer: Tokenizer,
    config: DecodingConfig,
    prompt: Sequence[int],
    written: Sequence[int],
    *,
    given: int,
    memory: StateMemory | None,
) -> Steps:
    """Choose the last of the tokens again; yield a `Progress` after each pass.

    Parameters
    ----------
    config
        With a seed, and without a `shortlist`.
    prompt, written
        The tokens before the text and those of the text, of which the decoder chose all but the first
        ``given``.
    """
    *before, token = written
    searches = config.num_beams > 1 or bool(config.penalty_alpha)
    # Other steps need no logits but those of the token itself, and continue from the nearest kept state.
    known = given if searches or config.mirostat else len(before)
    writer = Writer(model, tokenizer, config, prompt, None, before[:known])
    writer.memory = writer.other_memory = memory
    passes = 0
    for item in chain(writer.prepare(), writer.read_prompt(alone=known - given)):
        passes += 1
        yield Progress("prompt", item.loaded if isinstance(item, Reading) else 0, len(writer.prompt))
    if passes > SPACING:
        writer.remember()
    for _ in range(known - given):
        writer.uniforms()
    decision = Decision(writer, writer.context)
    if config.num_beams > 1:
        yield from _beams(decision, before[known:], token)
    elif config.penalty_alpha:
        yield from _contrast(decision, before[known:], token)
    else:
        yield from _samples(decision, before[known:], token)
    return decision


def _samples(decision: Decision, before: Sequence[int], token: int) -> Generator[Progress]:
    writer = decision.writer
    for index, each in enumerate(before):
        drawn, final = decide(writer)
        if drawn == each:
            writer.chain.observe(each, final, writer.context)
            writer.accept(each)
        else:  # of another kernel or model; how surprising the token was is not known
            decision.reproduced = False
            writer.follow(each)
        writer.read_token(each, predict=True)
        yield Progress("text", index + 1, len(before))
    decision.stages = [writer.predictor.following()]
    drawn, _ = decide(writer, lambda _name, logits: decision.stages.append(logits))
    decision.reproduced &= drawn == token


def _read(writer: Writer, tokens: Sequence[int]) -> Generator[Progress]:
    """Continue after tokens without choosing them."""
    for index, token in enumerate(tokens):
        writer.follow(token)
        writer.read_token(token, predict=True)
        yield Progress("text", index + 1, len(tokens))


def _contrast(decision: Decision, before: Sequence[int], token: int) -> Generator[Progress]:
    writer = decision.writer
    seen = [direction(writer.predictor.following())]
    for progress in _read(writer, before):
        seen.append(direction(writer.predictor.following()))
        yield progress
    final = decision.watch(writer.predictor.following())
    decision.compared, _ = compare(final, writer, seen)
    decision.reproduced = decision.compared[0].token == token


def _beams(decision: Decision, before: Sequence[int], token: int) -> Generator[Progress]:
    search = begin(decision.writer)
    for index in range(len(before)):
        search.step()
        if search.over():
            search.beams = []
            break
        search.read()
        yield Progress("text", index + 1, len(before))
    own = next((beam for beam in search.beams if beam.tokens == tuple(before)), None)
    if own is None:
        decision.reproduced = False
        yield from _read(decision.writer, before)
        decision.watch(decision.writer.predictor.following())
        return
    decision.context = own.context
    decision.watch(own.predictor.following())
    decision.ranked = search.step()
    decision.reproduced = any(
        one.beam is own and one.token == token and one.outcome != "dropped" for one in decision.ranked
    )
