"""The loop that writes: read the prompt, then predict, choose, show, and read what was chosen.

It yields after every token, so that whoever listens can stop it there. Beam search and contrastive
search are in files of their own, and use the same reading and showing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.items import Item
from goosequill.decoding.memory import StateMemory
from goosequill.decoding.predictor import LanguageModel
from goosequill.decoding.sampling import Scores, draw
from goosequill.decoding.strategies.beam import write_beams
from goosequill.decoding.strategies.contrastive import write_contrastive
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
) -> Iterator[Item]:
    """Continue a prompt.

    Parameters
    ----------
    prompt
        Text or token ids. An empty one begins a new text: the model reads the end token, or token 0.
    config
        The decoder's settings; None is plain sampling.
    given
        Tokens that are written after the prompt already, from which the text goes on: to branch. They
        count as output, but not towards the length, and are not yielded.
    state
        What the model read before; it is updated in place, and at the end has read all that was
        written (with a search it stays at the prompt's end). None starts afresh.
    cancelled
        Asked between tokens; when it says True the text ends with ``finish_reason`` "abort".
    progress
        Also yield a :class:`Reading` after every 64 tokens of the prompt.
    memory
        Where states are kept, so that a prompt or a branch of it need not be read again.

    Yields
    ------
    Chunk for each token, and one End. The texts join to what the model wrote.

    Raises
    ------
    GoosequillError
        Of a wrong setting, a tokenizer that is not the model's, or a model whose numbers break down.
    """
    config = config or DecodingConfig()
    check_vocabulary(tokenizer, int(model.config.vocab_size))
    config.check_vocabulary(int(model.config.vocab_size))
    writer = Writer(model, tokenizer, config, prompt, state, given)
    if memory is not None and state is None:
        writer.memory = memory
    return _run(writer, cancelled or _never, progress)


def _never() -> bool:
    return False


def _run(writer: Writer, cancelled: Callable[[], bool], progress: bool) -> Iterator[Item]:
    for reading in writer.read_prompt():
        if progress:
            yield reading
        if cancelled():
            yield writer.end("abort")
            return
    if writer.config.num_beams > 1:
        yield from write_beams(writer, cancelled)
    elif writer.config.penalty_alpha:
        yield from write_contrastive(writer, cancelled)
    else:
        yield from _write(writer, cancelled)


def _write(writer: Writer, cancelled: Callable[[], bool]) -> Iterator[Item]:
    """Draw one token after the other until something ends the text."""
    while writer.written < writer.config.max_new_tokens:
        if cancelled():
            yield writer.end("abort")
            return
        if writer.chain.finished(writer.context):
            yield writer.end("stop")
            return
        scores = writer.predictor.following()
        token = _choose(writer, scores)
        if token in writer.ends:
            yield writer.end("stop", end_token=True)
            return
        chunk, stopped = writer.show(token, scores)
        yield chunk
        more = not stopped and writer.written < writer.config.max_new_tokens
        writer.read_token(token, predict=more)
        if stopped:
            yield writer.end("stop")
            return
    yield writer.end("stop" if writer.chain.finished(writer.context) else "length")


def _choose(writer: Writer, scores: Scores) -> int:
    """Return the token that the decoder takes."""
    context = writer.context
    context.uniforms = writer.uniforms()
    final = writer.chain.narrow(scores, context)
    token = draw(final, context.uniforms[0], context.operations)
    writer.chain.observe(token, final, context)
    return token
