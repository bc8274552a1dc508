"""Reads what a model is to learn from: texts, prompts with answers, conversations, preferences, ratings.

A file is plain text, or JSON, a line for each example: {"text"}; {"prompt", "completion"}; {"messages"};
{"prompt", "chosen", "rejected"}; {"prompt", "completion", "label"}. These are the forms of TRL, KTO and
RWKV-PEFT; texts are taken as they are, lists of messages become the model's chat format. Files of
conversations with ratings or ranks (`goosequill.conversations`) give preferences too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, tee
from typing import Any, NoReturn

from goosequill.chat.formats import ChatFormat
from goosequill.chat.messages import role_and_text
from goosequill.conversations.reading import trees
from goosequill.conversations.records import BOM, file_of, records
from goosequill.conversations.tree import Tree
from goosequill.errors import FileFormatError, GoosequillError
from goosequill.support.budget import File
from goosequill.support.line_ends import unix_lines

MOST_BYTES = 32_000_000
"""Of a file, packed or not, far more than a model can learn from in a page."""
MOST_EXAMPLES = 10_000
MOST_PARTS = 1_000_000
"""Messages in all examples of a file: the replies late in a conversation repeat what came before them."""
PIECE = 300
"""Characters of a plain text that become an example, at least: whole paragraphs."""

Part = tuple[str, bool]
"""A text, and whether the model should write it: only that counts."""


@dataclass(frozen=True)
class Text:
    """A text of which the model learns to write some parts.

    Attributes
    ----------
    ends
        Whether nothing follows, so that the model learns to stop there.
    """

    parts: tuple[Part, ...]
    ends: bool = True


@dataclass(frozen=True)
class Pair:
    """Two replies to the same, of which the first is better."""

    chosen: Text
    rejected: Text


@dataclass(frozen=True)
class Rating:
    """A reply, and whether it is good."""

    text: Text
    good: bool


Example = Text | Pair | Rating


def read_examples(data: bytes, chat: ChatFormat) -> list[Example]:
    """Return the examples in a file, all of one kind.

    Parameters
    ----------
    chat
        The model's chat format, for examples that are messages.

    Raises
    ------
    FileFormatError
        ``examples``: it is too large, damaged, empty or in none of the forms; the message names the line.

    Examples
    --------
    >>> [example] = read_examples(b'{"prompt": "2 + 2 =", "completion": " 4"}', FORMATS["world"])
    >>> example.parts
    (('2 + 2 =', False), (' 4', True))
    """
    file = file_of(data, MOST_BYTES)
    try:
        data = file.bytes()
    except ValueError as error:
        raise _invalid(f"The examples have more than {MOST_BYTES:,} bytes.") from error
    if data.lstrip(BOM)[:1] in (b"{", b"[") or data[:2] == b"\x1f\x8b":
        return _of_json(file, chat)
    try:
        return check(list(enumerate(pieces(data.decode("utf-8-sig")), 1)))
    except UnicodeDecodeError as error:
        raise _invalid(f"The examples are not UTF-8 (byte {error.start}).") from error


def make_examples(items: Iterable[str | Mapping[str, Any]], chat: ChatFormat) -> list[Example]:
    """Return examples of texts, or of objects as a file of JSON lines has them; see `read_examples`."""
    found = enumerate(items, 1)
    return check(
        [(at, _example(at, {"text": one} if isinstance(one, str) else one, chat)) for at, one in found]
    )


def pieces(text: str) -> Iterator[Text]:
    """Yield what is between the lines of % in a plain text, or else paragraphs, short ones together."""
    text = unix_lines(text)
    entries = re.split(r"^%\n", text, flags=re.MULTILINE)
    if len(entries) > 1:
        yield from (Text(((entry.strip("\n"), True),)) for entry in entries if entry.strip())
        return
    paragraphs = re.split(r"\n\s*\n", text)
    piece = ""
    for paragraph in paragraphs if len(paragraphs) > 1 else text.splitlines():
        piece += ("\n\n" if piece and len(paragraphs) > 1 else "\n" if piece else "") + paragraph.strip("\n")
        if len(piece) >= PIECE:
            yield Text(((piece, True),), ends=False)
            piece = ""
    if piece.strip():
        yield Text(((piece, True),), ends=False)


def examples_of(trees: Iterable[Tree], chat: ChatFormat) -> list[Example]:
    """Return the pairs of better and worse replies in conversations; if there are none, the good replies."""
    trees = list(trees)
    pairs = _first(pair for tree in trees for pair in _pairs(tree, chat))
    good = (tree.as_messages(path[-1].id) for tree in trees for path in tree.good_paths())
    return check(list(enumerate(pairs or _first(spoken(chat, [], messages) for messages in good), 1)))


def _pairs(tree: Tree, chat: ChatFormat) -> Iterator[Pair]:
    for better, worse in tree.preferences():
        asked = tree.as_messages(better.parent)
        chosen, rejected = ([{"role": one.role, "content": one.text}] for one in (better, worse))
        yield Pair(spoken(chat, asked, chosen), spoken(chat, asked, rejected))


def _first(found: Iterator[Example]) -> list[Example]:
    """Return examples, of which there may be one more than `check` accepts."""
    taken, parts = [], 0
    for example in islice(found, MOST_EXAMPLES + 1):
        parts += sum(len(text.parts) for text in texts_of(example))
        if parts > MOST_PARTS:
            raise _invalid(
                f"The examples have more than {MOST_PARTS:,} messages, those before them included."
            )
        taken.append(example)
    return taken


def spoken(chat: ChatFormat, asked: Sequence[Any], said: Sequence[Any]) -> Text:
    """Return a conversation of which the assistant's messages in `said` count.

    Raises
    ------
    SettingsError
        ``chat-messages``: a message is invalid.
    """
    quick = chat.with_effort("none") if chat.reasons else chat
    parts: list[Part] = [(chat.prefix, False)]
    for at, (message, text) in enumerate(zip([*asked, *said], chat.texts([*asked, *said]), strict=True)):
        role, content = role_and_text(message)
        if role == "assistant" and at >= len(asked):
            opening = quick.assistant + quick.opening
            reply = chat.squeeze(content) + chat.separator
            space = ">\n" if chat.reasons else " " if opening[-1:].strip() else ""
            parts += [(opening, False), (space + reply, True)]
        else:
            parts.append((text, False))
    return Text(tuple((text, wanted) for text, wanted in parts if text), ends=False)


def check(found: Sequence[tuple[int, Example]]) -> list[Example]:
    """Return examples that come with the numbers of their lines, if they can be learned together."""
    if not found:
        raise _invalid("There are no examples.")
    if len(found) > MOST_EXAMPLES:
        raise _invalid(f"There are more than {MOST_EXAMPLES:,} examples.")
    for number, example in found:
        if not all(_has_wanted(text) for text in texts_of(example)):
            _fail(number, "there is nothing that the model should write")
        if type(example) is not type(found[0][1]):
            _fail(number, "it is of another kind than the first")
    return [example for _, example in found]


def texts_of(example: Example) -> tuple[Text, ...]:
    """Return the texts of an example."""
    if isinstance(example, Pair):
        return example.chosen, example.rejected
    return (example.text if isinstance(example, Rating) else example,)


def _has_wanted(text: Text) -> bool:
    return any(wanted and part.strip() for part, wanted in text.parts)


def _of_json(file: File, chat: ChatFormat) -> list[Example]:
    found, (first, again) = [], tee(records(file))
    try:
        for number, record in first:
            if not _FORMS & record.keys() or "message_id" in record:
                return examples_of(trees(again), chat)
            found.append((number, _example(number, record, chat)))
            if len(found) > MOST_EXAMPLES:
                break
    except FileFormatError as error:
        if error.code != "conversations":
            raise
        raise _invalid(error.message.replace("of the conversations", "of the examples")) from error
    return check(found)


_FORMS = {"text", "completion", "messages", "chosen"}
"""Names of which an example has one; a file of conversations that only other programs write has none."""


def _example(number: int, record: Mapping[str, Any], chat: ChatFormat) -> Example:
    prompt = record.get("prompt", [] if isinstance(record.get("chosen"), list) else "")
    try:
        if "chosen" in record and "rejected" in record:
            return Pair(*(_answer(number, prompt, record[name], chat) for name in ("chosen", "rejected")))
        if "completion" in record:
            text, good = _answer(number, prompt, record["completion"], chat), record.get("label")
            return Rating(text, good) if isinstance(good, bool) else text
        if isinstance(record.get("messages"), list):
            return spoken(chat, [], record["messages"])
    except GoosequillError as error:
        _fail(number, error.message.rstrip("."))
    if isinstance(record.get("text"), str):
        return Text(((unix_lines(record["text"]), True),))
    _fail(
        number, f"it has {', '.join(map(str, list(record)[:8])) or 'no fields'}, which is no kind of example"
    )


def _answer(number: int, prompt: Any, answer: Any, chat: ChatFormat) -> Text:
    if isinstance(prompt, str) and isinstance(answer, str):
        parts = (unix_lines(prompt), False), (unix_lines(answer), True)
        return Text(tuple((text, wanted) for text, wanted in parts if text))
    prompt, answer = (
        [{"role": role, "content": said}] if isinstance(said, str) and said else said or []
        for role, said in (("user", prompt), ("assistant", answer))
    )
    if not isinstance(prompt, list) or not isinstance(answer, list):
        _fail(number, "a prompt and what follows it are texts, or lists of messages")
    return spoken(chat, prompt, answer)


def _invalid(why: str) -> FileFormatError:
    return FileFormatError(why, code="examples")


def _fail(number: int, why: str) -> NoReturn:
    raise _invalid(f"Line {number:,} of the examples: {why}.")
