"""The generation loop: read the prompt, then predict, choose, emit, and read the chosen token.

It yields after every token, so that the caller can stop there. Beam search and contrastive search are in
`strategies`, and share the reading and emitting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import Any

from goosequill.decoding.chain import Watcher
from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.items import Item
from goosequill.decoding.lookup import PromptLookup
from goosequill.decoding.memory import SharedPrompt, StateMemory
from goosequill.decoding.predictor import LanguageModel
from goosequill.decoding.sampling import Candidates, draw
from goosequill.decoding.writer import Writer
from goosequill.tokenizers import Tokenizer, check_vocabulary


def generate(
    model: LanguageModel,
    tokenizer: Tokenizer,
    prompt: str | Sequence[int],
    config: DecodingConfig | None = None,
    *,
    given: Sequence[int] = (),
    state: Any = None,
    cancelled: Callable[[], bool] | None = None,
    progress: bool = False,
    memory: StateMemory | None = None,
    lookup: PromptLookup | None = None,
) -> Iterator[Item]:
    """Continue a prompt.

    Parameters
    ----------
    prompt
        Text or token ids. An empty prompt starts a new text: the model reads the end token, or token 0.
    config
        The decoder's settings; None samples from the model's unchanged probabilities.
    given
        Tokens already generated after the prompt, from which the text continues: used for branches. They
        count as output, but not towards the length, and are not yielded.
    state
        A state to continue from. It is updated in place, and has read the whole text at the end (after a
        search, only the prompt). None starts with a new state.
    cancelled
        Called between tokens; when it returns True the text ends with ``finish_reason`` "abort".
    progress
        Also yield a :class:`Preparing` while a constraint's automaton is made, and a :class:`Reading` after
        every 64 tokens of the prompt.
    memory
        Keeps states, so that the same prompt or a branch of it need not be read again. With a `state`, only a
        :class:`SharedPrompt` of texts that all start from it is used, and `state` need not be updated.
    lookup
        What the state has read before, which the text may quote (`goosequill.decoding.speculation`). The
        prompt and the text are added to it. By default only these are known.

    Yields
    ------
    Chunk for each token, and one End. Their texts join to the generated text.

    Raises
    ------
    GoosequillError
        For invalid settings, a tokenizer of another model, or a model that computes NaN or infinity.

    Examples
    --------
    >>> config = DecodingConfig(temperature=0, max_new_tokens=3)
    >>> [str(item) for item in generate(loaded.model, loaded.tokenizer, "Once upon a time", config)]
    [',', ' the', ' Lord', '']
    """
    config = config or DecodingConfig()
    check_vocabulary(tokenizer, int(model.config.vocab_size))
    config.check_vocabulary(int(model.config.vocab_size))
    writer = Writer(model, tokenizer, config, prompt, state, given, lookup)
    if state is None or isinstance(memory, SharedPrompt):
        writer.memory = memory
    writer.other_memory = memory if state is None else None  # guidance reads its prompt from the start
    return _run(writer, cancelled or _never, progress=progress)


def _never() -> bool:
    return False


def _run(writer: Writer, cancelled: Callable[[], bool], *, progress: bool) -> Iterator[Item]:
    start: Iterator[Item] = chain(writer.prepare(), writer.read_prompt())
    with closing(writer.predictor):
        for item in start:
            if progress:
                yield item
            if cancelled():
                yield writer.end("abort")
                return
        writer.remember()
        if writer.config.num_beams > 1:
            from goosequill.decoding.strategies.beam import write_beams

            yield from write_beams(writer, cancelled)
        elif writer.config.penalty_alpha:
            from goosequill.decoding.strategies.contrastive import write_contrastive

            yield from write_contrastive(writer, cancelled)
        else:
            yield from _sample(writer, cancelled)


def _sample(writer: Writer, cancelled: Callable[[], bool]) -> Iterator[Item]:
    """Sample one token after the other until the text ends."""
    while writer.written < writer.config.max_new_tokens:
        if cancelled():
            yield writer.end("abort")
            return
        if writer.chain.finished(writer.context):
            yield writer.end("stop")
            return
        logits = writer.predictor.following()
        token, final = decide(writer)
        writer.chain.observe(token, final, writer.context)
        if token in writer.ends:
            yield writer.end("stop", end_token=True)
            return
        chunk, stopped = writer.show(token, logits)
        yield chunk
        more = not stopped and writer.written < writer.config.max_new_tokens
        writer.read_token(token, predict=more)
        if stopped:
            yield writer.end("stop")
            return
    yield writer.end("stop" if writer.chain.finished(writer.context) else "length")


def decide(writer: Writer, watch: Watcher | None = None) -> tuple[int, Candidates]:
    """Return the token that the decoder samples, and the candidates that it is drawn from."""
    context = writer.context
    context.uniforms = writer.uniforms()
    final = writer.chain.narrow(writer.predictor.following(), context, watch)
    return draw(final, context.uniforms[0], context.operations), final
