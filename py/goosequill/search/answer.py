"""Rewording: a prompt from a question and its passages, and what an answer rests on.

`answer_prompt` and `attribute_answer` are jobs; what is written between them is the business of
`goosequill.chat.replies` or of a server. The passages arrive as the page shows them, with their texts, so
nothing here reads an index. In a prompt they are single lines of text, which cannot end a turn of the
conversation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from goosequill.chat.choosing import format_of
from goosequill.chat.formats import ChatFormat
from goosequill.errors import SearchError
from goosequill.search.embedder import Embedder, Floats
from goosequill.search.porter import stem
from goosequill.search.sentences import sentences
from goosequill.tokenizers import Tokenizer
from goosequill.tokenizers.word_breaks import word_spans

MOST_PASSAGES = 20
MOST_CHARACTERS = 20_000
"""Of a passage, a question or an answer; far more than a prompt has room for."""
BUDGET = 800
"""Default tokens of a prompt's passages: enough for five or six."""
CHARACTERS_A_TOKEN = 4
"""English text, where there is no tokenizer to ask."""

INSTRUCTIONS = (
    "Answer the question in one to three sentences. Use only the passages below. "
    "If they do not answer it, write: The passages do not answer this."
)

REST = 0.3
"""Least score of a passage for a sentence to rest on it."""
SHARE_OF_WORDS = 0.6
"""Weight of shared words in that score; the rest is the cosine's."""

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""A character of Thai, Lao, Burmese, Khmer, Japanese or Chinese, which have no spaces between words."""
_CITATION = re.compile(r"\[\d{1,2}\]")

_FUNCTION_WORDS = """
a about above after again against all almost also although always am among an and another any are as
at be because been before being below between both but by can cannot could did do does doing done
down during each either else even ever every few for from further get gets had has have having he
her here hers him his how however i if in instead into is it its itself just less let like likely
made make makes many may me might more most much must my near never no nor not now of off often on
once one only or other others our out over own part per perhaps quite rather really same shall she
should since so some something such take than that the their them then there therefore these they
this those through thus to together too toward under until up upon us use used uses using usually
very via was we well were what when where whether which while who whom whose why will with within
without would yes yet you your
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
"""English words that say nothing about what a sentence is about."""


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that an answer may rest on."""

    title: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer, and what it rests on.

    Attributes
    ----------
    start, end
        Code points of the answer.
    passage
        Index of the passage, or None if it rests on none of them.
    score
        How well that passage fits, 0 to 1.
    unsupported
        Spans of words, in code points of the answer, that are in no passage and not in the question.
    """

    start: int
    end: int
    passage: int | None
    score: float
    unsupported: list[tuple[int, int]]


def read_sources(passages: Sequence[Mapping[str, Any]]) -> list[Source]:
    """Return passages as a page sends them: `title`, `heading` and `text` of each.

    Raises
    ------
    SearchError
        ``answer-passages``: there are none, too many, or one is not text or too long.
    """
    if not 0 < len(passages) <= MOST_PASSAGES:
        raise _refused(f"there are {len(passages)}, and an answer takes 1 to {MOST_PASSAGES}")
    found = []
    for passage in passages:
        fields = [passage.get(name, "") for name in ("title", "heading", "text")]
        if not all(isinstance(field, str) for field in fields):
            raise _refused("title, heading and text must be strings")
        if any(len(field) > MOST_CHARACTERS for field in fields):
            raise _refused(f"one is longer than {MOST_CHARACTERS:,} characters")
        found.append(Source(*fields))
    return found


def _refused(why: str) -> SearchError:
    return SearchError(f"These passages cannot be reworded: {why}.", code="answer-passages")


