"""The pieces of an answer, and the probabilities of its tokens as chat completions and texts have them."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goosequill.chat.replies import Stream
from goosequill.decoding.streaming import Streamed, with_end
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer

Fields = Mapping[str, Any]
TextLogprobs = dict[str, list[Any]]


@dataclass(frozen=True)
class Piece:
    """A part of an answer with the tokens that it took; the last one has the end."""

    text: str
    thought: str
    tokens: Sequence[Fields]
    end: Fields | None = None
    calls: Sequence[Fields] = ()
    """What is added to calls of tools (`goosequill.chat.tools.CallStream.push`)."""


def pieces(stream: Stream | Streamed) -> Iterator[Progress | Piece]:
    """Yield the pieces of an answer, and its progress.

    The tokens of text that is held back, as it may begin a stop text, come with the text, or not at all if it
    was one.
    """
    tokens: list[Fields] = []
    for item in with_end(stream):
        if isinstance(item, Progress):
            yield item
            continue
        fields = item if isinstance(item, dict) else vars(item)
        ended = "finish_reason" in fields
        text, thought, calls = fields["text"], fields.get("thought", ""), fields.get("tool_call_deltas", ())
        if not ended:
            tokens.append(fields)
        if text or thought or calls or ended:
            took = tokens if text or thought or calls else ()
            yield Piece(text, thought, took, fields if ended else None, calls)
            tokens = []


def chat_logprobs(tokenizer: Tokenizer, tokens: Iterable[Fields]) -> dict[str, Any]:
    """Return the probabilities of tokens as a chat completion has them."""

    def entry(token: int, logprob: float) -> dict[str, Any]:
        data = tokenizer.token_bytes(token)
        return {"token": data.decode("utf-8", "replace"), "bytes": list(data), "logprob": logprob}

    content = [
        {
            **entry(one["token"], one["logprob"]),
            "top_logprobs": [entry(token, logprob) for token, logprob in _likely(one)],
        }
        for one in tokens
    ]
    return {"content": content, "refusal": None}


def text_logprobs(tokenizer: Tokenizer, tokens: Iterable[Fields], offset: int) -> TextLogprobs:
    """Return the probabilities of tokens as a text has them; `offset` is that of the first one.

    A part of a character has the offset of the character.
    """
    found = no_logprobs()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for one in tokens:
        data = tokenizer.token_bytes(one["token"])
        likely = {_shown(tokenizer, token): logprob for token, logprob in _likely(one)}
        found["tokens"].append(_shown(tokenizer, one["token"]))
        found["token_logprobs"].append(one["logprob"])
        found["top_logprobs"].append(likely or None)
        found["text_offset"].append(offset)
        offset += len(decoder.decode(data))
    return found


def no_logprobs() -> TextLogprobs:
    """Return the probabilities of no token."""
    return {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}


def _likely(token: Fields) -> Iterator[tuple[int, float]]:
    for other in token.get("top_logprobs", ()):
        fields = other if isinstance(other, dict) else vars(other)
        yield fields["token"], fields["logprob"]


def _shown(tokenizer: Tokenizer, token: int) -> str:
    """Return a token's text; a part of a character as OpenAI shows it."""
    data = tokenizer.token_bytes(token)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in data)
