"""The generation of one text: what sampling and the search strategies share."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from goosequill.decoding.chain import Chain, make_chain, prepare_chain
from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.context import Context
from goosequill.decoding.items import Chunk, Constrained, End, Preparing, Reading, Reason, candidates
from goosequill.decoding.lookup import PromptLookup
from goosequill.decoding.memory import SPACING, StateMemory
from goosequill.decoding.predictor import LanguageModel, Predictor
from goosequill.decoding.processor import Setup
from goosequill.decoding.randomness import Pcg64
from goosequill.decoding.sampling import Logits, log_probability
from goosequill.decoding.speculation import SpeculativePredictor
from goosequill.decoding.steps.constraint import Constraint
from goosequill.decoding.stopping import StopWatcher
from goosequill.models import Model
from goosequill.support.line_ends import unix_lines
from goosequill.tokenizers import StreamDecoder, Tokenizer

READ_AT_ONCE = 64
"""Tokens of a prompt that are read between two checks for cancellation, and by a kernel in one pass."""


class Writer:
    """Reads the prompt, keeps the state of generation, and turns tokens into emitted text.

    Attributes
    ----------
    prompt
        What is read before the first token is chosen: the prompt's tokens, and those given after them.
    chain
        The decoder's steps, once `prepare` has made them.
    predictor, other
        The model at the end of the text; with guidance, also after the negative prompt.
    written
        How many tokens were generated.
    """

    def __init__(
        self,
        model: LanguageModel,
        tokenizer: Tokenizer,
        config: DecodingConfig,
        prompt: str | Sequence[int],
        state: Any,
        given: Sequence[int] = (),
        lookup: PromptLookup | None = None,
    ) -> None:
        vocab_size = int(model.config.vocab_size)
        self.tokenizer, self.config = tokenizer, config
        start = prompt_tokens(tokenizer, prompt)
        self.prompt = [*start, *map(int, given)]
        self._lookup = lookup if lookup is not None else PromptLookup()
        self.predictor = _predictor(model, state, config, self._lookup)
        self.other = Predictor(model) if config.guidance_scale != 1 else None
        self.reads_last = state is not None
        self.memory: StateMemory | None = None
        self.other_memory: StateMemory | None = None
        self.seed = secrets.randbits(32) if config.seed is None else config.seed
        self._random = Pcg64(self.seed)
        self.context = Context(tokenizer, vocab_size, start, self.predictor.operations)
        self._setup = Setup(tokenizer, vocab_size, config.stop_tokens, config.ignore_end)
        self.ends = self._setup.ends
        self.chain = Chain(())
        self._constraint: Constraint | None = None
        self._automaton_state = 0  # after the tokens that were shown; with several beams no context has it
        self._stream, self._watcher = StreamDecoder(tokenizer), StopWatcher(config.stop)
        self.written = 0

    def prepare(self) -> Iterator[Preparing]:
        """Make the chain, which may take a while, and let it follow the tokens that are given."""
        for states in prepare_chain(self.config):
            yield Preparing(states)
        self.chain = make_chain(self.config, self._setup)
        self.chain.follow(self.prompt[self.context.prompt_length :], self.context)
        self._constraint, self._automaton_state = self.chain.constraint, self.context.automaton_state
        for token in self.context.output.tolist():
            self._stream.push(token)  # a character may be incomplete

    def read_prompt(self, alone: int = 0) -> Iterator[Reading]:
        """Read the prompt, 64 tokens at a time, and the last ``alone`` of its tokens one by one."""
        total = len(self.prompt)
        self._lookup.extend(self.prompt)
        for loaded in self._read(self.predictor, self.memory, self.prompt, alone):
            yield Reading(loaded, total)
        if self.other:
            for _ in self._read(self.other, self.other_memory, self._other_text, alone):
                yield Reading(total, total)
            self.context.unguided = self.other.logits

    def _read(
        self, predictor: Predictor, memory: StateMemory | None, tokens: Sequence[int], alone: int
    ) -> Iterator[int]:
        """Read tokens, from the nearest kept state on; yield how many have been read."""
        total = len(tokens)
        found = memory.recall(tokens, shortlist=self.config.shortlist) if memory is not None else None
        start, predictor.state, predictor.logits = found or (0, predictor.state, predictor.logits)
        if start == total:
            yield total
        bounds = [*range(start, total - alone, READ_AT_ONCE), *range(max(start, total - alone), total), total]
        for first, last in pairwise(bounds):
            predictor.read(tokens[first:last], predict=last == total)
            yield last

    @property
    def _other_text(self) -> list[int]:
        """What the second state of guidance reads."""
        return [*prompt_tokens(self.tokenizer, self.config.negative_prompt), *self.context.output.tolist()]

    def remember(self) -> None:
        """Keep the states, which must have read all tokens so far, if there is a memory for them."""
        shortlist = self.config.shortlist
        if self.memory is not None and self.predictor.logits is not None:
            tokens = self.context.tokens.tolist()
            self.memory.keep(tokens, self.predictor.state, self.predictor.logits, shortlist=shortlist)
        if self.other_memory is not None and self.other and self.other.logits is not None:
            self.other_memory.keep(self._other_text, self.other.state, self.other.logits, shortlist=shortlist)

    def uniforms(self) -> tuple[float, float]:
        """Return the next two random numbers."""
        return self._random.random(), self._random.random()

    def show(self, token: int, logits: Logits) -> tuple[Chunk, bool]:
        """Add a token to the text; return its chunk, and whether a stop text was found."""
        self.accept(token)
        text, stopped = self._watcher.push(self._stream.push(token))
        operations = self.context.operations
        top = candidates(logits, self.tokenizer, self.config.logprobs, operations)
        logprob = log_probability(logits, token, operations)
        constrained = self._constrained(token, logits)
        return Chunk(text, token, logprob, self.written - 1, top, constrained), stopped

    def accept(self, token: int) -> None:
        """Add a token to the text."""
        self.context.append(token)
        self.written += 1

    def follow(self, token: int) -> None:
        """Add a token that the steps did not choose."""
        self.chain.follow([token], self.context)
        self.written += 1

    def _constrained(self, token: int, logits: Logits) -> Constrained | None:
        """What the constraint did where this token was chosen."""
        if self._constraint is None:
            return None
        found = self._constraint.effect(logits, self._automaton_state, self.context.operations)
        self._automaton_state = self._constraint.after(self._automaton_state, token, self.tokenizer)
        return found

    def read_token(self, token: int, *, predict: bool) -> None:
        """Let the model read a generated token; the last one only if the state is the caller's.

        The state is kept every few tokens, and only when it has read the last token.
        """
        if not (predict or self.reads_last):
            return
        if predict:
            self.predictor.follow(token, left=self.config.max_new_tokens - self.written)
        else:
            self.predictor.read([token], predict=False)
        if self.other and predict:
            self.other.read([token])
            self.context.unguided = self.other.logits
        if self.written % SPACING == 0:
            self.remember()

    def end(self, reason: Reason, *, end_token: bool = False) -> End:
        """Return the last item.

        A character that the model left incomplete becomes U+FFFD; one that was interrupted by the length
        limit or by the user is dropped.
        """
        tail = self._stream.flush() if end_token else ""
        ready, stopped = self._watcher.push(tail)
        text = ready if stopped else ready + self._watcher.flush()
        usage = {"prompt_tokens": self.context.prompt_length, "completion_tokens": self.written}
        self.predictor.close()
        return End(text, reason, usage, self.seed, self.predictor.guessed, self.predictor.right)


def _predictor(model: LanguageModel, state: Any, config: DecodingConfig, lookup: PromptLookup) -> Predictor:
    """Return what reads the text; guidance and searches read each token in more than one state."""
    most = config.prompt_lookup_num_tokens
    many = config.guidance_scale != 1 or config.num_beams > 1 or config.penalty_alpha
    if not most or many or not isinstance(model, Model) or model.lookaheads is None:
        return Predictor(model, state, shortlist=config.shortlist)
    return SpeculativePredictor(
        model, state, lookaheads=model.lookaheads, lookup=lookup, most=most, shortlist=config.shortlist
    )


def prompt_tokens(tokenizer: Tokenizer, prompt: str | Sequence[int]) -> list[int]:
    """Return a prompt's ids; for an empty prompt the end token, or token 0 if there is none.

    Windows line ends in a text become LF (`line_ends`); ids are taken as they are.
    """
    if isinstance(prompt, str):
        tokens = tokenizer.encode(unix_lines(prompt))
    else:
        tokens = [int(token) for token in prompt]
    return tokens or [tokenizer.end_token or 0]