def answer_prompt(
    question: str,
    passages: Sequence[Mapping[str, Any]],
    *,
    tokenizer: Tokenizer | None = None,
    description: Mapping[str, Any] | None = None,
    budget: int = BUDGET,
) -> dict[str, Any]:
    """Return the prompt that asks a model to answer from passages.

    Parameters
    ----------
    tokenizer, description
        Of the model; the prompt is then in its chat format, without reasoning. Without them it is the message
        for a server, which has a format of its own.
    budget
        Most tokens of all passages together, 50 to 8,000. Passages are cut at the end of a sentence.

    Returns
    -------
    dict
        ``prompt``, ``used`` (how many passages are in it, the first ones), ``tokens`` (an estimate without a
        tokenizer), and what the job "continue_reply" needs besides: ``opening`` and ``stop``.
    """

    def count(text: str) -> int:
        return len(tokenizer.encode(text)) if tokenizer else -(-len(text) // CHARACTERS_A_TOKEN)

    parts = fitted(read_sources(passages), count, budget=min(8000, max(50, budget)))
    message = "\n".join([INSTRUCTIONS, *parts, f"Question: {_one_line(question[:MOST_CHARACTERS])}"])
    chat = chat_format(description) if description is not None else None
    prompt = chat.prompt([{"role": "user", "content": message}]) if chat else message
    return {
        "prompt": prompt,
        "used": len(parts),
        "tokens": count(prompt),
        "opening": chat.opening if chat else "",
        "stop": list(chat.stop) if chat else [],
    }


def fitted(sources: Sequence[Source], count: Callable[[str], int], *, budget: int) -> list[str]:
    """Return the first passages as numbered lines of at most `budget` tokens; at least one, however short."""
    lines: list[str] = []
    for number, source in enumerate(sources, 1):
        label = " › ".join(part for part in (source.title, source.heading) if part)
        head = f"[{number}] {_one_line(label)[:200]}: "
        line = head + _first_sentences(source.text, count, budget=budget - count(head))
        if line == head and lines:
            break
        if line == head:
            line += _one_line(source.text)[
                : max(1, budget - count(head))
            ]  # a token has one character or more
        lines.append(line)
        budget -= count(line)
    return lines


def _first_sentences(text: str, count: Callable[[str], int], *, budget: int) -> str:
    """As many whole sentences from the start as fit."""
    taken, left = [], budget
    for start, end in sentences(text):
        sentence = _one_line(text[start:end])
        left -= count(" " + sentence)
        if left < 0:
            break
        taken.append(sentence)
    return " ".join(part for part in taken if part)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def chat_format(description: Mapping[str, Any]) -> ChatFormat:
    """Return a model's chat format, without reasoning where it can be switched off."""
    return format_of(description).with_effort("none")


def attribute_answer(
    text: str,
    question: str,
    passages: Sequence[Mapping[str, Any]],
    *,
    static: Embedder | None = None,
    embedder: Embedder | None = None,
) -> list[Sentence]:
    """Say what each sentence of an answer rests on, and which words stand in no passage.

    A passage's score for a sentence is the share of the sentence's words that it contains, each weighted by
    its rarity among the passages, and with an embedding model also their cosine. This finds inventions, not
    errors: a false sentence can be made of a passage's words.

    Raises
    ------
    SearchError
        ``answer-passages``.
    """
    sources = read_sources(passages)
    text, model = text[:MOST_CHARACTERS], embedder or static
    contents = [stems(f"{each.title}\n{each.heading}\n{each.text}") for each in sources]
    known = frozenset().union(*contents, stems(question[:MOST_CHARACTERS]), stems(INSTRUCTIONS))
    spans = [_trimmed(text, *span) for span in sentences(text)]
    spans = [(start, end) for start, end in spans if word_spans(text[start:end])]
    cosines = (
        model.embed([text[a:b] for a, b in spans]) @ _vectors(model, sources).T if model and spans else None
    )
    found = []
    for at, (start, end) in enumerate(spans):
        scores = shares(stems(text[start:end]), contents)
        if cosines is not None:
            scores = [
                SHARE_OF_WORDS * share + (1 - SHARE_OF_WORDS) * max(0.0, float(cosine))
                for share, cosine in zip(scores, cosines[at], strict=True)
            ]
        best = max(range(len(sources)), key=scores.__getitem__)
        rests = best if scores[best] >= REST else None
        found.append(Sentence(start, end, rests, scores[best], _unsupported(text, start, end, known=known)))
    return found


def _vectors(model: Embedder, sources: Sequence[Source]) -> Floats:
    return model.embed([" ".join(part for part in (each.title, each.text) if part) for each in sources])


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the space around it."""
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return start, end


def shares(wanted: Collection[str], contents: Sequence[Collection[str]]) -> list[float]:
    """Return the share of a sentence's stems in each passage, each stem weighted by its rarity."""
    weights = {
        word: log(1 + (len(contents) + 1) / (0.5 + sum(word in content for content in contents)))
        for word in wanted
    }
    total = sum(weights.values())
    return [
        sum(weights[word] for word in wanted if word in content) / total if total else 0.0
        for content in contents
    ]


def stems(text: str) -> frozenset[str]:
    """Return the stems of a text's content words."""
    words = (_normal(text[start:end]) for start, end in word_spans(text))
    return frozenset(stem(word) for word in words if word not in FUNCTION_WORDS)


def _normal(word: str) -> str:
    """Return a word in lower case without a possessive ending; a number without its thousands separators."""
    if word[0].isdigit():
        return word.replace(",", "")
    return re.sub("['’]s?$", "", word.lower()).replace("’", "'")


def _unsupported(text: str, start: int, end: int, *, known: Collection[str]) -> list[tuple[int, int]]:
    """Return the spans of content words that are in no passage and not in the question."""
    citations = [match.span() for match in _CITATION.finditer(text, start, end)]
    found = []
    for first, last in word_spans(text[start:end]):
        first, last = start + first, start + last
        word = _normal(text[first:last])
        cited = any(begin < first < close for begin, close in citations)
        if cited or word in FUNCTION_WORDS or _UNSPACED.search(word) or stem(word) in known:
            continue
        found.append((first, last))
    return found
